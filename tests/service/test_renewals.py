"""Models that renew themselves: only if that is not worse, and whatever goes wrong changes nothing.

One tiny network is trained once.
"""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

import cryptoforecast as cf
from cryptoforecast import cli
from cryptoforecast.cli import commands, options
from cryptoforecast.errors import (
    Cancelled,
    Changed,
    InvalidInput,
    NotAllowed,
    NotEnoughData,
    SourceUnavailable,
)
from cryptoforecast.evaluation import renewal
from cryptoforecast.learning import bundles, global_training, inference, specs
from cryptoforecast.service import PriceService, RenewalService, Service, global_models, ticks
from cryptoforecast.service.memory import Memory
from cryptoforecast.settings import Settings
from cryptoforecast.types import OWNER, Monitor, PriceHistory, TrainedModel, User
from cryptoforecast.types.expiry import is_expired
from tests import synthetic
from tests.service.test_ledger import HOUR, Market

GUEST = User("a session", owner=False)
SPEC = specs.make(network="dense", features=("return",), lookback=5, units=(4,), epochs=3)


def files_of(home):
    paths = sorted(path for path in (home / "models").rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def history() -> PriceHistory:
    return synthetic.history(1100)


@pytest.fixture(scope="module")
def champion(history, tmp_path_factory) -> TrainedModel:
    service = Service(Settings(tmp_path_factory.mktemp("champion"), live=False))
    past = dataclasses.replace(history, candles=history.candles.iloc[:700])
    result = service.backtests.run(past, SPEC)
    return service.saved_models.save(result, "mine", user=OWNER).model


@pytest.fixture
def service(home, champion) -> Service:
    service = Service(Settings(home, live=False))
    service.saved_models.add(champion, "mine", user=OWNER)
    return service


def weakened(model: TrainedModel) -> TrainedModel:
    """A model whose forecasts are far off: any other is better."""
    weights = [array.copy() for array in model.weights]
    weights[-1][:] = 5
    return dataclasses.replace(model, weights=tuple(weights))


def test_a_renewed_model_serves_as_it_was_tested(service, history, champion, home):
    cutoff = pd.Timestamp(champion.card.cutoff)
    result = service.renewals.renew("mine", [history], user=OWNER)
    saved = service.saved_models.load("mine").model
    assert (result.saved, result.start, result.passed) == ("mine", "warm", True)
    assert result.sentence.startswith("Renewed: ")
    # Neither has learnt from the candles of the comparison, which are the newest.
    assert pd.Timestamp(saved.card.cutoff) > cutoff
    assert saved.card.learnt_until <= result.first
    assert result.last == history.closes_at - pd.Timedelta(hours=1)
    new = int((history.candles.index > cutoff).sum())
    assert result.origins == new // 2
    # What is stored is what was tested, and its card has that test.
    cut = renewal.split(history, champion.spec, champion.card)
    since = history.candles.index[cut.test_start]
    again = renewal.compete([history], champion, saved, since)
    assert again.challenger_loss == result.challenger_loss
    assert again.difference.low == result.low > -renewal.MARGIN
    assert saved.card.origins == result.origins
    # The same settings, so that the next renewal has as many epochs; other weights.
    assert saved.spec == champion.spec
    assert saved.record.epochs < champion.record.epochs
    rows = range(1000, 1010)
    before, after = (inference.forecast(one, history, rows) for one in (champion, saved))
    assert not np.array_equal(before.quantiles, after.quantiles)

    versions = service.renewals.history("mine")
    assert [one.version for one in versions] == [
        service.saved_models.version("mine"), result.champion_version,
    ]  # fmt: skip
    back = service.renewals.rollback("mine", user=OWNER)
    assert back.version == result.champion_version == service.saved_models.version("mine")
    np.testing.assert_array_equal(
        service.saved_models.load("mine").model.weights[0], champion.weights[0]
    )
    with pytest.raises(InvalidInput, match="already"):
        service.renewals.rollback("mine", back.version, user=OWNER)
    with pytest.raises(InvalidInput, match="no earlier version"):
        service.renewals.rollback("mine", user=OWNER)


def test_the_library_renews_and_brings_back(service, history):
    file = service.settings.home / "BTC_1h.csv"
    history.candles.to_csv(file)
    model = cf.load("mine")
    result = model.retrain(cf.read(file))
    assert result.saved == "mine"
    assert cf.load("mine").version != model.version
    assert cf.load("mine").rollback().version == model.version
    with pytest.raises(InvalidInput, match="Save it first"):
        dataclasses.replace(model, name=None).retrain(cf.read(file))


def test_a_worse_one_is_not_kept(service, history, champion, home, monkeypatch):
    # The challenger is spoilt after its fit; the comparison itself is the real one.
    fit = service.training.fit
    monkeypatch.setattr(service.training, "fit", lambda *rest: weakened(fit(*rest)))
    before = files_of(home)
    result = service.renewals.renew("mine", [history], user=OWNER, fresh=True)
    assert (result.saved, result.start, result.passed) == (None, "fresh", False)
    assert result.low < -renewal.MARGIN
    assert result.sentence.startswith("Kept: ")
    after = files_of(home)
    assert {path: after[path] for path in before} == before
    assert [path for path in after.keys() - before.keys() if "attempt" not in path] == []
    assert service.renewals.last_attempt("mine").sentence == result.sentence


def test_what_fails_or_is_cancelled_changes_nothing(service, history, home):
    before = files_of(home)
    with pytest.raises(Cancelled):
        service.renewals.renew("mine", [history], Monitor(cancelled=lambda: True), user=OWNER)
    looks = iter(range(10_000))
    late = Monitor(cancelled=lambda: next(looks) > 3)
    with pytest.raises(Cancelled):
        service.renewals.renew("mine", [history], late, user=OWNER)
    with pytest.raises(NotAllowed, match="Only the owner"):
        service.renewals.renew("mine", [history], user=GUEST)
    with pytest.raises(NotAllowed, match="Only the owner"):
        service.renewals.rollback("mine", user=GUEST)
    simulated = dataclasses.replace(history, simulated=True, source="simulated")
    with pytest.raises(InvalidInput, match="real prices is renewed by such prices alone"):
        service.renewals.renew("mine", [simulated], user=OWNER)
    with pytest.raises(SourceUnavailable):  # nor do simulated prices stand in for absent ones
        service.renewals.renew("mine", user=OWNER)
    other = dataclasses.replace(history, coin="ETH")
    with pytest.raises(InvalidInput, match=r"1h candles of BTC\. Received: 1h .* ETH"):
        service.renewals.renew("mine", [other], user=OWNER)
    few = dataclasses.replace(history, candles=history.candles.iloc[:580])
    with pytest.raises(NotEnoughData, match="neither has learnt from"):
        service.renewals.renew("mine", [few], user=OWNER)
    assert files_of(home) == before


def test_a_model_that_was_replaced_during_the_training_is_left_as_it_is(
    service, history, champion, home
):
    def replace(_: object) -> None:
        bundles.save(weakened(champion), home / "models", "mine", force=True)

    with pytest.raises(Changed, match="meanwhile"):
        service.renewals.renew("mine", [history], Monitor(replace), user=OWNER)
    assert len(service.renewals.history("mine")) == 1
    assert service.saved_models.load("mine").model.weights[-1][0] == 5


def test_the_newest_candles_of_the_comparison_shape_nothing(history, champion):
    cut = renewal.split(history, champion.spec, champion.card)
    assert cut.test_start > history.candles.index.searchsorted(pd.Timestamp(champion.card.cutoff))
    assert cut.fit_end == cut.test_start
    origins = cut.validation_origins(champion.card.needs)
    assert max(rows.stop for rows in origins) + cut.horizon <= cut.test_start
    # Half of what is new, at most 1,000, and at least what a claim needs.
    spec = dataclasses.replace(champion.spec, horizon=24)
    assert len(renewal.split(history, spec, champion.card).test_origins()) == 20 * 24
    long = synthetic.history(4000)
    cut = renewal.split(long, champion.spec, champion.card)
    assert len(cut.test_origins()) == renewal.MAX_ORIGINS


def test_on_the_command_line_and_in_a_tick(service, history, champion, home, tmp_path, capsys):
    """A shipped model is renewed as a copy; what is past its date is renewed by a tick."""
    file = tmp_path / "BTC_1h.csv"
    history.candles.to_csv(file)

    def run(*args: str):
        status = cli.main([*args])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    status, out, err = run("retrain", "mine", "--data", str(file), "--fresh", "--json")
    assert status == 0, err
    result = json.loads(out)
    assert (result["promoted"], result["saved"], result["start"]) == (True, "mine", "fresh")
    assert result["contest"]["ci_low"] > -result["contest"]["margin"]
    assert result["champion"]["version"].startswith("sha256:")
    status, out, _ = run("models", "history", "mine", "--json")
    versions = json.loads(out)["versions"]
    assert [one["current"] for one in versions] == [True, False]
    assert run("models", "history", "mine")[1].count("\n") > 4
    assert run("models", "rollback", "mine", "--to", versions[1]["version"][:19])[0] == 0
    assert (
        json.loads(run("models", "history", "mine", "--json")[1])["versions"][0]["version"]
        == (versions[1]["version"])
    )
    assert run("retrain", "global-1h-lstm")[0] == 3
    assert run("retrain", "mine", "--warm", "--fresh")[0] == 2
    assert run("retrain", "mine")[0] == 3  # real prices are needed, and there are none
    assert "Live prices" in run("retrain", "btc-1h-dense")[2]

    # A tick tries what is past its date, and nothing that was tried a moment ago.
    assert is_expired(service.saved_models.load("mine").model.card, pd.Timestamp.now("UTC"))
    (home / "models" / "mine" / "versions" / "attempt.json").unlink()
    assert service.renewals.due() == ["mine"]
    result = ticks.tick(service)
    service.ledger.close()
    assert isinstance(result.failures["renew"], SourceUnavailable)
    assert service.renewals.due() == ["mine"]  # prices may come back at any moment
    service.renewals.renew("mine", [history], user=OWNER)
    assert service.renewals.due() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--interval 4h", "--interval goes with prices of your choice only. Add --data FILE"),
        ("--columns time=X", "--columns goes with a price file only. Add --data FILE."),
        ("--columns time=X --days 90", "--columns goes with a price file only. Add --data FILE."),
    ],
)
def test_an_option_that_a_renewal_would_not_use_is_refused(service, capsys, options, words):
    assert cli.main(["retrain", "mine", *options.split()]) == 2
    assert words in capsys.readouterr().err


