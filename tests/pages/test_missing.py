"""Links to what is not here: a clear message with the way on, and nothing else in its place."""

from __future__ import annotations

import pytest

from cryptoforecast.learning import bundles
from cryptoforecast.service import shared
from cryptoforecast.types import OWNER
from tests.pages.conftest import shown, words

pytestmark = pytest.mark.one_service

GONE = "gone"


def title(page) -> str:
    (one,) = page.title
    return shown(one.value)


def charts(page) -> int:
    return len(page.get("plotly_chart"))


@pytest.mark.parametrize(
    ("name", "model"),
    [("", "../etc/passwd"), ("", "<script>alert(1)</script>"), ("", "A" * 300), ("backtest", GONE)],
)
def test_a_link_to_an_unknown_model_opens_no_other(open_page, name, model):
    page = open_page(name, model=model)
    assert "This model is not here" in title(page)
    assert model[:80] in words(page)
    assert "Choose another model" in words(page)
    assert not charts(page)
    assert "Not financial advice" in words(page)  # the rest of the frame is there
    page.run()  # nor does it when the page runs again
    assert "This model is not here" in title(page)
    page.button(key="way-on").click().run()
    assert page.query_params["model"] in ("global-1h-lstm", ["global-1h-lstm"])
    assert "This model is not here" not in words(page)
    assert charts(page)


@pytest.mark.parametrize(("name", "key"), [("", "0" * 32), ("backtest", "../../x")])
def test_a_link_to_a_training_that_is_gone_opens_no_other(open_page, name, key):
    page = open_page(name, model=f"run-{key}")
    assert "This training is no longer here" in title(page)
    assert not charts(page)


@pytest.mark.parametrize("name", ["", "market"])
def test_a_link_to_a_file_that_is_gone_opens_no_other(open_page, name):
    page = open_page(name, coin="file-" + "0" * 16)
    assert "This file is no longer open" in title(page)
    assert not charts(page)
    page.button(key="way-on").click().run()
    assert page.query_params["coin"] in ("BTC", ["BTC"])
    assert charts(page)


@pytest.mark.own_service
def test_a_model_that_was_deleted_meanwhile_is_not_replaced(open_page):
    service = shared()
    model = service.saved_models.load("btc-1h-dense").model
    bundles.save(model, service.settings.home / "models", "mine")
    page = open_page("", model="mine")
    assert charts(page)
    service.saved_models.delete("mine", user=OWNER)
    page.run()
    assert "This model is not here" in title(page)
    assert not charts(page)


def test_a_link_to_a_model_alone_brings_its_candles(open_page):
    page = open_page("", model="global-1d-lstm")
    assert page.selectbox(key="interval").value == "1d"
    assert page.selectbox(key="model").value == "global-1d-lstm"
    assert charts(page)


def test_a_link_with_other_candles_than_the_model_reads_says_so(open_page):
    page = open_page("", model="global-1d-lstm", interval="1h")
    for _ in range(2):
        assert "This model is for other candles" in title(page)
        assert "reads daily prices, and these are hourly prices" in words(page)
        assert not charts(page)
        page.run()
    page.selectbox(key="interval").set_value("1d").run()
    assert page.selectbox(key="model").value == "global-1d-lstm"
    # Who then switches back is not stopped: there is a model for these candles too.
    page.selectbox(key="interval").set_value("1h").run()
    assert page.selectbox(key="model").value == "global-1h-lstm"
    assert charts(page)
