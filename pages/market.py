"""Market: the last price, the candles, and whether the data can be trusted."""

import streamlit as st

from cryptoforecast.service import is_file, shared
from cryptoforecast.ui import live, market, subject

service = shared()
query = subject.row(service, windows=False, models=False).query
if is_file(query.coin):
    st.info(
        "These prices come from a file. The Data page shows them. To see a market, pick a coin."
    )
    st.stop()
market.last_price(service, query)
span, log = market.view(query.interval)
history = live.history(service, market.over(query, span))
market.candles(history, span, log=log)
market.report(history)
