"""Data: a price file of one's own, what was found in it, and the way to the forecast."""

from cryptoforecast.service import shared
from cryptoforecast.ui import data, market

service = shared()
history = data.opened(service)
if history is not None:
    data.use(service, history)
    data.findings(history)
    market.candles(history, history.end - history.start + history.candle_length, log=False)
