"""The Models page: the list, the panel of one, a comparison, and what only the owner may do."""

import dataclasses
import shutil

import pytest

from cryptoforecast.learning import bundle_archive, bundle_versions, bundles
from cryptoforecast.service import SavedModelService, forget_shared, shared
from cryptoforecast.types import OWNER, predictor_name
from tests.pages.conftest import rows, shown, words

pytestmark = pytest.mark.one_service


def _own(name: str):
    service = shared()
    model = service.saved_models.load("btc-1h-dense").model
    bundles.save(model, service.settings.home / "models", name)


def _frame(page):
    return page.dataframe[0].value


def _facts(page):
    page.session_state["facts"] = True
    page.run()
    return page


def press(page, label):
    next(button for button in page.button if button.label == label).click()
    return page.run()


def test_the_heading_says_how_many_beat_the_last_price(open_page):
    page = open_page("models")
    (title,) = page.title
    assert title.value == "1 of 4 models beats “the price stays put” in its own test"
    frame = _frame(page).set_index("Model")
    shipped = bundles.names(shared().settings.shipped)
    assert set(frame.index) == set(map(predictor_name, shipped))
    assert frame["Verdict"].to_dict() == {
        "Bitcoin Dense": "no better", "Bitcoin LSTM": "better",
        "All-coin LSTM daily": "no better", "All-coin LSTM hourly": "no better",
    }  # fmt: skip
    # The row says what the verdict is about.
    assert frame["Tested on"].to_dict() == {
        "Bitcoin Dense": "BTC, Feb 2024 to Sep 2025", "Bitcoin LSTM": "BTC, Feb 2024 to Sep 2025",
        "All-coin LSTM daily": "8 coins, each left out in turn",
        "All-coin LSTM hourly": "5 coins, each left out in turn",
    }  # fmt: skip
    # The same numbers as on the card.
    scores = shared().saved_models.load("btc-1h-lstm-close").model.card.scores
    miss = 100 * (scores["lstm"]["mae"] / scores["naive"]["mae"] - 1)
    assert frame.loc["Bitcoin LSTM", "Miss"] == pytest.approx(miss)
    assert frame.loc["All-coin LSTM hourly", "Miss"] == pytest.approx(0.0878, abs=1e-3)


def test_the_panel_has_the_finding_the_figures_and_all_facts(open_page):
    page = open_page("models", card="btc-1h-lstm-close")
    text = words(page)
    assert "Its network alone beats “stays put” by 0.4 %" in text
    assert "A trade in its direction would gain less than a usual fee." in text
    assert "LSTM · Bitcoin, hourly · 1 hour ahead" in text
    bars = "".join(element.proto.body for element in page.get("html"))
    for part in ("Stays put", "Direction", "80 % range", "53 %", "80 %"):
        assert part in bars
    table = rows(page)
    assert table["LSTM network"] == ("better", "$274.28")
    assert table["Combined forecast"] == ("better", "$274.27")
    assert "Average miss, 14,245 past forecasts: BTC, Feb 2024 to Sep 2025" in text
    assert not page.table  # folded
    facts = shown(_facts(page).table[0].value.to_string())
    assert "29,865 parameters" in facts
    assert "move, size of the move" in facts  # not the names of the inputs in the code
    assert "15 passes and 5 final ones" in facts
    assert "btc-1h-lstm-close" in facts  # the name to type


def test_a_model_of_any_coin_is_not_said_to_be_better(open_page):
    text = words(open_page("models", card="global-1h-lstm"))
    assert "no better than “stays put”" in text
    assert "5 coins, each left out in turn" in text


def test_a_shipped_model_is_neither_renamed_nor_deleted(open_page):
    page = open_page("models", card="btc-1h-dense")
    assert not [button for button in page.button if button.label in ("Delete", "Rename")]
    assert "comes with the project" in words(page)
    assert [button.label for button in page.get("download_button")] == ["Download"]


def test_forecast_with_it_takes_its_coin_and_its_candles_along(open_page):
    page = open_page("models", card="btc-1h-dense", coin="ETH", interval="4h")
    page.button(key="forecast-with-it").click().run()
    assert not page.exception
    chosen = {key: page.selectbox(key=key).value for key in ("coin", "interval", "model")}
    assert chosen == {"coin": "BTC", "interval": "1h", "model": "btc-1h-dense"}


