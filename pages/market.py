"""Market: what the price did, its candles and indicators, and whether the data can be trusted."""

from cryptoforecast.service import shared
from cryptoforecast.ui import card, coin_row, elements, market, price_check

service = shared()
choice = coin_row.draw(service, windows=False, models=False)
view = market.choose_view(service, choice.query, choice.history)
market.headline(view)
left, right = card.sides()
with left:
    log, indicators = market.controls(choice.query, view)
    market.chart(view, log=log, indicators=indicators)
with right:
    price_check.judgement(view.history)
elements.candle_table(view.part)
price_check.checks(view.history)
market.keep_fresh(service, choice.query, choice.history.closes_at)
