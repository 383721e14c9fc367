"""How a price file was read: what was decided, and how the user corrects it.

The widgets have keys of their own for each file, so that another file starts without corrections.
"""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from cryptoforecast.errors import SeveralSeries, UnreadableFile, ZeroPrices
from cryptoforecast.service import Service
from cryptoforecast.service.choices import Corrections
from cryptoforecast.types import INTERVALS, PriceHistory
from cryptoforecast.types.quotes import COINS, MONEY
from cryptoforecast.ui.opened import Source
from cryptoforecast.ui.words import plain

#: The value of a choice before the user makes one.
_AUTOMATIC = ""
_DELIMITERS = {
    _AUTOMATIC: "Automatic", ",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar", " ": "Space",
}  # fmt: skip
_DECIMALS = {_AUTOMATIC: "Automatic", ".": "Point, as in 0.5", ",": "Comma, as in 0,5"}
_ORDERS = {
    _AUTOMATIC: "Automatic",
    "day": "Day first: 31/12/2024",
    "month": "Month first: 12/31/2024",
}
_CURRENCIES = {_AUTOMATIC: "Automatic"} | {name: name for name in (*MONEY, *COINS)}
_LABELS = {_AUTOMATIC: "Automatic", "open": "Its start", "close": "Its end"}
_MERGED = {_AUTOMATIC: "As in the file"} | {name: f"Merged to {name}" for name in INTERVALS}
_CANDLES = ("time", "open", "high", "low", "close", "volume")
_TRADES = ("time", "price", "volume")
_ROLES = (*_CANDLES, "price")

#: What is decided when a file is read, in the order and the words of the table.
_DECISIONS = {
    "format": "Format",
    "encoding": "Encoding",
    "delimiter": "Between columns",
    "preamble": "Above the table",
    "header": "Column names",
    "columns": "Columns",
    "prices": "Prices",
    "series": "Series",
    "currency": "Currency",
    "volume": "Volume",
    "time": "Times",
    "label": "A time marks",
    "order": "Order of rows",
    "numbers": "Numbers",
    "last line": "Last line",
    "ticks": "Trades",
    "interval": "Candles",
    "merged": "Merged",
    "corrected": "Corrected by you",
}


def corrections(service: Service, source: Source) -> Corrections:
    """Return the user's corrections for this file."""
    delimiter, order = _choice(source, "delimiter"), _choice(source, "dates")
    names = service.prices.column_names(source.stream, delimiter)
    columns = {role: _choice(source, role) for role in _ROLES}
    return Corrections(
        delimiter=delimiter,
        columns={role: name for role, name in columns.items() if name in names},
        day_first=None if order is None else order == "day",
        zone=_choice(source, "zone"),
        label=_choice(source, "label"),
        decimal=_choice(source, "decimal"),
        only=_choice(source, "only"),
        quote=_choice(source, "quote"),
    )


def remember_refusal(source: Source, error: UnreadableFile) -> None:
    """Remember why a file was refused, and the series of which the user can choose one."""
    if isinstance(error, SeveralSeries):
        st.session_state[key(source, "series")] = error.names
    st.session_state[key(source, "zeros")] = isinstance(error, ZeroPrices)


def choice_line(history: PriceHistory) -> None:
    """Say which prices are read where the file has several."""
    prices = history.quality.decisions.get("prices")
    if prices:
        st.caption(
            f":material/info: The file has several prices. Read are {plain(prices)}. Choose others "
            "under Read."
        )


def how(history: PriceHistory) -> None:
    """Write down what was decided when prices were read."""
    decided = dict(history.quality.decisions)
    if "ticks" not in decided:
        decided.setdefault("label", "the open of its candle")
    marks = {",": "comma", ";": "semicolon", "|": "bar", " ": "space"}
    words = {name: word for name, word in _DECISIONS.items() if name in decided}
    words |= {name: name.capitalize() for name in decided if name not in _DECISIONS}
    rows = [
        (plain(word), plain(marks.get(decided[name], on_this_page(decided[name]))))
        for name, word in words.items()
    ]
    st.table(pd.DataFrame(rows, columns=["What", "Decided"]), hide_index=True, border="horizontal")


