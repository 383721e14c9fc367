"""What a saved model's card says of it, in the words of the Models page."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from cryptoforecast.service.choices import COINS
from cryptoforecast.service.saved_models import USUAL_FEE, parameters, unused_inputs
from cryptoforecast.types import (
    ModelSummary,
    Outcome,
    duration,
    input_name,
    months_text,
    predictor_name,
)
from cryptoforecast.types.expiry import expiry_text
from cryptoforecast.ui import card, words

#: The predictor that combines a network with a regression.
COMBINED = "stack"
#: The facts of how a model was made, and of its own test, which was on other prices.
_COMPARED = (
    "Own test", "Network", "Inputs", "Looks back and ahead", "Target and loss", "Learnt from",
    "Learnt until", "Prices", "Priced in", "Training", "Saved by",
)  # fmt: skip
_NETWORKS = {"lstm": "LSTM", "dense": "Dense network"}
_TARGETS = {"return": "log-return", "price": "the price itself"}
_LOSSES = {"quantile": "nine quantiles", "mse": "squared error"}


def outcome(one: ModelSummary, predictor: str | None = None) -> Outcome:
    """Return how the predicted price compared with the last price in the model's own test.

    Args:
        one: The model.
        predictor: Whose predicted price; by default that of the network alone.
    """
    return one.card.outcomes.get(predictor or one.spec.network, "unknown")


def score(one: ModelSummary, name: str, predictor: str | None = None) -> float:
    """Return a score of its test; NaN where it is unknown.

    Args:
        one: The model.
        name: A field of ``Scores``.
        predictor: Whose score; by default that of the network alone.
    """
    value = one.card.scores.get(predictor or one.spec.network, {}).get(name)
    return math.nan if value is None else value


def error_name(one: ModelSummary) -> str:
    """Return ``"mae"``, or ``"mape"`` for a test on many coins, whose error has no currency."""
    return "mae" if math.isfinite(score(one, "mae")) else "mape"


def miss(one: ModelSummary) -> float:
    """Return how much larger its average miss is than the last price's, a fraction."""
    name = "mae" if math.isfinite(score(one, "mae")) else "mase"
    own, naive = score(one, name), score(one, name, "naive")
    return own / naive - 1 if naive > 0 else math.nan


def network(one: ModelSummary) -> str:
    """Name the kind of its network."""
    return _NETWORKS.get(one.spec.network, one.spec.network)


def about(one: ModelSummary) -> str:
    """Say in a line what it forecasts: "LSTM · Bitcoin, hourly · 1 hour ahead"."""
    coin = one.card.market
    name = "any coin" if coin == "any" else COINS[coin].name if coin in COINS else coin
    ahead = duration(one.spec.horizon, one.card.interval)
    return f"{network(one)} · {name}, {words.length(one.card.interval)} · {ahead} ahead"


def finding(one: ModelSummary) -> tuple[card.Mark, str, str]:
    """Return the mark, the finding of the network's test and the sentence after it.

    A model of any coin was tested on coins that it had not learnt from, without a test of chance.
    """
    change, verdict = miss(one), outcome(one)
    size = words.change(abs(change)).lstrip("+")
    if verdict == "better":
        little = one.card.gain is not None and one.card.gain < USUAL_FEE
        fee = "A trade in its direction would gain less than a usual fee." if little else ""
        return "better", f"Its network alone beats “stays put” by {size}", fee
    if verdict == "worse":
        return "worse", "Its network alone is worse than “stays put”", f"It misses by {size} more."
    if not math.isfinite(change):
        return "none", "Not tested yet", ""
    more = f"It misses by {size} {'more' if change > 0 else 'less'}"
    no_better = "Its network alone is no better than “stays put”"
    if verdict == "tie":
        return "tie", no_better, f"{more}, which may be chance."
    more += ", as a mean over the coins of its test"
    if change >= 0:
        return "tie", no_better, f"{more}."
    return "none", "Not proven", f"{more}; that may be chance."


def verdict_word(one: ModelSummary) -> str:
    """Return the finding of the network's test in one word."""
    mark, _, _ = finding(one)
    return words.VERDICTS.get(mark, words.DASH)


