"""Who uses this page: the session, and whether the installation is theirs."""

from __future__ import annotations

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cryptoforecast.service import shared
from cryptoforecast.types import User
from cryptoforecast.ui import arrival


def user() -> User:
    """Return the user of this page; without a page, someone who owns nothing."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return User("", owner=False)
    # The connection of this moment counts: a session may go on over another one.
    local = arrival.is_local(st.context.headers)
    session = context.session_id
    return User(session, owner=shared().owner_key.owns(session, local=local))


def is_present(session: str) -> bool:
    """Return whether a session of the app is still connected."""
    return not runtime.exists() or runtime.get_instance().is_active_session(session)
