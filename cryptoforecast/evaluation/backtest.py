"""Backtest: hold out the last share of a history and let every predictor forecast it.

All predictors forecast from the same origins. Baselines are fitted on the rows before the test
span; a network brings its weights.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import saved_spans, scores
from cryptoforecast.evaluation.verdict import judge
from cryptoforecast.forecasting import baselines, network, stack, warnings
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.forecasting.predictor import Predictor
from cryptoforecast.forecasting.stack import MEMBERS, Stack
from cryptoforecast.learning import samples, specs
from cryptoforecast.types import (
    Array,
    Backtest,
    Forecast,
    ModelSpec,
    PriceHistory,
    Scores,
    Split,
    TrainedModel,
    Verdict,
)

#: Shares of the rows that a saved model is tested on, and that its band is measured on before.
DEFAULT_TEST, DEFAULT_VALIDATION = 0.2, 0.16
#: Baselines that a verdict refers to: they take part in every backtest.
REFERENCES = ("naive", "cone")


def run(
    history: PriceHistory, predictors: Sequence[Predictor], split: Split, spec: ModelSpec
) -> Backtest:
    """Let predictors forecast the test origins of a split, and give a verdict on one.

    Args:
        history: ``n`` candles.
        predictors: Predictors that were not fitted on the test rows, ``REFERENCES`` among them.
        split: The split that has the test rows.
        spec: Settings of the tested predictor; ``spec.network`` is its name.

    Returns:
        Forecasts and scores by predictor, in the order of ``predictors``, and the verdict.
    """
    return evaluate(history, forecasts(history, predictors, split), split, spec)


def forecasts(
    history: PriceHistory, predictors: Sequence[Predictor], split: Split
) -> dict[str, Forecast]:
    """Return the forecasts of the test origins of a split by predictor, in their order.

    An outcome on the other side of a change of the coin's unit is unknown, so that nothing is
    judged across it.
    """
    rows = split.test_origins()
    result: dict[str, Forecast] = {}
    for each in predictors:
        result |= _with_members(each, history, rows)
    result = _in_order(result)
    changes = samples.unit_changes(history)
    if not changes:
        return result
    unknown = _across(changes, rows, split.horizon)
    return {
        name: dataclasses.replace(one, actual=np.where(unknown, np.nan, one.actual))
        for name, one in result.items()
    }


def _in_order(forecasts: Mapping[str, Forecast]) -> dict[str, Forecast]:
    """Put the baselines in their order, and the others after them as they are."""
    names = [name for name in dict.fromkeys((*BASELINES, *forecasts)) if name in forecasts]
    return {name: forecasts[name] for name in names}


def _with_members(
    predictor: Predictor, history: PriceHistory, rows: range
) -> Mapping[str, Forecast]:
    """Let a predictor forecast; a stack also returns the forecasts of its members."""
    if isinstance(predictor, Stack):
        return predictor.with_members(history, rows).forecasts
    return {predictor.name: predictor.forecast(history, rows)}


def _across(changes: Sequence[int], rows: range, horizon: int) -> Array:
    """Mark the targets that lie beyond a change of unit, ``(len(rows), horizon)`` bool."""
    origins = np.asarray(rows, dtype=np.intp)[:, None]
    targets = origins + np.arange(1, horizon + 1)
    marks: Array = np.logical_or.reduce([(origins < row) & (targets >= row) for row in changes])
    return marks


def evaluate(
    history: PriceHistory, forecasts: Mapping[str, Forecast], split: Split, spec: ModelSpec
) -> Backtest:
    """Score forecasts, and compare the tested one with the last price.

    Args:
        history: ``n`` candles.
        forecasts: Forecasts by predictor, all from the test origins of the split. Those of
            ``REFERENCES`` and of ``spec.network`` are among them.
        split: The split of the history.
        spec: Settings of the tested predictor; ``spec.network`` is its name.
    """
    references = [forecasts[name] for name in REFERENCES]
    candidates = [name for name in (stack.NAME, spec.network) if name in forecasts]
    return Backtest(
        history=history,
        spec=spec,
        split=split,
        forecasts=forecasts,
        scores=score(history, split, forecasts),
        verdicts={
            name: judge(
                forecasts[name],
                *references,
                others=[forecasts[other] for other in candidates if other != name],
                simulated=history.simulated,
            )
            for name in candidates
        },
        notes=warnings.of_test(history, split, specs.candles_read(spec)),
    )


def score(
    history: PriceHistory, split: Split, forecasts: Mapping[str, Forecast]
) -> dict[str, tuple[Scores, ...]]:
    """Score forecasts by predictor; MASE's scale comes from the training rows of the split."""
    close = history.candles["close"].to_numpy(float)[split.first :]
    scale = scores.naive_scale(close, split.train_end - split.first)
    return {name: scores.score(forecast, scale) for name, forecast in forecasts.items()}


