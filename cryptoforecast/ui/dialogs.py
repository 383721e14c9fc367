"""Dialogs that stay open until they are closed: no page runs again behind one by itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal, ParamSpec

import streamlit as st

from cryptoforecast.ui.words import plain

#: Where the session keeps whether a dialog is open.
OPEN = "dialog-open"

_Arguments = ParamSpec("_Arguments")


def begin() -> None:
    """Note at the start of a page's run that no dialog is open: each run closes them."""
    st.session_state[OPEN] = False


def dialog(
    title: str, *, width: int | Literal["small", "medium", "large"] = "small"
) -> Callable[[Callable[_Arguments, None]], Callable[_Arguments, None]]:
    """Return a decorator that draws a function's elements in a dialog.

    The page runs again when the user closes the dialog, and shows what has changed meanwhile.

    Args:
        title: Heading of the dialog.
        width: Its width, in pixels or in words.
    """

    def decorate(draw: Callable[_Arguments, None]) -> Callable[_Arguments, None]:
        @functools.wraps(draw)
        def noted(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> None:
            st.session_state[OPEN] = True
            draw(*args, **kwargs)

        return st.dialog(plain(title), width=width, on_dismiss="rerun")(noted)

    return decorate


def refresh() -> None:
    """Run the page again because of newer prices, unless that would close a dialog."""
    if not st.session_state.get(OPEN, False):
        st.rerun()
