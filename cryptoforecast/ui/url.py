"""Choices that stand in the URL and stay the same from page to page.

The URL holds the values themselves, so that a link still works when their labels change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import streamlit as st

from cryptoforecast.ui.words import plain

#: Seconds in which a browser may still send the URL as it was before a choice.
LATE = 3.0
# Key of the session: choices that are not in the URL yet.
_UNWRITTEN = "unwritten"


class _Move(NamedTuple):
    """A choice that the browser may not have in its URL yet."""

    before: str | None
    value: str
    at: float


def pick(
    label: str, options: Sequence[str], key: str, words: Callable[[str], str], help: str
) -> str:
    """Draw a selector with its label, whose first option is the default; see ``choose``."""
    return choose(label, options, key, options[0], words, visible=True, help=plain(help), width=240)


def choose(
    label: str,
    options: Sequence[str],
    key: str,
    default: str,
    words: Callable[[str], str],
    *,
    visible: bool = False,
    dialog: bool = False,
    draw: Callable[..., Any] = st.selectbox,
    widget: str = "",
    **more: Any,
) -> str:
    """Draw a selector whose choice stands in the URL by its value.

    Args:
        label: Label of the selector.
        options: The values.
        key: Key of the selector, and its name in the URL.
        default: The value where the URL has none of them.
        words: Returns the label of a value.
        visible: Whether the label is drawn; a screen reader has it anyway.
        dialog: Whether the selector stands in a dialog, over the one of the page.
        draw: Draws the selector; ``st.segmented_control`` and ``st.pills`` do too.
        widget: Key of the selector, if another selector of the same choice has ``key``.
        more: Further arguments of ``draw``. With ``accept_new_options`` the URL may have any value.
    """
    widget = widget or (f"dialog-{key}" if dialog else key)
    # A click that follows at once still brings the URL from before the choice. So in an open
    # dialog the selector keeps what the user has chosen.
    if not dialog or widget not in st.session_state:
        begin(key, default, widget)
    value = st.session_state[widget]
    if value not in options:
        if more.get("accept_new_options"):
            options = [*options, value]
        else:
            st.session_state[widget] = default
    value = str(
        draw(
            plain(label),
            options,
            key=widget,
            on_change=changed,
            args=(key, widget, None if more.get("accept_new_options") else tuple(options)),
            format_func=words,
            label_visibility="visible" if visible or dialog else "collapsed",
            **more,
        )
    )
    remember(key, value)
    return value


def begin(key: str, default: str, widget: str) -> None:
    """Set a selector to the value in the URL, or else to the last choice.

    A new choice of the user is in the URL already, because ``changed`` runs before the page.

    Args:
        key: Name of the choice in the URL.
        default: The value where there was no choice yet.
        widget: Key of the selector.
    """
    last = st.session_state.get(_last(key), default)
    value = _addressed(key)
    st.session_state[widget] = last if value is None else value


def changed(key: str, widget: str, options: Sequence[str] | None) -> None:
    """Remember a choice that the user has just made; for ``on_change``.

    A browser may send the label of an option that is gone meanwhile, which is no choice.

    Args:
        key: Name of the choice in the URL.
        widget: Key of the selector.
        options: The values that it had; ``None`` where any value is allowed.
    """
    value = str(st.session_state[widget])
    if options is None or value in options:
        st.session_state.pop(_moved(key), None)
        remember(key, value)


def remember(key: str, value: str) -> None:
    """Remember a choice for the other pages and for the URL, see ``write``."""
    st.session_state[_last(key)] = value
    before = st.query_params.get(key)
    move: _Move | None = st.session_state.get(_moved(key))
    if before != value and (move is None or (move.before, move.value) != (before, value)):
        st.session_state[_moved(key)] = _Move(before, value, time.monotonic())
    st.session_state.setdefault(_UNWRITTEN, {})[key] = value


def write() -> None:
    """Write all that was remembered into the URL at once: each time is a step of the Back button.

    One choice can change others: with another candle length comes another model.
    """
    unwritten: dict[str, str] = st.session_state.pop(_UNWRITTEN, {})
    values = {key: value for key, value in unwritten.items() if st.query_params.get(key) != value}
    if values:
        st.query_params.update(values)


def write_changes() -> None:
    """Write into the URL if it has another value of a choice; what it lacks can wait."""
    unwritten: dict[str, str] = st.session_state.get(_UNWRITTEN, {})
    if any(st.query_params.get(key, value) != value for key, value in unwritten.items()):
        write()


def last(key: str, default: str) -> str:
    """Return the last choice, which the URL may replace."""
    value = _addressed(key)
    return str(st.session_state.get(_last(key), default)) if value is None else value


def is_new(key: str) -> bool:
    """Return whether this session has made no such choice yet, so that only a link can have."""
    return _last(key) not in st.session_state


def replace(key: str, value: str) -> None:
    """Remember another value of a choice for the other pages; this one's URL lacks it."""
    st.session_state[_last(key)] = value
    st.session_state.pop(_moved(key), None)


def forget(key: str, value: str) -> None:
    """Forget a choice if it is this one, which is no longer there."""
    if st.session_state.get(_last(key)) == value:
        del st.session_state[_last(key)]
        st.session_state.pop(_moved(key), None)


def _addressed(key: str) -> str | None:
    """Return the value in the URL, or a newer choice that is not in it yet.

    On a slow connection, a request soon after a choice still comes with the old URL.
    """
    value = st.query_params.get(key)
    move: _Move | None = st.session_state.get(_moved(key))
    if move is not None and move.before == value and time.monotonic() - move.at < LATE:
        return move.value
    return value


def _moved(key: str) -> str:
    return f"moved-{key}"


def _last(key: str) -> str:
    return f"last-{key}"
