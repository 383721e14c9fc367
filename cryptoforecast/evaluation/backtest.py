"""Hold out the last share of a history and let every predictor forecast it.

All predictors get the same origins; baselines are fitted on the rows before the test span.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import scores as metrics
from cryptoforecast.evaluation.verdict import judge
from cryptoforecast.forecasting import band_width, calibration
from cryptoforecast.forecasting import warnings as cautions
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import inference, samples, specs
from cryptoforecast.types import (
    Backtest,
    Forecast,
    ModelSpec,
    PriceHistory,
    Scores,
    Split,
    TrainedModel,
    Verdict,
)

#: Baselines that a verdict refers to.
ALWAYS = ("naive", "cone")


def holdout(
    history: PriceHistory,
    spec: ModelSpec,
    model: TrainedModel | None = None,
    *,
    cached: bool = False,
    baselines: Collection[str] = tuple(BASELINES),
) -> Backtest:
    """Judge one model against the baselines on the last ``spec.test`` share.

    Args:
        history: ``n`` candles.
        spec: what is judged: the model's own, or one that names a baseline.
        model: trained on the rows before the test span; ``None`` to judge a baseline.
        cached: whether the model came from the training cache.
        baselines: names of those to compare with; naive, the cone and the one in question are
            always there.

    Raises:
        InvalidInput: if ``spec`` names neither a network with a model nor a baseline.
        NotEnoughData: if a span of the split would be too short.
    """
    if (model is None) == specs.is_network(spec):
        raise InvalidInput(f"Judging {spec.network} needs its trained model.")
    cut = samples.split(history, spec, trained=model is not None)
    forecasts = forecast(history, spec, cut, model, baselines)
    result = judge_forecasts(history, spec, cut, forecasts)
    begins = history.candles.index[cut.test_start]
    if model is None or not _seen(history, model, begins):
        seen, verdict = False, result.verdict
    else:
        seen, verdict = True, _withdrawn(result.verdict, model.card.cutoff, begins)
    notes = () if model is None else cautions.of_origin(history, model.card)
    return dataclasses.replace(
        result,
        verdict=verdict,
        model=model,
        cached=cached,
        seen=seen,
        notes=(*result.notes, *notes),
    )


def forecast(
    history: PriceHistory,
    spec: ModelSpec,
    cut: Split,
    model: TrainedModel | None,
    baselines: Collection[str] = tuple(BASELINES),
) -> dict[str, Forecast]:
    """Let the model and the baselines forecast the test origins of a cut.

    Args:
        history: ``n`` candles.
        spec: what is judged.
        cut: baselines are fitted on its rows from ``first`` to ``fit_end``.
        model: the network in question; ``None`` where ``spec`` names a baseline.
        baselines: as of ``holdout``.

    Returns:
        By predictor, on identical origins.

    Raises:
        InvalidInput: if ``spec`` names no predictor.
        NotEnoughData: if a baseline has too few rows to be fitted on.
    """
    if model is None and spec.network not in BASELINES:
        raise InvalidInput(
            f"`network` must be one of {', '.join((*specs.NETWORKS, *BASELINES))}. "
            f"Received: {spec.network!r}."
        )
    rows = cut.test_origins()
    seen = dataclasses.replace(history, candles=history.candles.iloc[cut.first :])
    forecasts = {
        name: kind.fit(seen, cut.fit_end - cut.first, spec.horizon).forecast(history, rows)
        for name, kind in BASELINES.items()
        if name in {*ALWAYS, *baselines, spec.network}
    }
    if model is not None:
        forecasts[spec.network] = _banded(model, history, cut)
    return forecasts


def _banded(model: TrainedModel, history: PriceHistory, cut: Split) -> Forecast:
    """Let a network forecast the test origins of a cut, its band adapted and calibrated as it goes.

    Forecasts from the validation rows are only looked back on. The band of a squared-error
    model is measured on residuals already.
    """
    rows = cut.test_origins()
    if model.spec.loss == "mse":
        return inference.forecast(model, history, rows)
    least = max(cut.train_end, cut.first + specs.needs(model.spec) - 1)
    begin = min(rows.start, max(least, rows.start - calibration.WINDOW - model.spec.horizon))
    said = band_width.adapted(inference.forecast(model, history, range(begin, rows.stop)), history)
    return calibration.rolling(said, rows.start - begin)


def score(
    history: PriceHistory, cut: Split, forecasts: Mapping[str, Forecast]
) -> dict[str, tuple[Scores, ...]]:
    """Score forecasts by predictor; MASE's scale is of the training rows of the cut."""
    close = history.candles["close"].to_numpy(float)[cut.first :]
    scale = metrics.naive_scale(close, cut.train_end - cut.first)
    return {name: metrics.score(said, scale) for name, said in forecasts.items()}


