"""Models: the saved models and their scores, to compare, open or delete."""

from cryptoforecast.service import shared
from cryptoforecast.ui import library

service = shared()
models = library.overview(service)
if models:
    library.compare(models)
    library.card(service, models)
