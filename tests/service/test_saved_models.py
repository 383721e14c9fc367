"""Saved models are listed, replaced and deleted safely; prices of two quotes are kept apart."""

import dataclasses
import json

import pytest

from cryptoforecast.errors import AlreadyExists, InvalidBundle, InvalidInput, UnknownModel
from cryptoforecast.learning import bundles, training_cache
from cryptoforecast.service import choices, keys
from cryptoforecast.service.saved_models import with_scores
from cryptoforecast.types import OWNER
from tests import synthetic
from tests.service.answers import SPEC, backtest_of, figures


def test_save_list_load_delete(service):
    result = backtest_of(service)
    saved = service.saved_models.save(result, "mine", user=OWNER)
    assert (saved.name, saved.shipped) == ("mine", False)
    assert saved.model.card == with_scores(result).card
    assert saved.model.card.verdict == result.verdicts["dense"].sentence
    assert saved.model.card.verdict != result.verdict.sentence
    assert saved.model.card.scores["dense"]["mae"] == result.scores["dense"][-1].mae
    assert saved.model.card.scores["naive"]["directional_accuracy"] is None
    assert json.dumps(saved.model.card.scores, allow_nan=False)
    assert [each.name for each in service.saved_models.all()] == ["mine"]
    again = service.backtests.of_saved(synthetic.history(), service.saved_models.load("mine").model)
    assert figures(again) == figures(result)
    service.saved_models.delete("mine", user=OWNER)
    assert service.saved_models.all() == []
    with pytest.raises(UnknownModel, match=r"No saved model is named mine.*There are: none"):
        service.saved_models.load("mine")
    for name in ("naive", "lstm"):  # what to do with them is said by whoever asks
        with pytest.raises(UnknownModel, match=r"There are: none\.$") as refusal:
            service.saved_models.load(name)
        assert refusal.value.name == name


def test_overwriting_is_seen_at_once(service):
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    other = synthetic.model(
        SPEC,
        seed=5,
        created="2025-05-05T00:00:00+00:00",
        fingerprint=synthetic.history().fingerprint,
    )
    with pytest.raises(AlreadyExists):
        service.saved_models.save(backtest_of(service, other), "mine", user=OWNER)
    service.saved_models.save(backtest_of(service, other), "mine", user=OWNER, force=True)
    assert service.saved_models.load("mine").model.card.created == "2025-05-05T00:00:00+00:00"


@pytest.mark.parametrize("loss", ["quantile", "mse"])
def test_scores_on_other_prices_do_not_get_on_a_card(service, loss):
    trained_on, other = synthetic.history(), synthetic.history(seed=3, coin="ETH")
    model = synthetic.model(synthetic.spec(loss=loss), fingerprint=trained_on.fingerprint)
    with pytest.raises(InvalidInput, match=r"scores on other ETH prices\. Choose BTC"):
        service.saved_models.save(service.backtests.of_saved(other, model), "mine", user=OWNER)
    late = synthetic.model(
        SPEC, fingerprint=trained_on.fingerprint, cutoff=trained_on.end.isoformat()
    )
    with pytest.raises(InvalidInput, match="Choose BTC"):
        service.saved_models.save(backtest_of(service, late), "mine", user=OWNER)
    assert service.saved_models.all() == []


def test_baselines_are_not_saved(service):
    result = service.backtests.of_baseline(synthetic.history(), "cone", 1)
    with pytest.raises(InvalidInput, match="Only a trained network can be saved"):
        service.saved_models.save(result, "mine", user=OWNER)
    with pytest.raises(InvalidInput, match="Only a trained network has a card"):
        with_scores(result)


def test_shipped_models_are_listed_and_left_alone(service):
    bundles.save(synthetic.model(), service.settings.shipped, "theirs")
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    assert [(each.name, each.shipped) for each in service.saved_models.all()] == [
        ("mine", False), ("theirs", True),
    ]  # fmt: skip
    assert service.saved_models.load("theirs").shipped
    with pytest.raises(InvalidInput, match="comes with the project and can't be deleted"):
        service.saved_models.delete("theirs", user=OWNER)
    with pytest.raises(AlreadyExists, match="a model of the project's own"):
        service.saved_models.save(backtest_of(service), "theirs", user=OWNER, force=True)
    assert service.saved_models.load("theirs").shipped


