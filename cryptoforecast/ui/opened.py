"""The price files that a session has opened, for as long as they can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import streamlit as st
from streamlit import runtime

from cryptoforecast.ui import identity, uploads

#: Files of a session that can be chosen; the oldest one makes room.
MAX_FILES = 8


@dataclass
class Source:
    """A file that was opened, and what it was read as.

    Attributes:
        id: Names the file within the session; Streamlit's name of an upload.
        name: The file's name.
        stream: Its content. Of an upload these are the bytes that Streamlit keeps, not a copy.
        history: Name of its prices, see ``PriceService.open``; empty until it is read.
        request: With which choices of the user it was read.
    """

    id: str
    name: str
    stream: BinaryIO
    history: str = ""
    request: object = None


def sources() -> list[Source]:
    """Return the files of this session, the oldest first."""
    opened: list[Source] = st.session_state.setdefault("sources", [])
    return opened


def add(source: Source) -> None:
    """Add a file to those of the session, and make it the one that the Data page shows."""
    opened = [one for one in sources() if one.id != source.id]
    for oldest in opened[: max(0, len(opened) + 1 - MAX_FILES)]:
        close(oldest)
    st.session_state["sources"] = [*(one for one in sources() if one.id != source.id), source]
    choose(source)


def choose(source: Source) -> None:
    """Make a file the one that the Data page shows."""
    st.session_state["source"] = source.id
    st.query_params.pop("file", None)


def close(source: Source) -> None:
    """Forget a file; it can no longer be chosen."""
    st.session_state["sources"] = [one for one in sources() if one.id != source.id]
    if st.session_state.get("source") == source.id:
        st.session_state["source"] = ""
        st.query_params.pop("file", None)
    if runtime.exists():
        uploads.forget(identity.user().session, source.id)
    list_them()


def current() -> Source | None:
    """Return the file that the Data page shows; ``None`` if there is none."""
    chosen = st.session_state.get("source", "")
    return next((one for one in sources() if one.id == chosen), None)


def with_prices(name: str) -> Source | None:
    """Return the file with prices of this name."""
    return next((one for one in sources() if one.history == name), None)


def read(source: Source, history: str, request: object) -> None:
    """Remember what a file was read as; a new reading takes the place of the one before."""
    source.history, source.request = history, request
    list_them()


def list_them() -> None:
    """List the files among the coins of every page."""
    st.session_state["files"] = [one.history for one in sources() if one.history]