def test_a_tick_tells_a_refused_renewal_and_ends_well(home, champion):
    """Too few candles are new: that is no failure, and is not tried again for a while."""
    market = Market(pd.Timestamp.now("UTC").floor("h"))
    cutoff = market.now - 30 * HOUR
    service = Service(Settings(home, fresh=0, retry=0))
    card = dataclasses.replace(champion.card, cutoff=cutoff.isoformat())
    service.saved_models.add(dataclasses.replace(champion, card=card), "mine", user=OWNER)
    prices = PriceService(service.settings, [market])
    service.renewals = RenewalService(
        service.settings, prices, service.training, service.saved_models, service.signals,
        Memory(service.settings.memory), clock=lambda: market.now + pd.Timedelta(days=200),
    )  # fmt: skip
    args = options.parser().parse_args(["tick", "--models", "naive", "--prices", "any"])
    assert service.renewals.due() == ["mine"]
    answer = commands.answer(service, args, lambda: False)
    assert (answer.status, answer.json["failures"], answer.json["renewal"]) == (0, {}, None)
    refusal = answer.json["refused_renewal"]
    assert refusal["model"] == "mine"
    assert "at least 30 forecasts of candles that neither has learnt from" in refusal["sentence"]
    assert f"mine: {refusal['sentence']}" in answer.text
    assert service.renewals.due() == []
    again = commands.answer(service, args, lambda: False)
    assert again.json["refused_renewal"] is None


