"""Bars beside their numbers: the one way in which the pages compare."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from cryptoforecast.texts import printable
from cryptoforecast.ui.words import DASH

#: What a colour says: the forecast that was chosen, what it is compared with, a surprise, a fault.
Meaning = Literal["chosen", "reference", "watch", "bad"]


@dataclass(frozen=True)
class Bar:
    """One line of a comparison.

    Attributes:
        label: What is measured.
        value: The number as it is written.
        share: Length of the bar, 0 to 1; below 0 the bar is empty, above 1 it is full.
        meaning: What its colour says.
        promise: Where the tick of what was promised stands, 0 to 1; ``None`` for no tick.
        word: The judgement, bold after the label, such as ``"held"``; may be empty.
    """

    label: str
    value: str
    share: float
    meaning: Meaning = "chosen"
    promise: float | None = None
    word: str = ""


def draw(rows: Sequence[Bar], name: str = "", *, side: bool = False) -> None:
    """Draw lines of label, bar and number, below one another.

    Args:
        rows: The lines.
        name: Name on their page, so that the place of the lines is kept until they are drawn.
        side: Whether they stand in a side card, where all bars begin below one another.
    """
    kind = "cf-bars cf-side" if side else "cf-bars"
    markup = f'<div class="{kind}">{"".join(map(_row, rows))}</div>'
    with st.container(key=f"bars-{len(rows):d}-{name}") if name else nullcontext():
        st.html(markup)


def of_misses(misses: Sequence[tuple[str, float, str, Meaning]]) -> list[Bar]:
    """Return bars of errors, the longest one full.

    Args:
        misses: Label, error, its text and the meaning of its colour, for each.
    """
    largest = max((error for _, error, _, _ in misses if math.isfinite(error)), default=0.0)
    return [
        Bar(label, text, error / largest if largest > 0 else 0.0, meaning)
        for label, error, text, meaning in misses
    ]


def of_share(label: str, share: float, promised: float, word: str = "", **more: Meaning) -> Bar:
    """Return the bar of a share of right results, with a tick at the promised share.

    Args:
        label: What is measured.
        share: 0 to 1; NaN where it is unknown.
        promised: What was promised, or what chance would give, 0 to 1.
        word: The judgement in a word.
        more: ``meaning`` of the colour; ``"chosen"`` by default.
    """
    text = f"{100 * share:.0f} %" if math.isfinite(share) else DASH
    return Bar(label, text, share, promise=promised, word=word, **more)


def _row(row: Bar) -> str:
    width = 100 * min(max(row.share, 0.0), 1.0) if math.isfinite(row.share) else 0.0
    word = f": <b>{_text(row.word)}</b>" if row.word else ""
    tick = (
        ""
        if row.promise is None
        else f'<div class="cf-promise" style="left:{100 * row.promise:.1f}%"></div>'
    )
    return (
        f"<div>{_text(row.label)}{word}</div>"
        f'<div class="cf-track"><div class="cf-fill cf-{row.meaning}" style="width:{width:.1f}%">'
        f'</div>{tick}</div><div class="cf-value">{_text(row.value)}</div>'
    )


def _text(text: str) -> str:
    return html.escape(printable(text))
