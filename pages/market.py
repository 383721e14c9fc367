"""Market: the candles themselves, the last price, and whether to trust the data."""

from cryptoforecast.service import shared
from cryptoforecast.ui import inputs, live, market

service = shared()
with inputs.row():
    query = inputs.market(windows=False)
market.last_price(service, query)
span, log = market.view(query.interval)
history = live.history(service, market.widened(query, span))
market.candles(history, span, log=log)
market.report(history)