# ------------------------------------------------------------------ models for all coins


def coin(name: str, seed: int, rows: int = 1100) -> PriceHistory:
    return dataclasses.replace(synthetic.history(rows, seed=seed), coin=name)


@pytest.fixture(scope="module")
def coins() -> list[PriceHistory]:
    return [coin("BTC", 1), coin("ETH", 2), coin("XRP", 3)]


@pytest.fixture(scope="module")
def model_for_all(coins) -> TrainedModel:
    settings = {"units": (4,), "lookback": 5, "horizon": 2, "epochs": 3}
    spec = global_models.make_spec("1h", network="dense", **settings)
    model = global_training.train(coins, spec, until=coins[0].candles.index[700])
    return weakened(model)  # so that the next one is better


@pytest.fixture
def for_all(home, model_for_all) -> Service:
    service = Service(Settings(home, live=False))
    service.saved_models.add(model_for_all, "all", user=OWNER)
    return service


@pytest.mark.parametrize("fresh", [False, True])
def test_a_model_for_all_coins_is_renewed_on_each_of_them(for_all, coins, model_for_all, fresh):
    result = for_all.renewals.renew("all", coins[::-1], user=OWNER, fresh=fresh)
    assert result.saved == "all"
    assert "hours of 3 coins that neither had learnt from" in result.sentence
    saved = for_all.saved_models.load("all").model
    assert (saved.card.scope, saved.card.coins) == ("global", ("BTC", "ETH", "XRP"))
    assert pd.Timestamp(saved.card.cutoff) > pd.Timestamp(model_for_all.card.cutoff)
    assert saved.card.learnt_until <= result.first
    assert result.last == coins[0].closes_at - pd.Timedelta(hours=2)
    assert result.origins == 3 * 200
    assert saved.card.verdict.startswith("On 3 coins that it had learnt from, on newer candles")
    # The losses of one time are averaged over the coins.
    since = pd.Timestamp(saved.card.cutoff) + HOUR
    again = renewal.compete(coins, model_for_all, saved, since)
    assert again.challenger_loss == pytest.approx(result.challenger_loss, rel=1e-12)
    alone = [renewal.compete([one], model_for_all, saved, since) for one in coins]
    assert again.champion_loss == pytest.approx(np.mean([one.champion_loss for one in alone]))
    assert saved.card.scores["dense"]["pinball"] == pytest.approx(
        np.mean([one.tests[0].scores["dense"][-1].pinball for one in alone])
    )
    assert for_all.renewals.rollback("all", user=OWNER).version == result.champion_version