def own_test(one: ModelSummary) -> str:
    """Say what its own test was on: "BTC, Feb 2024 to Sep 2025"; a dash if there was none."""
    if math.isnan(miss(one)):
        return words.DASH
    if one.card.coin == "any":
        return f"{len(one.card.source.split(', ')):d} coins, each left out in turn"
    simulated = "simulated " if one.card.simulated else ""
    months = months_text(one.card.learnt_until, pd.Timestamp(one.card.end))
    return f"{simulated}{one.card.market}, {months}"


def row(one: ModelSummary) -> dict[str, object]:
    """Return its row in the list of models."""
    return {
        "Model": predictor_name(one.name),
        "Verdict": verdict_word(one),
        "Miss": None if math.isnan(miss(one)) else 100 * miss(one),
        "Range held": 100 * score(one, "coverage_80"),
        "Ahead": duration(one.spec.horizon, one.card.interval),
        "Tested on": own_test(one),
    }


def saved_by(one: ModelSummary, *, guest: bool) -> str:
    """Say who saved it.

    Args:
        one: The model.
        guest: Whether a guest reads this.
    """
    if one.shipped:
        return "the project"
    if one.card.guest:
        return "a guest"
    return "the owner" if guest else "you"


def facts(one: ModelSummary, *, guest: bool) -> dict[str, str]:
    """Return all that is known of it, by name.

    Args:
        one: The model.
        guest: Whether a guest reads this.
    """
    spec, model = one.spec, one.card
    simulated = " (simulated)" if model.simulated and model.source != "simulated" else ""
    signals = [f"{name}: {about}" for name, about in model.signals.items()]
    return {
        "Name to type": one.name,
        "Test": model.verdict or words.DASH,
        "Own test": f"{verdict_word(one)}: {own_test(one)}",
        "Miss / stays put (MAE ratio)": _ratio(miss(one) + 1),
        "Range error / constant range (pinball)": _ratio(
            _quotient(score(one, "pinball"), score(one, "pinball", "naive"))
        ),
        "95 % range held": words.percent(score(one, "coverage_95")),
        "Learnt from": f"{_coins(one)}, {words.prices(model.interval)}, {model.start[:10]} to "
        f"{model.end[:10]}, {model.rows:,} candles with its test",
        "Prices": f"{model.source}{simulated}",
        "Priced in": model.quote_words,
        "Learnt until": expiry_text(model, pd.Timestamp.now("UTC")),
        "Looks back and ahead": f"{spec.lookback} and {spec.horizon} candles; reads {model.needs}",
        "Network": f"{network(one)} {'-'.join(map(str, spec.units))}, "
        f"{parameters(spec):,} parameters",
        "Inputs": "; ".join([_names(spec.features), *signals]),
        "Never varied in training": _names(unused_inputs(spec, one.scaler)) or words.DASH,
        "Target and loss": f"{_TARGETS.get(spec.target, spec.target)}, "
        f"{_LOSSES.get(spec.loss, spec.loss)}",
        "Training": f"{words.passes(spec, one.record)}, {one.record.seconds:.0f} s, "
        + (f"seed {spec.seed}" if spec.ensemble == 1 else f"{spec.ensemble} seeds"),
        "Libraries": ", ".join(f"{name} {version}" for name, version in model.libraries.items()),
        "Data fingerprint": model.fingerprint,
        "Created": model.created[:16].replace("T", " ") + " UTC",
        "Saved by": saved_by(one, guest=guest),
    }


def differences(models: Sequence[ModelSummary], *, guest: bool) -> dict[str, list[str]]:
    """Return how models were made and tested, as far as that differs: the facts of each by name.

    Args:
        models: The models.
        guest: Whether a guest reads this.
    """
    all_facts = [facts(one, guest=guest) for one in models]
    shared = set.intersection(*(set(one.spec.features) for one in models))
    for one, its_facts in zip(models, all_facts, strict=True):
        more = [name for name in one.spec.features if name not in shared]
        also = "also " if shared else ""
        its_facts["Inputs"] = f"{also}{_names(more)}" if more else "no other"
    rows = {name: [each[name] for each in all_facts] for name in _COMPARED}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def _coins(one: ModelSummary) -> str:
    return "several coins" if one.card.coin == "any" else one.card.coin


def _names(features: Sequence[str]) -> str:
    return ", ".join(map(input_name, features))


def _quotient(own: float, other: float) -> float:
    return own / other if other > 0 else math.nan


def _ratio(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else words.DASH
