"""The parts of the Data page."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.service import Service
from cryptoforecast.settings import ROOT
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import live, show

KINDS = ["csv", "tsv", "txt", "json", "parquet", "feather", "gz", "zip"]
#: Megabytes; the server's own limit is the same.
LARGEST = 200
AS_IN_FILE = "as in the file"


def opened(service: Service) -> PriceHistory | None:
    """Draw the uploader; return what the file holds once it is read."""
    st.subheader("Open a price file")
    st.caption(
        f"Candles as exchanges, Kaggle, Yahoo, TradingView or Investing.com export them, at most "
        f"{LARGEST} MB. It is read in memory on this server, and not stored."
    )
    upload = st.file_uploader(
        "Price file", KINDS, key="upload", max_upload_size=LARGEST, label_visibility="collapsed"
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        coin = st.text_input(
            "Coin",
            placeholder="from its name",
            key="file-coin",
            max_chars=20,
            width=180,
            help="Which coin it is, where the name of the file does not say.",
        )
        interval = st.selectbox(
            "Candles",
            [AS_IN_FILE, "15m", "1h", "4h", "1d"],
            key="file-interval",
            width=180,
            help="Merge into longer candles, for example minutes into hours.",
        )
    if upload is None:
        return None
    asked = (upload.file_id, coin, interval)
    if st.session_state.get("file-asked") != asked:
        with show.errors(), st.spinner("Reading the file ..."):
            history = service.read(
                upload,
                upload.name,
                coin=coin or None,
                interval=None if interval == AS_IN_FILE else str(interval),
            )
            name = service.keep(history)
            kept = [one for one in st.session_state.get("files", []) if one != name]
            st.session_state["files"] = [*kept[-7:], name]
            st.session_state["file-asked"], st.session_state["file-name"] = asked, name
    if st.session_state.get("file-asked") != asked:
        return None
    history = service.file(st.session_state["file-name"])
    live.source_line(history)
    return history


def use(service: Service, history: PriceHistory) -> None:
    """Lead on to the forecast of these prices."""
    st.page_link(
        ROOT / "pages" / "forecast.py",
        label="Forecast these prices",
        icon=":material/query_stats:",
        query_params={"coin": service.keep(history)},
    )
