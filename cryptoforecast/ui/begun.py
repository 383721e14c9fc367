"""The prices that background work of this session was begun with.

When a candle closes, the page gets other prices. Work that has begun goes on with the prices that
it began with, and the page still shows its result.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import words

#: How far start and end of earlier prices may lie from those of today, as a share of the span.
MAX_MOVE = 0.1


def keep(name: str, history: PriceHistory) -> None:
    """Remember the prices that work has just been begun with.

    Args:
        name: Kind of work.
        history: Its prices.
    """
    st.session_state[f"begun-{name}"] = history


def prices(
    name: str, history: PriceHistory, is_known: Callable[[PriceHistory], bool]
) -> PriceHistory:
    """Return the prices that work was begun with, or those of the page if there is no such work.

    Args:
        name: Kind of work.
        history: The prices of the page.
        is_known: Returns whether work with some prices waits, runs or has ended.
    """
    before: PriceHistory | None = st.session_state.get(f"begun-{name}")
    if before is None or not are_near(before, history) or not is_known(before):
        return history
    return before


def note(before: PriceHistory, history: PriceHistory) -> None:
    """Write how many candles have closed since work was begun, if any have."""
    later = history.candles.index > before.end
    if later.any():
        count = int(later.sum())
        candles, have = ("candle", "has") if count == 1 else ("candles", "have")
        text = f"{count:,} {candles} {have} closed since this was begun."
        st.caption(f":material/info: {words.plain(text)}")


def are_near(before: PriceHistory, history: PriceHistory) -> bool:
    """Return whether prices are of one market, candle length, source and, nearly, one span."""
    if _kind(before) != _kind(history):
        return False
    span = max(history.end - history.start, history.candle_length)
    move = max(abs(history.start - before.start), abs(history.end - before.end))
    return bool(move <= MAX_MOVE * span)


def _kind(history: PriceHistory) -> tuple[str, str, str]:
    return history.market, history.interval, history.source