def corrections_form(service: Service, source: Source, history: PriceHistory | None) -> None:
    """Draw the controls that correct how a file was read.

    Args:
        service: Knows the columns of the file.
        source: The file.
        history: Its prices; ``None`` if it was refused, and then the columns are unfolded.
    """
    decided = dict(history.quality.decisions) if history is not None else {}
    with st.grid(2, min_column_width=140):
        _selector(source, "dates", "Dates", _ORDERS)
        _selector(source, "decimal", "Decimal mark", _DECIMALS)
        _zone(source)
        _selector(source, "label", "A candle's time is", _LABELS)
        _selector(
            source, "quote", "Currency", _CURRENCIES,
            "The currency of the prices; automatically what the file says, or else USD.",
        )  # fmt: skip
        _selector(source, "merge", "Candles", _MERGED)
        st.text_input(
            "Coin",
            placeholder="from the file",
            key=key(source, "coin"),
            persist_state="session",
            max_chars=20,
        )
        if "format" not in decided:
            _selector(source, "delimiter", "Between columns", _DELIMITERS)
    _series(source)
    roles = _ROLES if history is None else _TRADES if "ticks" in decided else _CANDLES
    with st.expander("Columns", expanded=history is None, icon=":material/view_column:"):
        _columns(service, source, roles)


def coin(source: Source) -> str | None:
    """Return the coin that the user says the file has."""
    return _choice(source, "coin")


def merged_to(source: Source) -> str | None:
    """Return the candle length that the user wants; ``None`` for that of the file."""
    return _choice(source, "merge")


def on_this_page(refusal: str) -> str:
    """Write a refusal for the Data page, where the remedy is right below it."""
    return re.sub(r"\(([A-Z][a-z ]+) on the Data page; [^)]*\)", r"(\1, below)", refusal)


def _choice(source: Source, name: str) -> str | None:
    """Return what the user chose, ``None`` for nothing."""
    return st.session_state.get(key(source, name)) or None


def key(source: Source, name: str) -> str:
    """Name the widget of a choice for one file."""
    return f"file-{source.id}-{name}"


def _selector(
    source: Source, name: str, label: str, words: Mapping[str, str], help_text: str | None = None
) -> None:
    st.selectbox(
        plain(label),
        list(words),
        format_func=words.__getitem__,
        key=key(source, name),
        persist_state="session",
        help=plain(help_text) if help_text else None,
    )


def _series(source: Source) -> None:
    """Offer the series of a file that has several."""
    names = st.session_state.get(key(source, "series"), ())
    if names:
        words = {_AUTOMATIC: f"Choose one of the {len(names)} series"}
        words |= {name: name for name in names}
        _selector(source, "only", "Series", words)


def _zone(source: Source) -> None:
    st.selectbox(
        "Time zone",
        [_AUTOMATIC, *_zones()],
        format_func=lambda zone: zone or "Automatic",
        key=key(source, "zone"),
        persist_state="session",
        help=(
            "The zone of times that do not name one; automatically UTC. Type to search, for "
            "example Berlin."
        ),
    )


def _columns(service: Service, source: Source, roles: tuple[str, ...]) -> None:
    names = service.prices.column_names(source.stream, _choice(source, "delimiter"))
    if not names:
        return
    st.caption("Which column of the file holds what.")
    with st.grid(2, min_column_width=140):
        for role in roles:
            widget = key(source, role)
            if st.session_state.get(widget, _AUTOMATIC) not in (_AUTOMATIC, *names):
                del st.session_state[widget]
            st.selectbox(
                "Price of a trade" if role == "price" else plain(role.capitalize()),
                [_AUTOMATIC, *names],
                format_func=lambda name: name or "Automatic",
                key=widget,
                persist_state="session",
            )


@functools.cache
def _zones() -> list[str]:
    """Return every place of the IANA database, without its technical names."""
    names = zoneinfo.available_timezones()
    return sorted(name for name in names if "/" in name and not name.startswith("Etc/"))
