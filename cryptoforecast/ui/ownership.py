"""What a guest of the server may not do, and the field in which the owner gives the key."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.service import shared
from cryptoforecast.ui import elements, identity

#: Characters of the field.
MAX_KEY = 200


def note() -> None:
    """Say who uses this server; nothing where the owner opened the app on its own machine."""
    key, owner = shared().owner_key, identity.user().owner
    if owner and key.is_set:
        st.caption(
            "You use this server as its owner until you close or reload this page: you can delete "
            "and overwrite saved models."
        )
    if owner:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "You use this server as a guest: you can train, open and save. Only its owner can "
            "delete or overwrite.",
            width="content",
        )
        if key.is_set:
            with st.popover("Owner key", icon=":material/key:"):
                _ask()


def _ask() -> None:
    """Draw the field of the key. It is emptied, so that the key stays nowhere in the page."""
    message = st.container()
    with st.form("owner-key", border=False, clear_on_submit=True):
        text = st.text_input(
            "Owner key",
            type="password",
            max_chars=MAX_KEY,
            autocomplete="current-password",
            key="owner-key-field",
        )
        submitted = st.form_submit_button("Confirm", key="owner-key-confirm")
    if submitted:
        with message, elements.errors():
            shared().owner_key.give(text, identity.user().session)
            st.rerun()
