"""Results as text: the verdict first, then a compact table with units and spans."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from cryptoforecast import json_views
from cryptoforecast.cli import tables
from cryptoforecast.service import choices
from cryptoforecast.service.forecasts import calibration_sentence, members_sentence, spread_sentence
from cryptoforecast.service.saved_models import parameters, unused_inputs
from cryptoforecast.texts import lines_text
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    MEDIAN,
    QUANTILES,
    Backtest,
    Extremes,
    Leaderboard,
    ModelSummary,
    NextSteps,
    Probability,
    Scores,
    Touch,
    Verdict,
    WalkForward,
    confidence,
    price_text,
)
from cryptoforecast.types.durations import span_text
from cryptoforecast.types.expiry import expires, expiry_text, is_expired

#: The quantiles between which a band lies, by level (%).
_BANDS = {80: (0.1, 0.9), 95: (0.025, 0.975)}


def backtest(result: Backtest, saved: str | None = None) -> str:
    """Describe a backtest: the verdict, the prices and spans, and every predictor's figures.

    Args:
        result: A backtest.
        saved: Name of the saved model that was tested; ``None`` for one that was trained.
    """
    lines = _tested(result)
    if saved is not None:
        lines.append(f"Model: {saved} ({result.spec.network}), not trained again.")
    elif result.model is not None:
        record = result.model.record
        cached = ", from the training cache" if result.cached else ""
        lines.append(
            f"Training: {record.epochs} epochs in {record.seconds:.0f} s, "
            f"{record.targets_per_second:,.0f} targets/s{cached}."
        )
    return lines_text([*lines, "", *_scores(result)])


def walk_forward(tested: WalkForward) -> str:
    """Describe a walk-forward test: as a backtest, with each fold against the last price."""
    result, plan = tested.backtest, tested.plan
    unknown = result.spec.horizon
    if len(tested.folds) == 1 and tested.folds[0].split == result.split:
        return backtest(result)
    window = f", of {plan.window_rows:,} candles" if plan.window_rows is not None else ""
    lines = [
        *_tested(result),
        f"Walk forward: {len(tested.folds)} folds, each fitted on the candles before it ("
        f"{plan.window} window{window}), with a gap of {plan.gap:,} between the last origin learnt "
        "from and the first tested.",
        f"The last {unknown:,} candle{'s are' if unknown > 1 else ' is'} no origin"
        f"{'s' * (unknown > 1)}: the targets are not known yet.",
    ]
    if choices.is_network(result.spec):
        cached = sum(fold.cached for fold in tested.folds)
        lines.append(f"Fits from the training cache: {cached} of {len(tested.folds)}.")
    if plan.warm_start:
        lines.append(
            "Warm start: each fit after the first starts from the weights of the fit before."
        )
    return lines_text([*lines, "", *_scores(result), "", *_folds(tested)])


def leaderboard(board: Leaderboard) -> str:
    """Describe a leaderboard: each predictor's figure, skill and its interval.

    For a coverage, the skill is the share inside the band minus the level of the band.
    """
    rows = []
    for each in board.standings:
        skill, low, high = (100 * value for value in (each.skill, each.low, each.high))
        places = max(2, confidence.decimals(skill, low, high))
        written = confidence.interval_text(low, high, places, "+")
        rows.append(
            [
                each.predictor,
                tables.number(each.value, ".5g"),
                tables.UNDEFINED if math.isnan(skill) else confidence.rounded(skill, places, "+"),
                tables.UNDEFINED if math.isnan(low) else written,
                _direction(board, each.low) if each.beyond_chance else "",
            ]
        )
    coverage = board.metric.startswith("coverage")
    against = "off the level, points" if coverage else f"better than {board.reference}, %"
    header = ("predictor", board.metric, against, "95 % interval", "beyond chance")
    title = f"Leaderboard by {board.metric}, step {board.step}, {board.origins:,} origins:"
    note = (
        "Intervals are corrected for the number of comparisons (Holm). A difference is more than "
        "chance if its interval leaves out 0."
    )
    return lines_text(["", title, *tables.aligned(header, rows), note])


def _direction(board: Leaderboard, low: float) -> str:
    if board.metric.startswith("coverage"):
        return "off"
    return "better" if low > 0 else "worse"


def _tested(result: Backtest) -> list[str]:
    """Describe the verdict, the warnings, the prices and the test span."""
    cut, index, spec = result.split, result.history.candles.index, result.spec
    step = f"step {spec.horizon} of {spec.horizon}" if spec.horizon > 1 else "the next close"
    verdicts = result.verdict.sentence, *result.network_sentences
    lines = [*verdicts, *result.notes, "", *tables.prices(result.history)]
    # The close of the first origin, and that of the last target.
    first = index[cut.test_start] + result.history.candle_length
    lines.append(
        f"Test span: {len(cut.test_origins()):,} origins, closes from {tables.time(first)} to "
        f"{tables.time(result.history.closes_at)} UTC; figures of {step}."
    )
    return lines


def _scores(result: Backtest) -> list[str]:
    quote = result.history.quote
    rows = [_figures(name, steps[-1], quote) for name, steps in result.scores.items()]
    return tables.aligned(_figures_header(quote), rows)


def _folds(tested: WalkForward) -> list[str]:
    """Put each fold on a line: its spans, its fit, and the model's errors over naive's."""
    history, name = tested.backtest.history, tested.backtest.predictor
    opens, closes = history.candles.index, history.candles.index + history.candle_length
    rows = []
    for number, fold in enumerate(tested.folds, start=1):
        cut, own, naive = fold.split, fold.scores[name][-1], fold.scores["naive"][-1]
        record = None if fold.model is None else fold.model.record
        rows.append(
            [
                str(number),
                f"{opens[cut.first]:%Y-%m-%d} to {closes[cut.fit_end - 1]:%Y-%m-%d}",
                f"{closes[cut.test_start]:%Y-%m-%d} to {closes[fold.end - 1]:%Y-%m-%d}",
                f"{len(cut.test_origins()):,}",
                tables.UNDEFINED if record is None else f"{record.epochs}{' warm' * fold.warm}",
                tables.UNDEFINED if record is None else f"{record.seconds:.0f}",
                tables.ratio(own.mae, naive.mae),
                tables.ratio(own.pinball, naive.pinball),
                tables.number(own.coverage_80, ".1%"),
            ]
        )
    header = ("fold", "fitted on", f"{name} tested on", "origins", "epochs", "s",
              "MAE / naive", "pinball / naive", "in 80 %")  # fmt: skip
    return tables.aligned(header, rows)


def forecast(
    next_steps: NextSteps,
    verdict: Verdict | None,
    probabilities: Sequence[Probability] = (),
    touches: Sequence[Touch] = (),
    extremes: Extremes | None = None,
) -> str:
    """Describe a forecast, after its test on these prices and the warnings.

    Args:
        next_steps: A forecast from one origin.
        verdict: Of a test of its predictor on these prices; ``None`` where they are too few.
        probabilities: Probabilities of this forecast.
        touches: Probabilities of touching a price.
        extremes: How far the price may go; ``None`` if it is not wanted.
    """
    forecast, history = next_steps.forecast, next_steps.history
    quote = history.quote
    tested = "These prices are too few for a test." if verdict is None else verdict.sentence
    model = "" if forecast.predictor == next_steps.model else f" ({next_steps.model})"
    lines = [
        f"Test of {forecast.predictor}{model} on these prices: {tested}",
        *tables.beside_simulated(next_steps.warnings),
        "",
    ]
    lines += tables.prices(history)
    lines.append(
        f"Forecast from the last close, {price_text(float(forecast.close[0]), quote)} at "
        f"{tables.time(history.closes_at)} UTC. A time is when its price is known: the close of "
        f"its {history.interval} candle."
    )
    if next_steps.members:
        lines.append(members_sentence(next_steps.members))
    if next_steps.calibration is not None:
        since = f"{tables.time(next_steps.calibration.since + history.candle_length)} UTC"
        lines.append(calibration_sentence(next_steps.calibration, since))
    if next_steps.spread is not None:
        lines.append(spread_sentence(next_steps.spread))
    prices = forecast.quantile_prices[0]
    rows = []
    for step in range(1, forecast.horizon + 1):
        row = prices[step - 1]
        cells = [
            str(step),
            tables.time(next_steps.closing_times[step - 1]),
            tables.money(row[MEDIAN], quote, estimate=True),
        ]
        for ends in _BANDS.values():
            edges = (row[QUANTILES.index(each)] for each in ends)
            cells.append(" to ".join(tables.money(each, quote, estimate=True) for each in edges))
        rows.append(cells)
    bands = (f"{level} % band, {quote}" for level in _BANDS)
    header = ("step", "closes at (UTC)", f"median, {quote}", *bands)
    odds = {f"{each.direction} {price_text(each.level, quote)}": each for each in probabilities}
    reached = {price_text(each.price, quote): each for each in touches}
    lines += ["", *tables.aligned(header, rows)]
    lines += _by_step("Probability of ending:", odds)
    lines += _by_step("Probability of touching, by each step:", reached)
    if extremes is not None:
        lines += _extremes(extremes, quote)
    return lines_text(lines)


def _by_step(title: str, columns: Mapping[str, Probability | Touch]) -> list[str]:
    """Put the probabilities of each price level in a column; nothing without any."""
    if not columns:
        return []
    rows = [
        [str(step), *(_probability(float(value)) for value in values)]
        for step, values in enumerate(
            zip(*(each.by_step for each in columns.values()), strict=True), start=1
        )
    ]
    return ["", title, *tables.aligned(["step", *columns], rows)]


def _probability(value: float) -> str:
    """Format a probability; none is closer to 0 or 1 than forecasts can say."""
    if value < json_views.MIN_PROBABILITY:
        return f"< {json_views.MIN_PROBABILITY:.0%}"
    if value > json_views.MAX_PROBABILITY:
        return f"> {json_views.MAX_PROBABILITY:.0%}"
    return tables.number(value, ".1%")


def _extremes(extremes: Extremes, quote: str) -> list[str]:
    """Write the median and the 80 % band of how far the price may go by the last step."""
    low, high = _BANDS[80]
    ends = [MEDIAN, QUANTILES.index(low), QUANTILES.index(high)]
    rows = [
        [name, *(tables.money(float(value), quote, estimate=True) for value in prices[-1, ends])]
        for name, prices in (("highest price", extremes.high), ("lowest price", extremes.low))
    ]
    falls = (tables.number(float(value), ".1%") for value in extremes.largest_fall[-1, ends])
    rows.append(["largest fall from a high", *falls])
    header = ("by the last step", "median", "10 % are below", "90 % are below")
    return ["", *tables.aligned(header, rows)]


def models(models: Sequence[ModelSummary]) -> str:
    """List saved models, one on a line."""
    if not models:
        return "No saved models. Make one with `train --save NAME`.\n"
    header = (
        "name", "network", "coin", "interval", "horizon", "trained to", "age", "expires", "from",
    )  # fmt: skip
    rows, now = [], pd.Timestamp.now("UTC")
    for saved in models:
        spec, card = saved.spec, saved.card
        origin = _origin(saved)
        rows.append(
            [saved.name, spec.network, card.market, card.interval, str(spec.horizon),
             f"{card.learnt_until:%Y-%m-%d}", span_text(now - card.learnt_until),
             "expired" if is_expired(card, now) else f"{expires(card):%Y-%m-%d}",
             f"{origin}, simulated" * card.simulated or origin]
        )  # fmt: skip
    return lines_text(tables.aligned(header, rows))


def _origin(saved: ModelSummary) -> str:
    if saved.shipped:
        return "shipped"
    return "a guest's" if saved.card.guest else "yours"


def card(saved: ModelSummary) -> str:
    """Describe a saved model by its card, the verdict first."""
    spec, card = saved.spec, saved.card
    noun = INTERVAL_NOUNS[card.interval]
    facts = {
        "name": f"{saved.name} ({_origin(saved)})",
        "network": f"{spec.network}, units {_list(spec.units)}, {parameters(spec):,} parameters",
        "predicts": f"{card.coin}, steps 1 to {spec.horizon}, one each {noun}",
        "priced in": card.quote_words,
        "target, loss": f"{spec.target}, {spec.loss}",
        "reads": f"{card.needs} candles: {_list(spec.features)}, lookback {spec.lookback}",
        "signals": "; ".join(f"{name}: {about}" for name, about in card.signals.items()),
        "learnt nothing from": _list(unused_inputs(spec, saved.scaler)),
        "prices": f"{card.source}, {card.rows:,} candles that open {card.start} to {card.end}",
        "trained until": expiry_text(card, pd.Timestamp.now("UTC")),
        "fingerprint": card.fingerprint,
        "created": f"{card.created} with {_list(f'{k} {v}' for k, v in card.libraries.items())}",
    }
    facts = {name: fact for name, fact in facts.items() if fact}
    lines = [card.verdict or "This model was never tested."]
    lines += [tables.SIMULATED] if card.simulated else []
    lines += ["", *tables.pairs(facts)]
    if card.scores:
        rows = [
            _figures(name, _scores_of(figures), card.quote) for name, figures in card.scores.items()
        ]
        header = _figures_header(card.quote)
        lines += ["", f"On its own test span, step {spec.horizon}:", *tables.aligned(header, rows)]
    return lines_text(lines)


def _figures_header(quote: str) -> tuple[str, ...]:
    """Name the columns of ``_figures``."""
    unit = "" if quote == "any" else f", {quote}"
    return (
        "predictor", f"MAE{unit}", f"RMSE{unit}", "MAPE", "sMAPE", "MASE", "direction",
        "pinball, 1e-4", "in 80 %", "in 95 %",
    )  # fmt: skip


def _figures(name: str, scores: Scores, quote: str) -> list[str]:
    """Format one predictor's figures; the pinball loss in log-return times 10,000."""
    return [
        name,
        tables.money(scores.mae, quote, estimate=True),
        tables.money(scores.rmse, quote, estimate=True),
        tables.number(scores.mape, ".3%"),
        tables.number(scores.smape, ".3%"),
        tables.number(scores.mase, ".3f"),
        tables.number(scores.directional_accuracy, ".1%"),
        tables.number(scores.pinball * 1e4, ".3f"),
        tables.number(scores.coverage_80, ".1%"),
        tables.number(scores.coverage_95, ".1%"),
    ]


def _scores_of(figures: Mapping[str, float | None]) -> Scores:
    """Read the scores on a model's card; one that is absent is undefined."""
    values = {field.name: figures.get(field.name) for field in dataclasses.fields(Scores)}
    return Scores(**{k: math.nan if v is None else v for k, v in values.items()})


def _list(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))
