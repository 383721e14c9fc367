"""Data: open a price file, see what is in it, and go on to its forecast."""

from cryptoforecast.service import shared
from cryptoforecast.ui import data, market

service = shared()
history = data.open_file(service)
if history is not None:
    data.link_to_forecast(service, history)
    data.report(history)
    market.candles(history, history.end - history.start + history.candle_length, log=False)