def predictors(
    history: PriceHistory,
    spec: ModelSpec,
    split: Split,
    model: TrainedModel | None,
    names: Collection[str] = tuple(BASELINES),
) -> list[Predictor]:
    """Fit the baselines of a test, and add the network.

    Args:
        history: ``n`` candles.
        spec: Settings of the tested predictor.
        split: The split; baselines are fitted on its rows from ``first`` to ``fit_end``.
        model: The tested network; ``None`` where ``spec`` names a baseline.
        names: Names of the baselines to compare with. ``REFERENCES`` and a tested baseline take
            part in any case.

    Returns:
        The baselines in the order of ``BASELINES``. With a network, the baselines ``MEMBERS`` are
        left out, and a stack follows, whose members are the network and these baselines.

    Raises:
        InvalidInput: If ``spec`` names no predictor.
        NotEnoughData: If a baseline has too few rows to be fitted on.
    """
    selection = {*REFERENCES, *names}
    if model is None:
        if spec.network not in BASELINES:
            raise InvalidInput(
                f"`network` must be one of {', '.join((*specs.NETWORKS, *BASELINES))}. "
                f"Received: {spec.network!r}."
            )
        selection.add(spec.network)
    if model is None:
        return [*baselines.fit(selection, history, split)]
    by_name = {each.name: each for each in baselines.fit({*selection, *MEMBERS}, history, split)}
    members = tuple(by_name.pop(name) for name in MEMBERS)
    return [*by_name.values(), Stack(network.for_test(model, split), members)]


def holdout(
    history: PriceHistory,
    spec: ModelSpec,
    model: TrainedModel | None = None,
    *,
    cached: bool = False,
    baselines: Collection[str] = tuple(BASELINES),
) -> Backtest:
    """Test one model beside the baselines on the last ``spec.test`` share.

    Args:
        history: ``n`` candles.
        spec: Settings of the model, or settings that name a baseline.
        model: Network trained on the rows before the test span; ``None`` to test a baseline.
        cached: Whether the model came from the training cache.
        baselines: Names of the baselines to compare with; see ``predictors``.

    Raises:
        InvalidInput: If ``spec`` names neither a network with a model nor a baseline.
        NotEnoughData: If a span of the split would be too short.
    """
    is_network = specs.is_network(spec)
    if is_network and model is None:
        raise InvalidInput(f"Judging {spec.network} needs its trained model.")
    if not is_network and model is not None:
        raise InvalidInput(
            f"A baseline is tested without a model. Received: {spec.network} with a model. Leave "
            "it out."
        )
    history = samples.in_one_unit(history)
    split = samples.split(history, spec, trained=model is not None)
    result = run(history, predictors(history, spec, split, model, baselines), split, spec)
    return result if model is None else _with_model(result, model, cached=cached)


def saved(
    history: PriceHistory,
    model: TrainedModel,
    test: float | None = None,
    validation: float | None = None,
    *,
    since: pd.Timestamp | None = None,
    baselines: Collection[str] = tuple(BASELINES),
) -> Backtest:
    """Test a saved model as it is, on the last ``test`` share of any history.

    Nothing but baselines and bands is fitted, so the test span may be almost all of the history.

    Args:
        history: ``n`` candles.
        model: A trained network.
        test: Share of rows to test on, the last ones; 0.2 by default.
        validation: Share of rows before the test, on which its band is measured; by default 0.16,
            and 0.32 of the rows before the test span where less than half of all are before it.
        since: Test on all rows from this time on, UTC, in place of ``test``.
        baselines: Names of the baselines to compare with; see ``predictors``.

    Raises:
        InvalidInput: If a share is outside the rules, or both ``test`` and ``since`` are given.
        NotEnoughData: If a span of the split would be too short.
    """
    saved_spans.check_shares(test, validation, since)
    if since is not None:
        test = saved_spans.share_since(history, model.spec, since)
    else:
        test = DEFAULT_TEST if test is None else test
        saved_spans.check_start(history, model.spec, test)
    if validation is None:
        validation = min(DEFAULT_VALIDATION, 2 * DEFAULT_VALIDATION * (1 - test))
    if test + validation >= 1:
        raise InvalidInput(
            "Baselines need candles before the test and the validation span. Received: `test` "
            f"{test:g} and `validation` {validation:g}. Choose smaller shares."
        )
    spec = dataclasses.replace(model.spec, test=test, validation=validation)
    note = _squared_error_note(history, spec)
    result = holdout(history, spec, model, baselines=baselines)
    return dataclasses.replace(result, notes=(*result.notes, *note))


