"""The frame that pages are made of: a card with its finding, and two cards side by side."""

from __future__ import annotations

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

#: Widths of the answer and of its judgement.
SIDES = (2.15, 1)
#: The sign before a judgement, by what it says.
MARKS = {
    "better": ":green[:material/check_circle:]",
    "good": ":green[:material/check_circle:]",
    "tie": ":gray[:material/equal:]",
    "watch": ":orange[:material/visibility:]",
    "bad": ":red[:material/error:]",
    "worse": ":red[:material/arrow_downward:]",
    "none": "",
}
Mark = Literal["better", "good", "tie", "watch", "bad", "worse", "none"]


def sides(key: str | None = None) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return two cards of one height: the answer, and how it is judged.

    Args:
        key: Key of the answer's card, for the style sheet.
    """
    left, right = st.columns(SIDES, gap="small")
    return framed(left, key=key), framed(right)


def framed(place: DeltaGenerator | None = None, *, key: str | None = None) -> DeltaGenerator:
    """Return a card that fills the height of its row.

    Args:
        place: Where it stands; by default where the page is.
        key: Key of the card; ``chosen-…`` draws a blue border.
    """
    return (place or st).container(border=True, height="stretch", gap="small", key=key)


def row(name: str) -> DeltaGenerator:
    """Return the row of a heading that is written last; the style sheet reserves its height.

    Args:
        name: Name of the page.
    """
    with st.container(key=f"heading-{name}", gap=None):
        st.space(1)  # a container with nothing in it has no height at all
        return st.container(horizontal=True, vertical_alignment="center", wrap=False)


def answer(
    text: str, line: str = "", *, eyebrow: str = "", mark: Mark = "none", help: str | None = None
) -> None:
    """Write the finding of a page, its one h1, with the line below it.

    Args:
        text: The finding, as Markdown.
        line: What belongs to it, as Markdown; muted.
        eyebrow: A few words above it.
        mark: The sign before it.
        help: Explains it.
    """
    _block(text, line, eyebrow, mark, help, main=True)


def heading(
    text: str,
    line: str = "",
    *,
    eyebrow: str = "",
    mark: Mark = "none",
    help: str | None = None,
    wide: bool = False,
) -> None:
    """Write the heading of a card, an h2; see ``answer``.

    With ``wide`` the line is left out on a phone. One heading of a page may have that.
    """
    _block(text, line, eyebrow, mark, help, main=False, wide=wide)


def _block(
    text: str,
    line: str,
    eyebrow: str,
    mark: Mark,
    help: str | None,
    *,
    main: bool,
    wide: bool = False,
) -> None:
    with st.container(gap="xxsmall"):
        if eyebrow:
            st.caption(eyebrow)
        body = f"{MARKS[mark]} {text}".strip()
        if main:
            st.title(body, anchor=False, help=help)
        else:
            st.header(body, anchor=False, help=help)
        if line and wide:
            with st.container(key="wide-line"):
                st.markdown(f":gray[{line}]")
        elif line:
            st.markdown(f":gray[{line}]")
