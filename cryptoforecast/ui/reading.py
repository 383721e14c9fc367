"""How a price file was read: what was decided, and what the person says instead.

Every choice is kept under the file's own keys, so that another file begins as found again.
"""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Mapping

import pandas as pd
import streamlit as st
from streamlit.typing import UploadedFile

from cryptoforecast.prices.candles.repairs import REPAIRS, repairable
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.service import Service
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui.words import plain

#: What a choice is until a person makes one.
_AS_FOUND = ""
_DELIMITERS = {
    _AS_FOUND: "As found", ",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar", " ": "Space",
}  # fmt: skip
_DECIMALS = {_AS_FOUND: "As found", ".": "Point, as in 0.5", ",": "Comma, as in 0,5"}
_ORDERS = {
    _AS_FOUND: "As found",
    "day": "Day first: 31/12/2024",
    "month": "Month first: 12/31/2024",
}
_LABELS = {_AS_FOUND: "As found", "open": "Its start", "close": "Its end"}
_CANDLES = ("time", "open", "high", "low", "close", "volume")
_TRADES = ("time", "price", "volume")
_ROLES = (*_CANDLES, "price")

#: What the reader decides, in the order and the words of the table.
_WHAT = {
    "format": "Format",
    "encoding": "Encoding",
    "delimiter": "Between columns",
    "preamble": "Above the table",
    "header": "Column names",
    "columns": "Columns",
    "time": "Times",
    "label": "A time marks",
    "order": "Order of rows",
    "numbers": "Numbers",
    "last line": "Last line",
    "ticks": "Trades",
    "interval": "Candles",
    "merged": "Merged",
    "corrected": "As you said",
}


def corrections(service: Service, upload: UploadedFile) -> Corrections:
    """Return what the person said of this file so far."""
    delimiter, order = _said(upload, "delimiter"), _said(upload, "dates")
    names = service.prices.column_names(upload, delimiter)
    columns = {role: _said(upload, role) for role in _ROLES}
    return Corrections(
        delimiter=delimiter,
        columns={role: name for role, name in columns.items() if name in names},
        day_first=None if order is None else order == "day",
        zone=_said(upload, "zone"),
        label=_said(upload, "label"),
        decimal=_said(upload, "decimal"),
    )


def repairs(upload: UploadedFile) -> tuple[str, ...]:
    """Return the repairs that the person asked for."""
    return tuple(st.session_state.get(_key(upload, "repairs")) or ())


def how(service: Service, upload: UploadedFile, history: PriceHistory | None) -> None:
    """Draw what was decided and what can be said instead; open if the file was refused."""
    decided = dict(history.quality.decisions) if history is not None else {}
    with st.expander("How it was read", expanded=history is None, icon=":material/tune:"):
        if decided:
            _decisions(decided)
            st.caption("Not so? Say what is right; the file is read again at once.")
        else:
            st.caption("Say how the file is to be read; it is read again at once.")
        with st.grid(3, min_column_width=220):
            _choice(upload, "dates", "Dates", _ORDERS)
            _choice(upload, "decimal", "Decimal mark", _DECIMALS)
            _zone(upload)
            _choice(upload, "label", "A candle's time is", _LABELS)
            if "format" not in decided:
                _choice(upload, "delimiter", "Between columns", _DELIMITERS)
        roles = _ROLES if history is None else _TRADES if "ticks" in decided else _CANDLES
        _columns(service, upload, roles)


def offer_repairs(upload: UploadedFile, history: PriceHistory | None) -> None:
    """Offer what can be repaired, and say what each repair does; nothing if there is nothing."""
    asked = repairs(upload)
    done: dict[str, str] = {}
    left: dict[str, int] = {}
    if history is not None:
        problems = history.quality.problems
        done = {
            one.kind: one.repair for one in problems if one.kind in asked and one.repair != "none"
        }
        left = repairable(history.candles)
    offered = [name for name in REPAIRS if name in {*asked, *done, *left}]
    if not offered:
        return
    st.pills(
        "Repairs",
        offered,
        selection_mode="multi",
        format_func=_words,
        key=_key(upload, "repairs"),
        help="Off unless chosen. No repair makes up a price; a candle left out is missing then.",
    )
    lines = []
    for name in offered:
        count = left.get(name, 0)
        state = done.get(name) or f"{count:,} candle{'s' * (count != 1)}"
        mark = ":green[:material/check:] " if name in done else ""
        lines.append(f"- {mark}**{_words(name)}**: {REPAIRS[name].help[:-1]} ({state}).")
    st.markdown("\n".join(lines))


def here(refusal: str) -> str:
    """Word a refusal for this page: the remedy is right below it."""
    return re.sub(r"\(([A-Z][a-z ]+) on the Data page; [^)]*\)", r"(\1, below)", refusal)


def _said(upload: UploadedFile, name: str) -> str | None:
    """Return a choice, ``None`` as long as it is as found."""
    return st.session_state.get(_key(upload, name)) or None


def _key(upload: UploadedFile, name: str) -> str:
    return f"file-{upload.file_id}-{name}"


def _words(kind: str) -> str:
    """Name a repair as its finding is named."""
    text = kind.replace("_", " ").replace("ohlc violations", "open or close outside high/low")
    return text[:1].upper() + text[1:]


def _decisions(decided: Mapping[str, str]) -> None:
    shown = {",": "comma", ";": "semicolon", "|": "bar", " ": "space"}
    words = {name: word for name, word in _WHAT.items() if name in decided}
    words |= {name: name.capitalize() for name in decided if name not in _WHAT}
    rows = [(word, plain(shown.get(decided[name], decided[name]))) for name, word in words.items()]
    st.table(pd.DataFrame(rows, columns=["What", "Decided"]), hide_index=True, border="horizontal")


def _choice(upload: UploadedFile, name: str, label: str, words: Mapping[str, str]) -> None:
    st.selectbox(label, list(words), format_func=words.__getitem__, key=_key(upload, name))


def _zone(upload: UploadedFile) -> None:
    st.selectbox(
        "Time zone",
        [_AS_FOUND, *_zones()],
        format_func=lambda zone: zone or "As found, else UTC",
        key=_key(upload, "zone"),
        help="Of times that carry none. Type to search, for example Berlin.",
    )


def _columns(service: Service, upload: UploadedFile, roles: tuple[str, ...]) -> None:
    names = service.prices.column_names(upload, _said(upload, "delimiter"))
    if not names:
        return
    st.caption("Columns: which one holds what.")
    with st.grid(3, min_column_width=150):
        for role in roles:
            key = _key(upload, role)
            if st.session_state.get(key, _AS_FOUND) not in (_AS_FOUND, *names):
                del st.session_state[key]
            st.selectbox(
                "Price of a trade" if role == "price" else role.capitalize(),
                [_AS_FOUND, *names],
                format_func=lambda name: name or "As found",
                key=key,
            )


@functools.cache
def _zones() -> list[str]:
    """Every place of the IANA database, without its technical names."""
    found = zoneinfo.available_timezones()
    return sorted(name for name in found if "/" in name and not name.startswith("Etc/"))
