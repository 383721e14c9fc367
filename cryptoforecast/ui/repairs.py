"""The repairs of a file: those that it needs, what each does, and which the user chose."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from cryptoforecast.service.choices import REPAIRS, repairable
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui.opened import Source
from cryptoforecast.ui.reading import key
from cryptoforecast.ui.words import plain


def chosen(source: Source) -> tuple[str, ...]:
    """Return the names of the repairs that the user chose."""
    return tuple(st.session_state.get(key(source, "repairs")) or ())


def toggle(source: Source, name: str) -> None:
    """Choose a repair, or take it back."""
    before = chosen(source)
    after = [one for one in before if one != name] if name in before else [*before, name]
    st.session_state[key(source, "repairs")] = after


def choose(source: Source, names: Iterable[str]) -> None:
    """Choose repairs besides those that are chosen."""
    before = chosen(source)
    st.session_state[key(source, "repairs")] = [
        *before,
        *(name for name in names if name not in before),
    ]


def offer(source: Source, history: PriceHistory | None, *, folded: bool = False) -> None:
    """Offer the repairs that this file needs, and say what each of them does.

    Args:
        source: The file.
        history: Its prices; ``None`` if it was refused, and then only the chosen repairs are shown.
        folded: Whether they are folded.
    """
    picked = chosen(source)
    done: dict[str, str] = {}
    possible: dict[str, int] = {}
    if history is not None:
        problems = history.quality.problems
        done = {
            one.kind: one.repair for one in problems if one.kind in picked and one.repair != "none"
        }
        possible = repairable(history.candles)
    # A file with prices of 0 is refused. A repair leaves out those before the first real price.
    zeros = history is None and st.session_state.get(key(source, "zeros"), False)
    refused = {"unlisted"} if zeros else set()
    names = [name for name in REPAIRS if name in {*picked, *done, *possible, *refused}]
    if not names:
        return
    with st.expander("Repairs", icon=":material/healing:") if folded else st.container():
        st.pills(
            "Repairs",
            names,
            selection_mode="multi",
            format_func=lambda kind: plain(_repair_words(kind)),
            key=key(source, "repairs"),
            persist_state="session",
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
