"""The name under which a trained network is offered to be saved."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.learning import bundles
from cryptoforecast.service import shared
from cryptoforecast.ui import saving
from cryptoforecast.ui.saving import suggested_name
from tests import synthetic
from tests.pages.conftest import shown


@pytest.mark.parametrize(
    ("coin", "quote", "name"),
    [
        ("BTC", "USD", "btc-1h-dense"),
        ("BTC", "EUR", "btc-eur-1h-dense"),
        ("ETH", "BTC", "eth-btc-1h-dense"),
        ("Some Coin", "USD", "somecoin-1h-dense"),
        ("狗狗币", "USD", "1h-dense"),
        ("^GSPC", "USD", "gspc-1h-dense"),
    ],
)
def test_a_model_is_named_by_its_market_in_plain_letters(coin: str, quote: str, name: str) -> None:
    assert suggested_name(synthetic.model(coin=coin, quote=quote)) == name
    bundles.check_name(name)


def test_a_name_is_written_as_models_have_it() -> None:
    assert saving.as_name(" My First  net ") == "my-first-net"
    assert saving.as_name("btc-1h.2") == "btc-1h.2"
    assert saving.as_name("My first net!") == "my-first-net"
    assert saving.as_name("?!") == "?!"  # refused as it was typed


@pytest.mark.parametrize("owner", [True, False])
def test_only_the_owner_can_replace_a_model(headers: dict[str, str], owner: bool) -> None:
    if not owner:
        headers.clear()
    page = AppTest.from_function(_offer, default_timeout=60).run()
    assert not page.exception
    assert any("Only the owner" in one.value for one in page.caption) is not owner
    page.text_input[0].set_value("kept")
    page.button[0].click().run()
    assert "Saved as kept" in page.toast[0].value
    # It takes the place of its training, in the list and in the link.
    assert page.session_state["runs"] == ["kept", "run-2"]
    assert page.session_state["last-model"] == "kept"
    assert shared().saved_models.load("kept").model.card.guest is not owner
    page.text_input[0].set_value("kept")
    page.button[0].click().run()
    assert page.error[0].value == "A model named kept exists. Choose another name."
    assert not page.toast  # said once
    labels = ["Replace kept"] * owner
    assert [shown(one.label) for one in page.button if one.key == "replace"] == labels
    if owner:
        page.button(key="replace").click().run()
        assert "Saved as kept" in page.toast[0].value
        page.run()
        assert [one.key for one in page.button if one.key == "replace"] == []


def test_only_a_network_that_was_trained_on_these_prices_can_be_saved() -> None:
    service, history = shared(), synthetic.history()
    model = synthetic.model(fingerprint=history.fingerprint)
    own = service.backtests.of_trained(history, model)
    assert saving.can_save(own, "run-1")
    assert not saving.can_save(own, "saved")
    assert not saving.can_save(service.backtests.of_baseline(history, "cone", 1), "run-1")
    other = service.backtests.of_saved(synthetic.history(seed=1), model)
    assert not saving.can_save(other, "run-1")


def _offer() -> None:
    """Ask for a name as after a training."""
    import streamlit as st

    from cryptoforecast.service import shared
    from cryptoforecast.ui import saving
    from tests import synthetic

    history = synthetic.history()
    model = synthetic.model(fingerprint=history.fingerprint)
    saving.note()
    st.session_state.setdefault("runs", ["run-1", "run-2"])
    saving.ask(shared(), shared().backtests.of_trained(history, model), "run-1")
