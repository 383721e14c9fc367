"""Who uses this page: the session, and whether the installation is theirs."""

from __future__ import annotations

from streamlit.runtime.scriptrunner import get_script_run_ctx

from cryptoforecast.types import User


def user() -> User:
    """Return the user of this page."""
    context = get_script_run_ctx(suppress_warning=True)
    return User("" if context is None else context.session_id, owner=True)
