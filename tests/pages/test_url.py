"""Choices and the address of the page: what a slow line may do to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.ui import url


def late(page: AppTest, **address: str) -> AppTest:
    """Run the page as for something that a browser sent before it got its new address."""
    for key, value in address.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def test_an_address_that_comes_late_takes_no_choice_back(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("cryptoforecast.ui.url.time.monotonic", lambda: now[0])
    page = open_page("market", coin="BTC", interval="1h")
    page.selectbox(key="coin").set_value("ETH").run()
    assert page.query_params["coin"] == "ETH"
    for _ in range(2):
        late(page, coin="BTC")
        assert (page.selectbox(key="coin").value, page.query_params["coin"]) == ("ETH", "ETH")
    late(page, coin="SOL")  # another address is meant
    assert page.selectbox(key="coin").value == "SOL"

    page.selectbox(key="coin").set_value("BTC").run()
    page.query_params["coin"] = "SOL"  # and the next choice is made before that one's address came
    page.selectbox(key="coin").set_value("SOL").run()
    late(page, coin="SOL")
    assert page.selectbox(key="coin").value == "SOL"

    page.selectbox(key="coin").set_value("ETH").run()
    now[0] += url.LATE
    late(page, coin="SOL")  # the user has gone back
    assert page.selectbox(key="coin").value == "SOL"


def test_a_training_is_shown_although_the_address_comes_late(
    open_page: Callable[..., AppTest],
) -> None:
    page = open_page(model="cone")
    page.session_state["open"] = "har"  # as a training that begins is
    page.run()
    assert page.selectbox(key="model").value == "har"
    late(page, model="cone")
    assert page.selectbox(key="model").value == "har"
