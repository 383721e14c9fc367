"""The parts of the Data page."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import streamlit as st
from streamlit.typing import UploadedFile

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.service import Service
from cryptoforecast.settings import ROOT
from cryptoforecast.types import INTERVALS, PriceHistory
from cryptoforecast.ui import live, market, reading, show

KINDS = ["csv", "tsv", "txt", "json", "parquet", "feather", "gz", "zip"]
#: Megabytes; the server's own limit is the same.
LARGEST = 200
AS_IN_FILE = "as in the file"


def opened(service: Service) -> PriceHistory | None:
    """Draw the uploader; return what the file holds once it is read."""
    st.subheader("Open a price file")
    st.caption(
        f"Candles as exchanges, Kaggle, Yahoo, TradingView or Investing.com export them, at most "
        f"{LARGEST} MB (JSON 30 MB). It is read in memory on this server, and not stored."
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
            [AS_IN_FILE, *INTERVALS],
            key="file-interval",
            width=180,
            help="Merge into longer candles, for example minutes into hours.",
        )
    if upload is None:
        return None
    merged = None if interval == AS_IN_FILE else str(interval)
    history = None
    with st.container(), show.errors():
        history = _read(service, upload, coin or None, merged)
        live.source_line(history)
    reading.how(service, upload, history)
    if history is None:
        reading.offer_repairs(upload, None)
    return history


def findings(history: PriceHistory) -> None:
    """Show what was found in the file, and what can be repaired."""
    market.report(history, decisions=False)
    reading.offer_repairs(st.session_state["upload"], history)


def _read(
    service: Service, upload: UploadedFile, coin: str | None, interval: str | None
) -> PriceHistory:
    """Read the file as the person says, unless it was read just so before.

    Raises:
        UnreadableFile: if it can't be read rightly, in the words of this page.
        InvalidInput: if what the person says can't be, or there are too many candles.
    """
    state = st.session_state
    told, repairs = reading.corrections(service, upload), reading.repairs(upload)
    asked = (upload.file_id, coin, interval, told, repairs)
    if state.get("file-asked") == asked:
        # Where other files have taken its place meanwhile, it is read again.
        with contextlib.suppress(InvalidInput):
            return service.prices.file(state["file-name"])
    with st.spinner("Reading the file ..."), _progress() as report:
        try:
            history = service.prices.read(
                upload,
                upload.name,
                coin=coin,
                interval=interval,
                corrections=told,
                repairs=repairs,
                to_open=True,
                report=report,
            )
        except UnreadableFile as error:
            raise UnreadableFile(reading.here(str(error))) from error
        name = service.prices.open(history)
    # Another reading of the same file takes the place of the one before.
    again = "file-asked" in state and state["file-asked"][0] == upload.file_id
    replaced = {name, state["file-name"]} if again else {name}
    kept = [one for one in state.get("files", []) if one not in replaced]
    state["files"] = [*kept[-7:], name]
    state["file-asked"], state["file-name"] = asked, name
    return history


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[float], None]]:
    """Draw a bar that fills as the file is read; a short file is done before there is one."""
    place, began, shown = st.empty(), time.monotonic(), 0.0

    def report(share: float) -> None:
        nonlocal shown
        if time.monotonic() - began > 0.5 and abs(share - shown) >= 0.02:
            shown = share
            place.progress(min(share, 1.0), f"{share:.0%} read")

    try:
        yield report
    finally:
        place.empty()


def use(service: Service, history: PriceHistory) -> None:
    """Lead on to the forecast of these prices."""
    st.page_link(
        ROOT / "pages" / "forecast.py",
        label="Forecast these prices",
        icon=":material/query_stats:",
        query_params={"coin": service.prices.open(history)},
    )
