"""Who uses this page: the session, and whether the installation is theirs."""

from __future__ import annotations

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cryptoforecast.types import User


def user() -> User:
    """Return the user of this page."""
    context = get_script_run_ctx(suppress_warning=True)
    return User("" if context is None else context.session_id, owner=True)


def is_present(session: str) -> bool:
    """Return whether a session of the app is still connected."""
    return not runtime.exists() or runtime.get_instance().is_active_session(session)
