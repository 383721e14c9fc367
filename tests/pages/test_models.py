"""The Models page: list, card, compare, delete with confirmation."""

import dataclasses

from cryptoforecast.learning import bundles
from cryptoforecast.service import SavedModelService, shared
from tests.pages.conftest import words


def _own(name: str):
    service = shared()
    model = service.saved_models.load("btc-1h-dense").model
    bundles.save(model, service.settings.home / "models", name)


def test_it_lists_the_shipped_models_with_their_cards(open_page):
    page = open_page("models")
    listed = page.dataframe[0].value
    assert {"btc-1h-dense", "btc-1h-lstm-close"} <= set(listed["Name"])
    assert "the last price" in words(page)
    assert not [button for button in page.button if button.label == "Delete"]


def test_models_are_compared_side_by_side(open_page):
    page = open_page("models")
    compared = page.dataframe[1].value
    assert list(compared.columns) == ["btc-1h-dense", "btc-1h-lstm-close"]
    page.multiselect(key="compare").set_value(["btc-1h-dense"]).run()
    assert "at least two" in words(page)


def test_deleting_asks_first(open_page):
    _own("mine")
    page = open_page("models")
    page.selectbox(key="card").set_value("mine").run()
    next(button for button in page.button if button.label == "Delete").click().run()
    assert "mine" in bundles.names(shared().settings.home / "models")
    # AppTest can't click inside a dialog; the browser test confirms and sees it gone.
    assert page.button(key="confirm-delete").label == "Delete it"


def test_a_damaged_model_is_named_and_hides_no_other(open_page):
    _own("broken")
    path = shared().settings.home / "models" / "broken" / "weights.npz"
    path.write_bytes(path.read_bytes()[:-20])
    page = open_page("models")
    assert "broken" in page.warning[0].value
    assert "btc-1h-dense" in set(page.dataframe[0].value["Name"])


def test_without_any_model_it_says_what_to_do(open_page, tmp_path):
    service = shared()
    settings = dataclasses.replace(service.settings, shipped=tmp_path / "none")
    service.saved_models = SavedModelService(settings)
    page = open_page("models")
    assert "Train one" in page.info[0].value
