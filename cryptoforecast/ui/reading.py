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
from streamlit.typing import UploadedFile

from cryptoforecast.errors import SeveralSeries, UnreadableFile, ZeroPrices
from cryptoforecast.service import Service
from cryptoforecast.service.choices import REPAIRS, Corrections, repairable
from cryptoforecast.types import PriceHistory
from cryptoforecast.types.quotes import COINS, MONEY
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
_CURRENCIES = {_AUTOMATIC: "Automatic, or else USD"} | {name: name for name in (*MONEY, *COINS)}
_LABELS = {_AUTOMATIC: "Automatic", "open": "Its start", "close": "Its end"}
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


def corrections(service: Service, upload: UploadedFile) -> Corrections:
    """Return the user's corrections for this file."""
    delimiter, order = _choice(upload, "delimiter"), _choice(upload, "dates")
    names = service.prices.column_names(upload, delimiter)
    columns = {role: _choice(upload, role) for role in _ROLES}
    return Corrections(
        delimiter=delimiter,
        columns={role: name for role, name in columns.items() if name in names},
        day_first=None if order is None else order == "day",
        zone=_choice(upload, "zone"),
        label=_choice(upload, "label"),
        decimal=_choice(upload, "decimal"),
        only=_choice(upload, "only"),
        quote=_choice(upload, "quote"),
    )


def remember_refusal(upload: UploadedFile, error: UnreadableFile) -> None:
    """Remember why a file was refused, and the series of which the user can choose one."""
    if isinstance(error, SeveralSeries):
        st.session_state[_key(upload, "series")] = error.names
    st.session_state[_key(upload, "zeros")] = isinstance(error, ZeroPrices)


def repairs(upload: UploadedFile) -> tuple[str, ...]:
    """Return the names of the repairs that the user chose."""
    return tuple(st.session_state.get(_key(upload, "repairs")) or ())


def choice_line(history: PriceHistory) -> None:
    """Say which prices are read where the file has several."""
    prices = history.quality.decisions.get("prices")
    if prices:
        st.caption(
            f":material/info: The file has several prices. Read are {plain(prices)}. Choose others "
            "under How it was read."
        )


def corrections_form(service: Service, upload: UploadedFile, history: PriceHistory | None) -> None:
    """Draw how the file was read, and the controls that correct it.

    Args:
        service: Knows the columns of the file.
        upload: The file.
        history: Its prices; ``None`` if it was refused, and then the controls are unfolded.
    """
    decided = dict(history.quality.decisions) if history is not None else {}
    with st.expander("How it was read", expanded=history is None, icon=":material/tune:"):
        if decided:
            _decision_table(decided)
            st.caption(
                "If something is wrong, choose what is right. The file is then read again at once."
            )
        else:
            st.caption("Choose how to read the file. It is then read again at once.")
        with st.grid(3, min_column_width=220):
            _selector(upload, "dates", "Dates", _ORDERS)
            _selector(upload, "decimal", "Decimal mark", _DECIMALS)
            _zone(upload)
            _selector(upload, "label", "A candle's time is", _LABELS)
            _selector(upload, "quote", "Currency", _CURRENCIES)
            _series(upload)
            if "format" not in decided:
                _selector(upload, "delimiter", "Between columns", _DELIMITERS)
        roles = _ROLES if history is None else _TRADES if "ticks" in decided else _CANDLES
        _columns(service, upload, roles)