def alone(result: Backtest) -> Backtest:
    """Return the test of a baseline with its own forecast alone, a fraction of the whole."""
    name = result.spec.network
    return dataclasses.replace(
        result, forecasts={name: result.forecasts[name]}, scores={name: result.scores[name]}
    )


def with_baselines(result: Backtest, other: Backtest) -> Backtest:
    """Add the baselines that only another backtest of the same origins has, in their order."""
    forecasts = _in_order({**other.forecasts, **result.forecasts})
    figures = {**other.scores, **result.scores}
    return dataclasses.replace(
        result, forecasts=forecasts, scores={name: figures[name] for name in forecasts}
    )


def _with_model(result: Backtest, model: TrainedModel, *, cached: bool) -> Backtest:
    """Add the network, and say if the test was not fair or if it learnt from other prices."""
    history = result.history
    begins = history.candles.index[result.split.test_start]
    has_leak = may_have_seen(history, model, begins)
    read = len(history) - result.split.test_start + model.card.needs - 1
    return dataclasses.replace(
        result,
        verdicts={
            name: _withdrawn(history, verdict, model, begins + history.candle_length)
            if has_leak
            else verdict
            for name, verdict in result.verdicts.items()
        },
        model=model,
        cached=cached,
        seen=has_leak,
        notes=(
            *result.notes,
            *warnings.of_inputs(history, model, read),
            *warnings.of_origin(history, model.card),
        ),
    )


def _squared_error_note(history: PriceHistory, spec: ModelSpec) -> tuple[str, ...]:
    """Write on how many candles the band of a squared-error model is measured.

    Raises:
        NotEnoughData: If there are too few.
    """
    if spec.loss != "mse":
        return ()
    rows = samples.split(history, spec, trained=True).validation_origins(specs.needs(spec))
    count, least = sum(map(len, rows)), samples.MIN_ORIGINS["validation"]
    if count < least:
        raise NotEnoughData(
            f"The band of a squared-error model is measured on at least {least} candles before "
            f"the test span. Received: {count}. Choose a longer history."
        )
    return (f"Its band is measured on the {count:,} candles before the test span.",)


def may_have_seen(history: PriceHistory, model: TrainedModel, begins: pd.Timestamp) -> bool:
    """Return whether the model may have been fitted on candles from ``begins`` on."""
    # Simulated prices share no moment with real ones.
    if model.card.simulated != history.simulated:
        return False
    return bool(pd.Timestamp(model.card.cutoff) >= begins)


def _withdrawn(
    history: PriceHistory, verdict: Verdict, model: TrainedModel, first: pd.Timestamp
) -> Verdict:
    """Withdraw a verdict: the model may have been fitted on part of the test span.

    Args:
        history: The prices of the test.
        verdict: What the test found.
        model: The model.
        first: When the first forecast of the test is made, at the close of a candle.
    """
    card = model.card
    unseen = history.candles.index > pd.Timestamp(card.cutoff)
    enough = unseen.sum() >= samples.MIN_ORIGINS["test"] + model.spec.horizon
    remedy = (
        "A test of all prices since then is fair (`--since cutoff`, on the Backtest page *All "
        "since training*)."
        if enough
        else "A fair test needs prices that end later."
    )
    sentence = (
        f"Not a fair test: the model was fitted on prices up to {card.learnt_until:%Y-%m-%d}, and "
        f"the test span begins on {first:%Y-%m-%d}. {remedy} Take with care: "
        f"{verdict.sentence}"
    )
    return dataclasses.replace(verdict, beats_baseline=False, sentence=sentence)