def test_one_damaged_model_hides_no_other(service):
    service.saved_models.save(backtest_of(service), "good", user=OWNER)
    service.saved_models.save(backtest_of(service), "bad", user=OWNER)
    folder = service.settings.home / "models"
    (folder / "bad" / "bundle.json").write_text("{")
    (folder / "folder" / "bundle.json").mkdir(parents=True)
    assert [each.name for each in service.saved_models.all()] == ["good"]
    assert set(service.saved_models.damaged()) == {"bad"}
    assert "can't be read" in service.saved_models.damaged()["bad"]
    with pytest.raises(InvalidBundle):
        service.saved_models.load("bad")
    service.saved_models.delete("bad", user=OWNER)
    assert service.saved_models.damaged() == {}


def test_a_model_that_is_deleted_while_models_are_listed_hides_no_other(service, monkeypatch):
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    monkeypatch.setattr(bundles, "names", lambda folder: ["gone", "mine"])
    assert [each.name for each in service.saved_models.all()] == ["mine"]
    assert service.saved_models.damaged() == {}


def test_a_model_of_ones_own_comes_before_a_shipped_one_of_the_same_name(service):
    service.saved_models.save(backtest_of(service), "twice", user=OWNER)
    bundles.save(synthetic.model(seed=4), service.settings.shipped, "twice")
    bundles.save(synthetic.model(), service.settings.shipped, "another")
    listed = [(each.name, each.shipped) for each in service.saved_models.all()]
    assert listed == [("twice", False), ("another", True)]
    assert not service.saved_models.load("twice").shipped
    service.saved_models.delete("twice", user=OWNER)
    assert service.saved_models.load("twice").shipped


@pytest.mark.parametrize("force", [False, True])
def test_a_name_is_checked_as_saving_does(service, force):
    bundles.save(synthetic.model(), service.settings.shipped, "theirs")
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    service.saved_models.check_free("free", user=OWNER, force=force)
    with pytest.raises(AlreadyExists, match="the project's own"):
        service.saved_models.check_free("theirs", user=OWNER, force=force)
    with pytest.raises(InvalidInput, match="A model's name must be"):
        service.saved_models.check_free("../mine", user=OWNER, force=force)
    if force:
        service.saved_models.check_free("mine", user=OWNER, force=True)
    else:
        with pytest.raises(AlreadyExists, match="A model named mine exists"):
            service.saved_models.check_free("mine", user=OWNER)


@pytest.mark.parametrize("name", ["../mine", "a/b", "..", "", "mine\n", "Mine"])
def test_names_that_lead_elsewhere_are_refused(service, name):
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    for act in (
        service.saved_models.load,
        lambda n: service.saved_models.delete(n, user=OWNER),
        lambda n: service.saved_models.save(backtest_of(service), n, user=OWNER),
    ):
        with pytest.raises(InvalidInput, match="A model's name must be"):
            act(name)
    assert [each.name for each in service.saved_models.all()] == ["mine"]


def test_prices_of_different_quotes_are_kept_apart(service):
    dollars, euros = synthetic.history(), synthetic.history(quote="EUR")
    assert dollars.fingerprint != euros.fingerprint
    assert keys.of_prices(dollars) != keys.of_prices(euros)
    assert training_cache.key(dollars, SPEC) != training_cache.key(euros, SPEC)
    assert service.prices.open(dollars, user=OWNER) != service.prices.open(euros, user=OWNER)
    first, second = (
        service.backtests.of_baseline(history, "naive", 1) for history in (dollars, euros)
    )
    assert (first.history.quote, second.history.quote) == ("USD", "EUR")


def test_the_fingerprint_of_dollars_has_no_trace_of_the_quote():
    history = synthetic.history()
    rounded = dataclasses.replace(history, candles=history.candles.round(4))  # on any processor
    assert rounded.fingerprint == "c0c2a46a7d4470d8"


def test_a_saved_model_forecasts_its_own_pair():
    card = synthetic.model().card
    assert choices.default_coin(card) == "BTC"
    assert choices.default_coin(dataclasses.replace(card, quote="EUR")) == "BTC-EUR"
    assert choices.default_coin(dataclasses.replace(card, coin="any", quote="any")) == "BTC"