def test_two_models_are_compared_on_the_same_prices(open_page):
    page = open_page("models", compare="btc-1h-dense,btc-1h-lstm-close")
    (title,) = page.title
    assert title.value == "These models are alike: what differs may be chance"
    text = words(page)
    assert "1 hour ahead" in text  # what both forecast
    assert "none of the models has learnt from these prices" in text
    assert len(page.get("plotly_chart")) == 1
    shown_rows = rows(page)
    assert {shown_rows[name][0] for name in ("Bitcoin Dense", "Bitcoin LSTM")} <= {
        "better", "no better", "worse",
    }  # fmt: skip
    assert shown_rows["Stays put"][0] == ""
    (table,) = page.table
    facts = table.value.set_index("Fact")
    assert set(facts.columns) == {"Bitcoin Dense", "Bitcoin LSTM"}
    assert {"Network", "Inputs", "Looks back and ahead", "Own test"} <= set(facts.index)
    assert "Learnt until" not in facts.index  # both until the same day
    page.button(key="all-models").click().run()
    assert "1 of 4 models" in page.title[0].value


def test_one_model_is_compared_on_several_coins(open_page):
    page = open_page("models", compare="global-1h-lstm")
    assert page.multiselect[0].value == ["BTC", "ETH", "BNB"]
    page.multiselect[0].set_value(["BTC", "SOL"]).run()
    assert not page.exception
    assert page.query_params["coins"] in ("BTC,SOL", ["BTC,SOL"])
    text = words(page)
    assert "“the price stays put” on" in page.title[0].value
    assert "All-coin LSTM hourly alone: " in text
    assert "past forecasts of each coin, 24 hours ahead" in text
    assert rows(page).keys() == {"BTC", "SOL"}
    assert len(page.get("plotly_chart")) == 1
    # What differs, and nothing else: both are simulated.
    facts = page.table[0].value.set_index("Fact")
    assert list(facts.columns) == ["BTC", "SOL"]
    assert list(facts.index) == ["Last price", "“Stays put” misses", "Learnt from"]
    assert list(facts.loc["Learnt from"]) == ["yes", "no"]
    page.multiselect[0].set_value(["BTC"]).run()
    assert page.title[0].value == "Choose two coins at least"
    page.button(key="all-models").click().run()
    assert "models" in page.title[0].value
    assert "coins" not in page.query_params


def test_models_for_other_candles_are_not_compared(open_page):
    page = open_page("models", compare="btc-1h-dense,global-1d-lstm")
    assert "candles of one length" in page.error[0].value


@pytest.mark.parametrize(
    "query",
    [{"card": "gone"}, {"compare": "btc-1h-dense,gone"}, {"card": "<script>"}, {"compare": "a,b"}],
)
def test_a_link_to_a_model_that_is_gone_says_so(open_page, query):
    page = open_page("models", **query)
    assert "not here" in "".join(one.value for one in [*page.title, *page.header])
    assert not page.get("plotly_chart")
    assert not [button for button in page.button if button.label == "Forecast with it"]


@pytest.mark.own_service
def test_renaming_and_deleting_ask_first(open_page):
    _own("mine")
    page = open_page("models", card="mine")
    press(page, "Rename")
    # AppTest can't submit inside a dialog; the browser test does, and deletes it then.
    assert page.text_input(key="new-name").value == "mine"
    press(page, "Delete")
    assert "mine" in bundles.names(shared().settings.home / "models")
    assert page.button(key="confirm-delete").label == "Delete it"


@pytest.mark.own_service
def test_a_damaged_model_is_named_and_hides_no_other(open_page):
    _own("broken")
    path = shared().settings.home / "models" / "broken" / "weights.npz"
    path.write_bytes(path.read_bytes()[:-20])
    page = open_page("models")
    assert "broken" in page.warning[0].value
    assert "Bitcoin Dense" in set(_frame(page)["Model"])


@pytest.mark.own_service
def test_without_any_model_it_says_what_to_do(open_page, tmp_path):
    service = shared()
    settings = dataclasses.replace(service.settings, shipped=tmp_path / "none")
    service.saved_models = SavedModelService(settings)
    page = open_page("models")
    assert page.title[0].value == "No model is saved here yet"
    assert "Train one" in words(page)


@pytest.mark.own_service
def test_a_guest_sees_who_may_delete_and_no_button(open_page, headers):
    _own("mine")
    assert "guest" not in words(open_page("models", card="mine"))  # on one's own machine
    headers.clear()
    page = open_page("models", card="mine")
    assert "You use this server as a guest" in words(page)
    assert "Only the owner may rename or delete it" in words(page)
    assert "open the app on its own machine" in words(page)
    assert not [button for button in page.button if button.label in ("Delete", "Rename")]
    # No key is set, so there is no field for it.
    assert "owner-key-field" not in [field.key for field in page.text_input]
    facts = _facts(page).table[0].value
    assert "the owner" in str(facts)


