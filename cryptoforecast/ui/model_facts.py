"""What a saved model's card says of it, in the words of the Models page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cryptoforecast.service.backtests import outcome_of
from cryptoforecast.service.choices import COINS
from cryptoforecast.service.saved_models import parameters, unused_inputs
from cryptoforecast.types import ModelSummary, Outcome, duration
from cryptoforecast.ui import card, words

#: A verdict in one word.
VERDICTS: dict[Outcome, str] = {
    "better": "better", "tie": "tie", "worse": "worse", "unknown": words.DASH,
}  # fmt: skip
#: The facts of how a model was made; its own test says nothing beside another's.
_OF_MAKING = (
    "Network", "Inputs", "Looks back and ahead", "Target and loss", "Learnt from", "Learnt until",
    "Prices", "Priced in", "Training", "Saved by",
)  # fmt: skip
_NETWORKS = {"lstm": "LSTM", "dense": "Dense network"}


def outcome(one: ModelSummary) -> Outcome:
    """Return how its price compared with the last price in its test."""
    return outcome_of(one.card.verdict)


def score(one: ModelSummary, name: str, predictor: str | None = None) -> float:
    """Return a score of its test; NaN where it is unknown.

    Args:
        one: The model.
        name: A field of ``Scores``.
        predictor: Of whom; by default of the network.
    """
    value = one.card.scores.get(predictor or one.spec.network, {}).get(name)
    return math.nan if value is None else value


def error_name(one: ModelSummary) -> str:
    """Name the error that is known of it: that of many coins has no currency."""
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
    """Return the mark, the finding of its test and the sentence after it.

    A model of any coin was tested on coins that it had not learnt from, without a test of chance.
    """
    change, verdict = miss(one), outcome(one)
    size = words.change(abs(change)).lstrip("+")
    if verdict == "better":
        fee = "less than the usual fee" in one.card.verdict
        return "better", f"Beats “stays put” by {size}", "Less than a trading fee." if fee else ""
    if verdict == "worse":
        return "worse", "Worse than “stays put”", f"It misses by {size} more."
    if not math.isfinite(change):
        return "none", "Not tested yet", ""
    more = f"It misses by {size} {'more' if change > 0 else 'less'}"
    if verdict == "tie":
        return "tie", "No better than “stays put”", f"{more}, which may be chance."
    where = " on coins that it had not learnt from" if one.card.coin == "any" else ""
    if change >= 0:
        return "tie", "No better than “stays put”", f"{more}{where}."
    return "none", "Not proven", f"{more}{where}; that may be chance."


def verdict_word(one: ModelSummary) -> str:
    """Return the finding of its test in one word."""
    mark, _, _ = finding(one)
    return VERDICTS[mark] if mark in ("better", "tie", "worse") else words.DASH


def row(one: ModelSummary) -> dict[str, object]:
    """Return its row in the list of models."""
    return {
        "Model": one.name,
        "Verdict": verdict_word(one),
        "Miss": None if math.isnan(miss(one)) else 100 * miss(one),
        "Range held": 100 * score(one, "coverage_80"),
        "Coin": one.card.market,
        "Ahead": duration(one.spec.horizon, one.card.interval),
        "Learnt until": one.card.learnt_until.date(),
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
    return {
        "Test": model.verdict or words.DASH,
        "Miss / stays put (MAE ratio)": _ratio(miss(one) + 1),
        "Range error / constant range (pinball)": _ratio(
            _quotient(score(one, "pinball"), score(one, "pinball", "naive"))
        ),
        "95 % range held": words.percent(score(one, "coverage_95")),
        "Learnt from": f"{model.coin} {model.interval}, {model.start[:10]} to {model.end[:10]}, "
        f"{model.rows:,} candles",
        "Prices": f"{model.source}{' (simulated)' if model.simulated else ''}",
        "Priced in": model.quote_words,
        "Learnt until": f"{model.learnt_until:%Y-%m-%d}",
        "Looks back and ahead": f"{spec.lookback} and {spec.horizon} candles; reads {model.needs}",
        "Network": f"{spec.network} {'-'.join(map(str, spec.units))}, "
        f"{parameters(spec):,} parameters",
        "Inputs": ", ".join(spec.features),
        "Never varied in training": ", ".join(unused_inputs(spec, one.scaler)) or words.DASH,
        "Target and loss": f"{spec.target}, {spec.loss}",
        "Training": f"{one.record.epochs} epochs, {one.record.seconds:.0f} s, "
        + (f"seed {spec.seed}" if spec.ensemble == 1 else f"{spec.ensemble} seeds"),
        "Libraries": ", ".join(f"{name} {version}" for name, version in model.libraries.items()),
        "Data fingerprint": model.fingerprint,
        "Created": model.created[:16].replace("T", " ") + " UTC",
        "Saved by": saved_by(one, guest=guest),
    }


def differences(models: Sequence[ModelSummary], *, guest: bool) -> dict[str, list[str]]:
    """Return how models were made, as far as that differs: the facts of each by name.

    Args:
        models: The models.
        guest: Whether a guest reads this.
    """
    all_facts = [facts(one, guest=guest) for one in models]
    shared = set.intersection(*(set(one.spec.features) for one in models))
    for one, its_facts in zip(models, all_facts, strict=True):
        more = [name for name in one.spec.features if name not in shared]
        also = "also " if shared else ""
        its_facts["Inputs"] = f"{also}{', '.join(more)}" if more else "no other"
    rows = {name: [each[name] for each in all_facts] for name in _OF_MAKING}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def _quotient(own: float, other: float) -> float:
    return own / other if other > 0 else math.nan


def _ratio(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else words.DASH