def test_the_candles_of_the_comparison_shape_no_model_for_all_coins(for_all, coins, model_for_all):
    since = renewal.moment(coins, model_for_all.spec, model_for_all.card)
    changed = []
    for one in coins:
        candles = one.candles.copy()
        candles.loc[since:, ["open", "high", "low", "close"]] *= 1.5
        changed.append(dataclasses.replace(one, candles=candles))
    first, second = (
        for_all.renewals.renew("all", given, user=OWNER, save=name)
        for given, name in ((coins, "one"), (changed, "other"))
    )
    assert first.challenger.card.cutoff == second.challenger.card.cutoff
    for saved in filter(None, (first.saved, second.saved)):
        assert for_all.saved_models.load(saved).model.card.learnt_until <= since
    weights = [for_all.saved_models.load(name).model.weights for name in ("one", "other")]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_each_coin_of_a_model_for_all_is_needed_and_no_other(for_all, coins):
    with pytest.raises(InvalidInput, match=r"BTC, ETH, XRP\. Received: BTC 1h, ETH 1h\."):
        for_all.renewals.renew("all", coins[:2], user=OWNER)
    with pytest.raises(InvalidInput, match="every coin that it learnt from"):
        for_all.renewals.renew("all", [*coins[:2], coin("LTC", 4)], user=OWNER)
    simulated = dataclasses.replace(coins[2], simulated=True)
    with pytest.raises(InvalidInput, match="real prices is renewed by such prices alone"):
        for_all.renewals.renew("all", [*coins[:2], simulated], user=OWNER)
    few = [dataclasses.replace(one, candles=one.candles.iloc[:730]) for one in coins]
    with pytest.raises(NotEnoughData, match="neither has learnt from"):
        for_all.renewals.renew("all", few, user=OWNER)


def test_a_model_for_all_is_renewed_by_files_and_by_the_library(for_all, coins, tmp_path, capsys):
    files = [tmp_path / f"{one.coin}_1h.csv" for one in coins]
    for one, file in zip(coins, files, strict=True):
        one.candles.to_csv(file)
    assert cli.main(["retrain", "all", "--data", *map(str, files), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["promoted"]
    assert cli.main(["retrain", "all", "--data", str(files[0])]) == 2
    assert "every coin that it learnt from" in capsys.readouterr().err
    cf.load("all").rollback()
    assert cf.load("all").retrain([cf.read(file) for file in files]).saved == "all"
    # Past its date, a tick tries it too.
    cf.load("all").rollback()
    (for_all.settings.home / "models" / "all" / "versions" / "attempt.json").unlink()
    assert for_all.renewals.due() == ["all"]
