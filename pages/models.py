"""Models: the saved models, the panel of one, and a comparison of several."""

from cryptoforecast.service import shared
from cryptoforecast.ui import comparison, library

service = shared()
names = comparison.chosen()
if names:
    comparison.show(service, names)
else:
    library.show(service)
