"""Signals of the user's own: files of times and values that this session alone can read."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit import runtime
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service import Service
from cryptoforecast.service.open_signals import MAX_SIGNALS, MAX_VALUES
from cryptoforecast.service.signals import check_own_name, name_of_file, share_known, span_of
from cryptoforecast.types import PriceHistory, Signal
from cryptoforecast.types.moments import moment_text
from cryptoforecast.ui import data, identity, uploads, words
from cryptoforecast.ui.words import plain

#: Largest file in MB.
MAX_MEGABYTES = 10
#: When a value counts as known, by the lag. The empty lag is the usual distance of two values.
KNOWN = {
    "": "one row later, when its time span is over",
    "0m": "at its own time",
    "1h": "1 hour after its time",
    "6h": "6 hours after its time",
    "1d": "1 day after its time",
    "2d": "2 days after its time",
    "7d": "7 days after its time",
    "other": "another time after it",
}
# Where the session keeps how many files it has added, and why the last one was refused.
_ADDED, _REFUSAL = "own-signals-added", "own-signal-refusal"
# Name of the field that takes a file, and where the columns of the file in it are kept.
_FILE, _COLUMNS = "own-signal-file", "own-signal-columns"


def all_of(service: Service) -> tuple[Signal, ...]:
    """Return the signals that this session has added, the oldest first."""
    return service.signals.open.of(identity.user())


def field(
    service: Service,
    name: str = "",
    added: Callable[[Signal], None] = lambda _: None,
) -> None:
    """Draw the field that takes a file, and what is to be said of it.

    Args:
        service: Reads the file.
        name: What the signal has to be called; by default the user chooses.
        added: Called with a signal that was added, before the page is drawn again.
    """
    upload = st.file_uploader(
        "File of times and values",
        data.KINDS,
        key=_key(_FILE),
        max_upload_size=MAX_MEGABYTES,
        on_change=_forget_refusal,
        help="A column of times and one of values, with the names of the columns in the first "
        "line: CSV, JSON, Parquet or Feather. Times without a zone are in UTC.",
    )
    st.caption(
        f"At most {MAX_SIGNALS} files of {MAX_MEGABYTES} MB and {MAX_VALUES:,} values. A file is "
        "read into the memory of this server for you alone, and it is not stored: after your visit "
        "it is gone."
    )
    if upload is not None:
        _settings(service, upload, name, added)
    if refusal := st.session_state.get(_REFUSAL):
        st.error(plain(refusal), icon=":material/error:")


def show(service: Service, history: PriceHistory, removed: Callable[[Signal], None]) -> None:
    """List the signals of this session.

    Args:
        service: Has them.
        history: The prices beside which they stand.
        removed: Called with a signal that was removed, before the page is drawn again.
    """
    for signal in all_of(service):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            st.markdown(f"**{plain(signal.name)}** {plain(_facts(signal, history))}")
            st.button(
                "Remove",
                type="tertiary",
                key=f"remove-signal-{signal.name}",
                help=plain(f"Remove {signal.name}"),
                on_click=_remove,
                args=(service, signal, removed),
            )


def _settings(
    service: Service, upload: UploadedFile, name: str, added: Callable[[Signal], None]
) -> None:
    """Draw what the user says about a file, and the button that adds it."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.text_input(
            "Name of the signal",
            value=name or _free_name(upload.name),
            max_chars=32,
            key=_key("own-signal-name"),
            disabled=bool(name),
            help="Lower-case letters, digits and underscores, the first a letter.",
        )
        columns = _columns(service, upload)
        if len(columns) > 1:
            st.selectbox("Column of its values", columns, key=_key("own-signal-column"))
    with right:
        known = st.selectbox(
            "Each value was known",
            list(KNOWN),
            format_func=KNOWN.__getitem__,
            key=_key("own-signal-known"),
            help="A network may read a value only from when it was known. A value that sums up a "
            "day, and has the time at which the day begins, is known when the day is over. If "
            "no newer value comes within three usual gaps between values, the signal counts as "
            "missing.",
        )
        if known == "other":
            st.text_input(
                "So long after its time",
                placeholder="90m, 12h, 3d or 2w",
                max_chars=20,
                key=_key("own-signal-lag"),
            )
    st.button(
        "Add this signal",
        icon=":material/add:",
        key="add-own-signal",
        on_click=_add,
        args=(service, name, added),
    )


def _add(service: Service, name: str, added: Callable[[Signal], None]) -> None:
    """Read the file as the user says, and hold it for this session."""
    upload = st.session_state.get(_key(_FILE))
    if upload is None:
        return
    state, user = st.session_state, identity.user()
    lag, column = str(state[_key("own-signal-known")]), state.get(_key("own-signal-column"))
    if lag == "other":
        lag = str(state.get(_key("own-signal-lag")) or "none")
    called = name or str(state.get(_key("own-signal-name")) or "").strip()
    try:
        if not name:
            check_own_name(called)
        signal = service.signals.read(
            upload, upload.name, name=called, column=column, lag=span_of(lag) if lag else None
        )
        service.signals.open.add(signal, user, identity.is_present)
    except CryptoForecastError as error:
        state[_REFUSAL] = str(error)
        return
    if runtime.exists():
        uploads.forget(user.session, upload.file_id)
    _forget_refusal()
    state[_ADDED] = state.get(_ADDED, 0) + 1  # the next one gets empty fields
    added(signal)


def _remove(service: Service, signal: Signal, removed: Callable[[Signal], None]) -> None:
    service.signals.open.remove(signal.name, identity.user())
    removed(signal)


def _facts(signal: Signal, history: PriceHistory) -> str:
    """Say how long a signal is, from when its values count, and where it has none."""
    share = words.whole_percent(share_known(signal, history))
    return (
        f"· {len(signal.values):,} values of {signal.about}. The last one counts from "
        f"{moment_text(signal.values.index[-1])}. There is a value at {share} of these "
        f"{words.prices(history.interval)}."
    )


def _free_name(file: str) -> str:
    """Return a name for the signal of a file that no known signal has."""
    name = name_of_file(file)
    try:
        check_own_name(name)
    except CryptoForecastError:
        return f"my_{name}"[:32]
    return name


def _columns(service: Service, upload: UploadedFile) -> list[str]:
    """Return the file's columns of values, which are looked up once."""
    known: tuple[str, list[str]] = st.session_state.get(_COLUMNS, ("", []))
    if known[0] != upload.file_id:
        known = (upload.file_id, service.signals.value_columns(upload))
        st.session_state[_COLUMNS] = known
    return known[1]


def _forget_refusal() -> None:
    st.session_state.pop(_REFUSAL, None)


def _key(name: str) -> str:
    return f"{name}-{st.session_state.get(_ADDED, 0)}"