def judge_forecasts(
    history: PriceHistory, spec: ModelSpec, cut: Split, forecasts: Mapping[str, Forecast]
) -> Backtest:
    """Score forecasts of the test origins of a cut, and judge one against the last price.

    Args:
        history: ``n`` candles.
        spec: what is judged.
        cut: where the test span begins.
        forecasts: by predictor, on identical origins; ``ALWAYS`` and that of ``spec`` among them.
    """
    said, *measures = (forecasts[name] for name in (spec.network, *ALWAYS))
    return Backtest(
        history=history,
        spec=spec,
        split=cut,
        forecasts=forecasts,
        scores=score(history, cut, forecasts),
        verdict=judge(said, *measures, simulated=history.simulated),
        notes=cautions.of_test(history, cut, specs.needs(spec) if specs.is_network(spec) else 1),
    )


def joined(result: Backtest, other: Backtest) -> Backtest:
    """Add the baselines that only another backtest of the same origins has, in their order."""
    forecasts = {**other.forecasts, **result.forecasts}
    scores = {**other.scores, **result.scores}
    names = [name for name in (*BASELINES, result.spec.network) if name in forecasts]
    return dataclasses.replace(
        result,
        forecasts={name: forecasts[name] for name in names},
        scores={name: scores[name] for name in names},
    )


def saved(
    history: PriceHistory,
    model: TrainedModel,
    test: float = 0.2,
    validation: float = 0.16,
    *,
    baselines: Collection[str] = tuple(BASELINES),
) -> Backtest:
    """Judge a saved model, weights untouched, on the last ``test`` share of any history.

    The band of a squared-error model is measured anew from the residuals of the ``validation``
    share before.
    """
    spec = dataclasses.replace(model.spec, test=test, validation=validation)
    specs.check(spec)
    if spec.loss != "mse":
        return holdout(history, spec, model, baselines=baselines)
    before = samples.split(history, spec, trained=True).validation_origins(specs.needs(spec))
    measured_on, fewest = sum(map(len, before)), samples.FEWEST["validation"]
    if measured_on < fewest:
        raise NotEnoughData(
            f"The band of a squared-error model is measured on at least {fewest} candles before "
            f"the test span. Received: {measured_on}. Choose a longer history."
        )
    residuals = inference.residual_quantiles(model, history, before)
    measured = dataclasses.replace(model, residuals=residuals)
    result = holdout(history, spec, measured, baselines=baselines)
    note = f"Its band is measured on the {measured_on:,} candles before the test span."
    return dataclasses.replace(result, notes=(*result.notes, note))


def _seen(history: PriceHistory, model: TrainedModel, begins: pd.Timestamp) -> bool:
    """Whether the model may have been fitted on candles of a test span that begins then."""
    # Simulated prices share no moment with real ones.
    if model.card.simulated != history.simulated:
        return False
    return bool(pd.Timestamp(model.card.cutoff) >= begins)


def _withdrawn(verdict: Verdict, cutoff: str, begins: pd.Timestamp) -> Verdict:
    """Take back the verdict on a model that may have seen what it is tested on."""
    sentence = (
        f"Not a fair test: the model was fitted on candles up to {cutoff[:10]}, and the test "
        f"span begins on {begins:%Y-%m-%d}. Take with care: {verdict.sentence}"
    )
    return dataclasses.replace(verdict, beats_baseline=False, sentence=sentence)
