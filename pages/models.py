"""Models: what is saved, how good it was, compared, opened or deleted."""

from cryptoforecast.service import shared
from cryptoforecast.ui import library

service = shared()
saved = library.overview(service)
if saved:
    library.compare(saved)
    library.card(service, saved)
