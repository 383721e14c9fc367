"""The Models page: list, card, compare, delete with confirmation."""

import dataclasses
import shutil

from cryptoforecast.learning import bundles
from cryptoforecast.service import SavedModelService, forget_shared, shared
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


def test_a_guest_sees_who_may_delete_and_no_button(open_page, headers):
    _own("mine")
    assert "guest" not in words(open_page("models", card="mine"))  # on one's own machine
    headers.clear()
    page = open_page("models", card="mine")
    assert "You use this server as a guest" in words(page)
    assert "Only the owner may delete it" in words(page)
    assert "open the app on its own machine" in words(page)
    assert not [button for button in page.button if button.label == "Delete"]
    assert not page.text_input  # no key is set, so there is no field
    assert set(page.dataframe[0].value["Saved by"]) == {"project", "the owner"}


def test_the_key_makes_a_guest_the_owner(open_page, headers, monkeypatch):
    key = "correct horse battery"
    monkeypatch.setenv("CRYPTOFORECAST_OWNER_KEY", key)
    forget_shared()
    _own("mine")
    page = open_page("models", card="mine")
    assert "guest" in words(page)  # the key alone counts, even on this machine
    page.text_input(key="owner-key-field").set_value("wrong")
    page.button(key="owner-key-confirm").click().run()
    assert "This is not the owner key" in page.error[0].value
    page.text_input(key="owner-key-field").set_value(key)
    page.button(key="owner-key-confirm").click().run()
    assert "You use this server as its owner" in words(page)
    assert page.button(key="delete").label == "Delete"
    assert key not in str(page)


def test_two_hundred_models_of_guests_hide_no_other(open_page):
    service = shared()
    model = service.saved_models.load("global-1h-lstm").model
    theirs = dataclasses.replace(model, card=dataclasses.replace(model.card, guest=True))
    _own("zz-mine")
    folder = service.settings.home / "models"
    bundles.save(theirs, folder, "a-000")
    for number in range(1, 200):
        shutil.copytree(folder / "a-000", folder / f"a-{number:03d}")
    page = open_page("models")
    assert f"{201 + len(bundles.names(service.settings.shipped))} saved models" in words(page)
    options = open_page().selectbox(key="model").options
    assert options.index("zz-mine") < options.index("a-000")
    assert [name.startswith("a-") for name in options].index(True) == len(options) - 200


def test_many_damaged_models_are_named_in_few_boxes(open_page):
    for number in range(30):
        _own(f"broken-{number:02d}")
        (shared().settings.home / "models" / f"broken-{number:02d}" / "bundle.json").write_text("{")
    page = open_page("models")
    assert len(page.warning) == 4
    assert page.warning[3].value.startswith("27 more saved models can't be read")
    assert "btc-1h-dense" in set(page.dataframe[0].value["Name"])
