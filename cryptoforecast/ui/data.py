"""The parts of the Data page: the file is opened, read and reported on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import streamlit as st
from streamlit.typing import UploadedFile

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.service import Service, choices
from cryptoforecast.settings import ROOT
from cryptoforecast.types import INTERVALS, PriceHistory
from cryptoforecast.ui import elements, identity, live, market, reading

KINDS = ["csv", "tsv", "txt", "json", "parquet", "feather", "gz", "zip"]
#: Largest file in MB; the server has the same limit.
MAX_MEGABYTES = 200
AS_IN_FILE = "as in the file"
# Seconds between two drawings of the progress.
_REDRAW = 0.4
#: Files of a session that stay in the list of coins.
MAX_FILES = 8


def open_file(service: Service) -> PriceHistory | None:
    """Draw the uploader; return the prices of the file once it is read."""
    st.subheader("Open a price file")
    most = min(MAX_MEGABYTES, int(service.settings.session_uploads))
    st.caption(
        "The file holds candles or trades, as exchanges, Kaggle, Yahoo, TradingView or "
        f"Investing.com export them. It may have at most {most:d} MB (JSON 30 MB). It is "
        "read into the memory of this server, and it is not stored."
    )
    upload = st.file_uploader(
        "Price file",
        KINDS,
        key="upload",
        max_upload_size=most,
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        coin = st.text_input(
            "Coin",
            placeholder="from the file name",
            key="file-coin",
            max_chars=20,
            width=180,
            help="Which coin it is, if the name of the file does not say it.",
        )
        interval = st.selectbox(
            "Candles",
            [AS_IN_FILE, *INTERVALS],
            key="file-interval",
            width=180,
            help="Merge the candles into longer ones, for example minutes into hours.",
        )
    if upload is None:
        return None
    merged_to = None if interval == AS_IN_FILE else str(interval)
    history = None
    with st.container(), elements.errors():
        history = _read(service, upload, coin or None, merged_to)
        live.source_line(history)
        reading.choice_line(history)
    reading.corrections_form(service, upload, history)
    if history is None:
        reading.offer_repairs(upload, None)
    return history


def report(history: PriceHistory) -> None:
    """Show the quality report of the file, and offer repairs."""
    market.report(history, decisions=False)
    reading.offer_repairs(st.session_state["upload"], history)


def _read(
    service: Service, upload: UploadedFile, coin: str | None, interval: str | None
) -> PriceHistory:
    """Read the file as the user says, unless it was read so before.

    Raises:
        UnreadableFile: If it cannot be read without doubt; the message speaks of this page.
        InvalidInput: If the user's corrections are outside the rules, or there are too many
            candles.
    """
    state = st.session_state
    corrections, repairs = reading.corrections(service, upload), reading.repairs(upload)
    request = (upload.file_id, coin, interval, corrections, repairs)
    if state.get("file-request") == request:
        # If other files have taken its place in memory, it is read again.
        with contextlib.suppress(InvalidInput):
            return service.prices.file(state["file-name"])
    with st.spinner("Reading the file …"), _progress() as (report, wait):
        try:
            history = service.prices.read(
                upload,
                upload.name,
                coin=coin,
                interval=interval,
                corrections=corrections,
                repairs=repairs,
                to_open=True,
                report=report,
                wait=wait,
            )
        except UnreadableFile as error:
            reading.remember_refusal(upload, error)
            raise UnreadableFile(reading.on_this_page(str(error))) from error
        name = _open(service, history)
    # A new reading of the same file replaces the one before.
    same_file = "file-request" in state and state["file-request"][0] == upload.file_id
    replaced = {name, state["file-name"]} if same_file else {name}
    others = [file for file in state.get("files", []) if file not in replaced]
    state["files"] = [*others, name][-MAX_FILES:]
    state["file-request"], state["file-name"] = request, name
    return history


def _open(service: Service, history: PriceHistory) -> str:
    user = identity.user()
    return service.prices.open(history, user=user, is_present=identity.is_present)


@contextlib.contextmanager
def _progress() -> Iterator[tuple[Callable[[float], None], Callable[[int], None]]]:
    """Draw how much is read, or how many files are read before, if it takes a while.

    Streamlit ends a script whose user has left, or who has chosen something else, where the script
    draws. So it draws again and again, whether or not there is something new.
    """
    place, drawn = st.empty(), time.monotonic()

    def report(share: float) -> None:
        nonlocal drawn
        if time.monotonic() - drawn > _REDRAW:
            drawn = time.monotonic()
            place.progress(min(share, 1.0), f"{share:.0%} read")

    def wait(before: int) -> None:
        files = "1 file is" if before == 1 else f"{before:d} files are"
        place.info(
            f"{files} read before yours. Remove the file above if you do not want to wait.",
            icon=":material/hourglass:",
        )

    try:
        yield report, wait
    finally:
        place.empty()


def link_to_forecast(service: Service, history: PriceHistory) -> None:
    """Draw the link to the forecast of these prices, or say how many candles it needs."""
    needed = choices.candles_needed(choices.make_spec(network="cone", horizon=1))
    if len(history) < needed:
        st.info(
            f"A forecast needs at least {needed:d} candles, because it is first tested on past "
            f"prices. This file has {len(history):,}.",
            icon=":material/data_alert:",
        )
        return
    st.page_link(
        ROOT / "pages" / "forecast.py",
        label="Forecast these prices",
        icon=":material/query_stats:",
        query_params={"coin": _open(service, history)},
    )