def offer_repairs(upload: UploadedFile, history: PriceHistory | None) -> None:
    """Offer the repairs that this file needs, and say what each of them does.

    Args:
        upload: The file.
        history: Its prices; ``None`` if it was refused, and then only the chosen repairs are shown.
    """
    chosen = repairs(upload)
    done: dict[str, str] = {}
    possible: dict[str, int] = {}
    if history is not None:
        problems = history.quality.problems
        done = {
            one.kind: one.repair for one in problems if one.kind in chosen and one.repair != "none"
        }
        possible = repairable(history.candles)
    # A price of 0 is refused, unless it is before the first one and may be left out.
    zeros = history is None and st.session_state.get(_key(upload, "zeros"), False)
    refused = {"unlisted"} if zeros else set()
    names = [name for name in REPAIRS if name in {*chosen, *done, *possible, *refused}]
    if not names:
        return
    st.pills(
        "Repairs",
        names,
        selection_mode="multi",
        format_func=lambda kind: plain(_repair_words(kind)),
        key=_key(upload, "repairs"),
        help="No repair is made unless you choose it. A repair never invents a price: a candle "
        "that is left out is missing afterwards.",
    )
    lines = []
    for name in names:
        count = possible.get(name, 0)
        state = done.get(name) or f"{count:,} candle{'s' * (count != 1)}" * (count > 0)
        words = plain(_repair_words(name))
        effect = plain(REPAIRS[name].help[:-1] + (f" ({state})" if state else ""))
        mark = ":green[:material/check:] " if name in done else ""
        lines.append(f"- {mark}**{words}**: {effect}.")
    st.markdown("\n".join(lines))


def on_this_page(refusal: str) -> str:
    """Write a refusal for the Data page, where the remedy is right below it."""
    return re.sub(r"\(([A-Z][a-z ]+) on the Data page; [^)]*\)", r"(\1, below)", refusal)


def _choice(upload: UploadedFile, name: str) -> str | None:
    """Return what the user chose, ``None`` for nothing."""
    return st.session_state.get(_key(upload, name)) or None


def _key(upload: UploadedFile, name: str) -> str:
    return f"file-{upload.file_id}-{name}"


def _repair_words(kind: str) -> str:
    """Name a repair as its finding is named."""
    words = {
        "ohlc_violations": "open or close outside high/low",
        "level_shift_cut": "level shift: leave out what is before",
        "level_shift_rescale": "level shift: rescale what is before",
        "coarse_tick": "one tick is a large part of the price",
    }
    text = words.get(kind, kind.replace("_", " "))
    return text[:1].upper() + text[1:]


def _decision_table(decided: Mapping[str, str]) -> None:
    marks = {",": "comma", ";": "semicolon", "|": "bar", " ": "space"}
    words = {name: word for name, word in _DECISIONS.items() if name in decided}
    words |= {name: name.capitalize() for name in decided if name not in _DECISIONS}
    rows = [
        (plain(word), plain(marks.get(decided[name], on_this_page(decided[name]))))
        for name, word in words.items()
    ]
    st.table(pd.DataFrame(rows, columns=["What", "Decided"]), hide_index=True, border="horizontal")


def _selector(upload: UploadedFile, name: str, label: str, words: Mapping[str, str]) -> None:
    st.selectbox(plain(label), list(words), format_func=words.__getitem__, key=_key(upload, name))


def _series(upload: UploadedFile) -> None:
    """Offer the series of a file that has several."""
    names = st.session_state.get(_key(upload, "series"), ())
    if names:
        words = {_AUTOMATIC: f"Choose one of the {len(names)} series"}
        words |= {name: name for name in names}
        _selector(upload, "only", "Series", words)


def _zone(upload: UploadedFile) -> None:
    st.selectbox(
        "Time zone",
        [_AUTOMATIC, *_zones()],
        format_func=lambda zone: zone or "Automatic, or else UTC",
        key=_key(upload, "zone"),
        help="The zone of times that do not name one. Type to search, for example Berlin.",
    )


def _columns(service: Service, upload: UploadedFile, roles: tuple[str, ...]) -> None:
    names = service.prices.column_names(upload, _choice(upload, "delimiter"))
    if not names:
        return
    st.caption("Columns: which column of the file holds what.")
    with st.grid(3, min_column_width=150):
        for role in roles:
            key = _key(upload, role)
            if st.session_state.get(key, _AUTOMATIC) not in (_AUTOMATIC, *names):
                del st.session_state[key]
            st.selectbox(
                "Price of a trade" if role == "price" else plain(role.capitalize()),
                [_AUTOMATIC, *names],
                format_func=lambda name: name or "Automatic",
                key=key,
            )


@functools.cache
def _zones() -> list[str]:
    """Return every place of the IANA database, without its technical names."""
    names = zoneinfo.available_timezones()
    return sorted(name for name in names if "/" in name and not name.startswith("Etc/"))
