"""Market: what the price did, its candles and indicators, and whether the data can be trusted."""

from cryptoforecast.service import shared
from cryptoforecast.ui import card, market, price_check, subject

service = shared()
chosen = subject.row(service, windows=False, models=False)
seen = market.view(service, chosen.query, chosen.history)
market.headline(seen)
left, right = card.sides()
with left:
    log, indicators = market.controls(chosen.query, seen)
    market.chart(seen, log=log, indicators=indicators)
with right:
    price_check.judgement(seen.history)
market.candle_table(seen.shown)
price_check.checks(seen.history)
market.keep_fresh(service, chosen.query, chosen.history.closes_at)
