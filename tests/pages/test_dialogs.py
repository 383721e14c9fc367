"""A dialog stays open while newer prices come."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from cryptoforecast.ui import dialogs

    @dialogs.dialog("Any")
    def ask() -> None:
        st.caption("Choose.")

    dialogs.begin()
    runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    if st.session_state.get("asks"):
        ask()
    if runs == 1:
        dialogs.refresh()


@pytest.mark.parametrize(("asks", "runs"), [(False, 2), (True, 1)])
def test_a_page_does_not_run_again_behind_an_open_dialog(asks, runs):
    page = AppTest.from_function(_page)
    page.session_state["asks"] = asks
    page.run()
    assert page.session_state["runs"] == runs


def test_a_page_runs_again_once_the_dialog_is_closed():
    page = AppTest.from_function(_page)
    page.session_state["asks"] = True
    page.run()
    page.session_state["asks"] = False
    page.session_state["runs"] = 0
    page.run()
    assert page.session_state["runs"] == 2
