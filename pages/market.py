"""Market: the candles themselves, the last price, and whether to trust the data."""

import streamlit as st

from cryptoforecast.service import is_file, shared
from cryptoforecast.ui import inputs, live, market

service = shared()
with inputs.row():
    query = inputs.market(service, windows=False)
if is_file(query.coin):
    st.info("These are prices of a file: look at them on the Data page, or pick a coin.")
    st.stop()
market.last_price(service, query)
span, log = market.view(query.interval)
history = live.history(service, market.widened(query, span))
market.candles(history, span, log=log)
market.report(history)