@pytest.mark.own_service
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
    assert {"Rename", "Delete"} <= {button.label for button in page.button}
    assert key not in str(page)


@pytest.mark.own_service
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
    count = 201 + len(bundles.names(service.settings.shipped))
    assert f"of {count} models" in page.title[0].value
    options = open_page().selectbox(key="model").options
    assert options.index("zz-mine") < options.index("a-000")
    assert [name.startswith("a-") for name in options].index(True) == len(options) - 200


@pytest.mark.own_service
def test_many_damaged_models_are_named_in_few_boxes(open_page):
    for number in range(30):
        _own(f"broken-{number:02d}")
        (shared().settings.home / "models" / f"broken-{number:02d}" / "bundle.json").write_text("{")
    page = open_page("models")
    assert len(page.warning) == 4
    assert page.warning[3].value.startswith("27 more saved models can't be read")
    assert "Bitcoin Dense" in set(_frame(page)["Model"])


def test_a_model_too_large_for_an_archive_says_so_in_place_of_the_download(open_page, monkeypatch):
    monkeypatch.setattr(bundle_archive, "MAX_BYTES", 1_000)
    page = open_page("models", card="btc-1h-dense")
    assert not page.get("download_button")
    assert "The archive of a model may have at most 1,000 bytes" in words(page)


@pytest.mark.own_service
def test_a_downloaded_model_is_imported_and_nothing_else_is(open_page):
    page = open_page("models")
    button, field = "confirm-import-model", "model-archive-0"
    assert page.button(key=button).disabled
    page.file_uploader(key=field).set_value(("a.zip", b"no", "application/zip")).run()
    page.button(key=button).click().run()
    assert "holds no model that can be read" in page.error[0].value
    archive = shared().saved_models.zipped("btc-1h-dense")
    page.file_uploader(key=field).set_value(("a.zip", archive, "application/zip")).run()
    page.button(key=button).click().run()
    assert "is a model of the project's own" in page.error[0].value
    assert len(_frame(page)) == 4
    page.text_input(key="imported-name").set_value("mine").run()
    page.button(key=button).click().run()
    assert page.toast[0].value == "Imported mine."
    assert "mine" in set(_frame(page)["Model"])
    assert page.query_params["card"] == "mine"
    assert page.button(key=button).disabled
    assert shared().saved_models.load("mine").model.card.guest is False


@pytest.mark.own_service
def test_the_owner_renews_a_model_and_brings_a_version_back(open_page, headers):
    _own("mine")
    folder = shared().settings.home / "models"
    first = bundles.version(folder / "mine")
    model = shared().saved_models.load("btc-1h-lstm-close").model
    bundle_versions.replace(folder, "mine", first, model)
    page = open_page("models", card="mine")
    assert "worth renewing" in next(one.label for one in page.expander if "Learnt" in one.label)
    assert not [button for button in page.button if button.label == "Renew"]  # folded
    page.session_state["age"] = True
    page.run()
    assert "ago; expired on 2024-08-13" in words(page)
    press(page, "Bring back")
    assert not page.exception
    assert "again the version that learnt until 2024-02-15" in page.toast[0].value
    assert bundles.version(folder / "mine") == first

    # Live prices are switched off here, so the renewal ends with the reason, and changes nothing.
    press(page, "Renew")
    assert page.button(key="confirm-renew").label == "Renew it"
    # AppTest can't submit inside a dialog, so the job is submitted as the dialog does it.
    job = shared().renewals.submit("mine", user=OWNER)
    assert job.title == "Renewal of mine"
    page.session_state["renewing"] = "mine"
    assert job.wait(60)
    page.run()
    assert "Live prices of BTC-USD are needed" in page.error[0].value
    assert bundles.version(folder / "mine") == first
    assert not page.run().error  # said once

    everything = open_page("models", card="global-1h-lstm")
    everything.session_state["age"] = True
    press(everything.run(), "Renew")
    assert "the newest prices of BNB, BTC, ETH, LTC, XRP. A renewed copy" in words(everything)

    headers.clear()  # a guest
    guest = open_page("models", card="mine")
    guest.session_state["age"] = True
    guest.run()
    assert "Only the owner may renew it" in words(guest)
    assert not [one for one in guest.button if one.label in ("Renew", "Bring back")]
