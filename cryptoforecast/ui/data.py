"""The Data page: a file is opened, read, checked, and forecast."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import streamlit as st

from cryptoforecast.errors import CryptoForecastError, InvalidInput, UnreadableFile
from cryptoforecast.service import Service, is_file, trust
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import identity, opened, reading, repairs, url
from cryptoforecast.ui.words import plain

KINDS = ["csv", "tsv", "txt", "json", "parquet", "feather", "gz", "zip"]
#: Largest file in MB; the server has the same limit.
MAX_MEGABYTES = 200
#: The steps from a file to its forecast.
OPEN, READ, CHECK, FORECAST = "Open", "Read", "Check", "Forecast"
STEPS = (OPEN, READ, CHECK, FORECAST)
# Seconds between two drawings of the progress.
_REDRAW = 0.4


@dataclass(frozen=True)
class File:
    """The file that the page is about.

    Attributes:
        source: The file; ``None`` if another session opened it and the user followed its link.
        history: Its prices; ``None`` if it was refused.
        name: Name of the prices, see ``PriceService.open``.
        refusal: Why it was refused.
    """

    source: opened.Source | None
    history: PriceHistory | None
    name: str
    refusal: str = ""


def current(service: Service) -> File | None:
    """Return the file that the URL names, or that was opened last in this session, as it is read.

    Where the URL names none and this session has looked at none, it is the file that was chosen as
    the coin on another page: a user who comes from its forecast wants to see its report.
    """
    linked = st.query_params.get("file", "")
    coin = url.last("coin", "")
    if not linked and is_file(coin) and "source" not in st.session_state:
        linked = coin
    source = opened.with_prices(linked) if linked else opened.current()
    if source is not None:
        return _as_read(service, source)
    if not linked:
        return None
    try:
        return File(None, service.prices.file(linked, user=identity.user()), linked)
    except InvalidInput as error:
        return File(None, None, "", str(error))


def step(file: File | None) -> str:
    """Draw the steps, and return the one that is looked at."""
    done: set[str] = set()
    if file is None or (file.source is None and file.history is None):
        st.session_state["step"] = OPEN
    else:
        done = {OPEN} if file.history is None else {OPEN, READ}
        if file.history is not None and trust.is_good(file.history):
            done.add(CHECK)
        if file.history is None and st.session_state.get("step") in (CHECK, FORECAST, None):
            st.session_state["step"] = READ
        st.session_state.setdefault("step", CHECK)
    return str(
        st.segmented_control(
            "Steps",
            STEPS,
            key="step",
            required=True,
            format_func=lambda name: (
                f":material/check: {plain(name)}" if name in done else plain(name)
            ),
            label_visibility="collapsed",
        )
    )


def go_to(name: str) -> None:
    """Go to a step; for ``on_click``."""
    st.session_state["step"] = name


def uploader(service: Service) -> None:
    """Draw the field that takes a file."""
    most = min(MAX_MEGABYTES, int(service.settings.session_uploads))
    st.file_uploader(
        "Price file",
        KINDS,
        key="upload",
        max_upload_size=most,
        label_visibility="collapsed",
        on_change=_open_upload,
    )
    st.caption(
        "Candles, single closes or trades, as exchanges, CoinGecko, Kaggle, Yahoo, TradingView or "
        f"Investing.com export them. At most {most:d} MB (JSON 30 MB). The file is read into the "
        "memory of this server, and it is not stored."
    )


def _open_upload() -> None:
    upload = st.session_state["upload"]
    if upload is not None:
        opened.add(opened.Source(upload.file_id, upload.name, upload))
        go_to(CHECK)


def _as_read(service: Service, source: opened.Source) -> File:
    opened.choose(source)
    try:
        history = _read(service, source)
    except CryptoForecastError as error:
        opened.read(source, "", None)
        return File(source, None, "", reading.on_this_page(str(error)))
    st.query_params["file"] = source.history
    return File(source, history, source.history)


def _read(service: Service, source: opened.Source) -> PriceHistory:
    """Read the file as the user says, unless it was read so before.

    Raises:
        UnreadableFile: If it cannot be read without doubt.
        InvalidInput: If the user's corrections are outside the rules, or there are too many
            candles.
    """
    corrections, chosen = reading.corrections(service, source), repairs.chosen(source)
    coin, interval = reading.coin(source), reading.merged_to(source)
    request = (coin, interval, corrections, chosen)
    if source.history and source.request == request:
        # If other files have taken its place in memory, it is read again.
        with contextlib.suppress(InvalidInput):
            return service.prices.file(source.history, user=identity.user())
    with st.spinner("Reading the file …"), _progress() as (report, wait):
        try:
            history = service.prices.read(
                source.stream,
                source.name,
                coin=coin,
                interval=interval,
                corrections=corrections,
                repairs=chosen,
                to_open=True,
                report=report,
                wait=wait,
            )
        except UnreadableFile as error:
            reading.remember_refusal(source, error)
            raise
        name = service.prices.open(history, user=identity.user(), is_present=identity.is_present)
    opened.read(source, name, request)
    return history


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
            f"{files} read before yours. Choose another page if you do not want to wait.",
            icon=":material/hourglass:",
        )

    try:
        yield report, wait
    finally:
        place.empty()
