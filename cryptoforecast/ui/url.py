"""Choices that stand in the URL and stay the same from page to page.

The URL holds the values themselves, so that a link still works when their labels change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from cryptoforecast.ui.words import plain


def pick(
    label: str, options: Sequence[str], key: str, words: Callable[[str], str], help: str
) -> str:
    """Draw a selector whose choice stands in the URL by its value.

    Args:
        label: Label of the selector.
        options: The values. The first is the default, also where the URL has none of them.
        key: Key of the selector, and its name in the URL.
        words: Returns the label of a value.
        help: Help of the selector.
    """
    begin(key, options[0])
    if st.session_state[key] not in options:
        st.session_state[key] = options[0]
    value = str(
        st.selectbox(
            plain(label),
            options,
            key=key,
            on_change=changed,
            args=(key,),
            format_func=words,
            help=plain(help),
            width=240,
        )
    )
    remember(key, value)
    return value


def begin(key: str, default: str) -> None:
    """Set a selector to the value in the URL, or else to the last choice.

    A new choice of the user is in the URL already, because ``changed`` runs before the page.

    Args:
        key: Key of the selector, and its name in the URL.
        default: The value where there was no choice yet.
    """
    last = st.session_state.get(_last(key), default)
    st.session_state[key] = st.query_params.get(key, last)


def changed(key: str) -> None:
    """Remember a choice that the user has just made; for ``on_change``."""
    remember(key, str(st.session_state[key]))


def remember(key: str, value: str) -> None:
    """Remember a choice for the other pages, and write it into the URL."""
    st.session_state[_last(key)] = value
    st.query_params[key] = value


def with_value(options: list[str], value: str) -> list[str]:
    """Return the options with a value added, so that a selector can show it."""
    return options if value in options else [*options, value]


def _last(key: str) -> str:
    return f"last-{key}"
