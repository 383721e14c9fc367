"""Answers in words: the verdict first, then a compact table with units and spans."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from cryptoforecast.evaluation.losses import band
from cryptoforecast.forecasting.next_steps import calibration_sentence, spread_sentence
from cryptoforecast.learning import bundles, specs
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    MEDIAN,
    Backtest,
    Leaderboard,
    NextSteps,
    PriceHistory,
    Probability,
    SavedModel,
    Scores,
    TrainedModel,
    WalkForward,
)

SIMULATED = "SIMULATED PRICES: nothing here says anything of a real market."
UNDEFINED = "-"


def backtest(result: Backtest, saved: str | None = None) -> str:
    """Say the verdict, what it was measured on, and every predictor's figures."""
    lines = _tested(result)
    if saved is not None:
        lines.append(f"Model: {saved} ({result.spec.network}), weights untouched.")
    elif result.model is not None:
        record = result.model.record
        cached = ", from the training cache" if result.cached else ""
        lines.append(
            f"Training: {record.epochs} epochs in {record.seconds:.0f} s, "
            f"{record.targets_per_second:,.0f} targets/s{cached}."
        )
    return "\n".join([*lines, "", *_scores(result)]) + "\n"


def walk_forward(tested: WalkForward) -> str:
    """Say the same of a walk-forward test, and how each fold fared against the last price."""
    joined, plan = tested.backtest, tested.plan
    unknown = joined.spec.horizon
    if len(tested.folds) == 1 and tested.folds[0].split == joined.split:
        return backtest(joined)
    window = f", of {plan.window_rows:,} candles" if plan.window_rows is not None else ""
    lines = [
        *_tested(joined),
        f"Walk forward: {len(tested.folds)} folds, each fitted on what lies before it ("
        f"{plan.window} window{window}), with a gap of {plan.gap:,} between the last origin learnt "
        "from and the first judged.",
        f"No origins: the last {unknown:,} candle{'s' * (unknown > 1)}, whose targets are not "
        "known yet.",
    ]
    if specs.is_network(joined.spec):
        known = sum(fold.cached for fold in tested.folds)
        lines.append(f"Fits from the training cache: {known} of {len(tested.folds)}.")
    if plan.warm_start:
        lines.append("Warm start: each fit after the first goes on from the weights before it.")
    return "\n".join([*lines, "", *_scores(joined), "", *_folds(tested)]) + "\n"


def leaderboard(board: Leaderboard) -> str:
    """Put each predictor on a line: its figure, its lead with the interval, its p-values.

    Of a coverage the lead is the share inside minus the share promised.
    """
    rows = [
        [
            each.predictor,
            _number(each.value, ".5g"),
            _number(each.skill, "+.2%"),
            UNDEFINED if math.isnan(each.low) else f"{each.low:+.2%} to {each.high:+.2%}",
            _number(each.p_value, ".3g"),
            _number(each.p_holm, ".3g"),
        ]
        for each in board.standings
    ]
    against = "the promise" if board.metric.startswith("coverage") else board.reference
    header = ("predictor", board.metric, f"against {against}", "95 % interval", "p", "p (Holm)")
    what = f"Leaderboard by {board.metric}, step {board.step}, {board.origins:,} origins:"
    return "\n".join(["", what, *_table(header, rows)]) + "\n"


def _tested(result: Backtest) -> list[str]:
    """Say the verdict, what to beware of, and which prices it was measured on."""
    cut, index, spec = result.split, result.history.candles.index, result.spec
    step = f"step {spec.horizon} of {spec.horizon}" if spec.horizon > 1 else "the next close"
    lines = [result.verdict.sentence, *result.notes, "", *_prices(result.history)]
    lines.append(
        f"Test span: {len(cut.test_origins()):,} origins, {_time(index[cut.test_start])} to "
        f"{_time(index[-1])} UTC; figures of {step}."
    )
    return lines


def _scores(result: Backtest) -> list[str]:
    return _table(_FIGURES, [_figures(name, steps[-1]) for name, steps in result.scores.items()])


def _folds(tested: WalkForward) -> list[str]:
    """Put each fold on a line: its spans, its fit, and the judged model over the last price."""
    index, name = tested.backtest.history.candles.index, tested.backtest.spec.network
    rows = []
    for number, fold in enumerate(tested.folds, start=1):
        cut, own, naive = fold.split, fold.scores[name][-1], fold.scores["naive"][-1]
        record = None if fold.model is None else fold.model.record
        rows.append(
            [
                str(number),
                f"{index[cut.first]:%Y-%m-%d} to {index[cut.fit_end - 1]:%Y-%m-%d}",
                f"{index[cut.test_start]:%Y-%m-%d} to {index[fold.end - 1]:%Y-%m-%d}",
                f"{len(cut.test_origins()):,}",
                UNDEFINED if record is None else f"{record.epochs}{' warm' * fold.warm}",
                UNDEFINED if record is None else f"{record.seconds:.0f}",
                _ratio(own.mae, naive.mae),
                _ratio(own.pinball, naive.pinball),
                _number(own.coverage_80, ".1%"),
            ]
        )
    header = ("fold", "fitted on", f"{name} judged on", "origins", "epochs", "s",
              "MAE / naive", "pinball / naive", "in 80 %")  # fmt: skip
    return _table(header, rows)


def _ratio(value: float, baseline: float) -> str:
    return _number(value / baseline, ".4f") if baseline > 0 else UNDEFINED


def forecast(future: NextSteps, model: TrainedModel, asked: Sequence[Probability] = ()) -> str:
    """Say what comes next, after what to beware of and how the model fared before.

    Args:
        future: of one origin.
        model: what forecast it.
        asked: chances of this forecast.
    """
    said, history = future.forecast, future.history
    verdict = model.card.verdict or "This model was never judged."
    lines = [f"Past test of {future.model}: {verdict}", *future.warnings, "", *_prices(history)]
    lines.append(
        f"Forecast from the {history.interval} candle of {_time(said.origins[0])} UTC, which "
        f"closed at {_usd(float(said.close[0]))} USD. Times are candles' opens; prices are closes."
    )
    if future.calibration is not None:
        since = f"{_time(future.calibration.since)} UTC"
        lines.append(calibration_sentence(future.calibration, since))
    if future.spread is not None:
        lines.append(spread_sentence(future.spread))
    prices = said.quantile_prices[0]
    rows = []
    for step in range(1, said.horizon + 1):
        row = prices[step - 1]
        cells = [
            str(step),
            _time(said.origins[0] + step * history.candle_length),
            _usd(row[MEDIAN]),
        ]
        for level in (80, 95):
            low, high = band(level)
            cells.append(f"{_usd(row[low])} to {_usd(row[high])}")
        rows.append(cells)
    header = ("step", "candle (UTC)", "median, USD", "80 % band, USD", "95 % band, USD")
    return "\n".join([*lines, "", *_table(header, rows), *_odds(asked)]) + "\n"


def _odds(asked: Sequence[Probability]) -> list[str]:
    """Put the chances of each level in a column."""
    if not asked:
        return []
    header = ["step", *(f"{one.direction} {_usd(one.level)} USD" for one in asked)]
    rows = [
        [str(step), *(_number(float(one.by_step[step - 1]), ".1%") for one in asked)]
        for step in range(1, len(asked[0].by_step) + 1)
    ]
    return ["", "Chance of ending:", *_table(header, rows)]


def models(found: Sequence[SavedModel]) -> str:
    """List saved models, one a line."""
    if not found:
        return "No saved models. Make one with `train --save NAME`.\n"
    header = ("name", "network", "coin", "interval", "lookback", "horizon", "trained to", "from")
    rows = []
    for saved in found:
        spec, card = saved.model.spec, saved.model.card
        origin = "shipped" if saved.shipped else "yours"
        rows.append(
            [saved.name, spec.network, card.coin, card.interval, str(spec.lookback),
             str(spec.horizon), card.cutoff[:10], f"{origin}, simulated" * card.simulated or origin]
        )  # fmt: skip
    return "\n".join(_table(header, rows)) + "\n"


def card(saved: SavedModel) -> str:
    """Show one model's card, its verdict first."""
    spec, card = saved.model.spec, saved.model.card
    noun = INTERVAL_NOUNS[card.interval]
    facts = {
        "name": f"{saved.name} ({'shipped' if saved.shipped else 'yours'})",
        "network": f"{spec.network}, units {_list(spec.units)}, "
        f"{bundles.parameters(spec):,} parameters",
        "predicts": f"{card.coin}, steps 1 to {spec.horizon}, one a {noun}",
        "target, loss": f"{spec.target}, {spec.loss}",
        "reads": f"{card.needs} candles: {_list(spec.features)}, lookback {spec.lookback}",
        "learnt from": f"{card.source}, {card.rows:,} candles, {card.start} to {card.end}",
        "weights saw": f"candles up to {card.cutoff}",
        "fingerprint": card.fingerprint,
        "created": f"{card.created} with {_list(f'{k} {v}' for k, v in card.libraries.items())}",
    }
    width = max(map(len, facts))
    lines = [card.verdict or "This model was never judged."]
    lines += [SIMULATED] if card.simulated else []
    lines += ["", *(f"{name:<{width}}  {fact}" for name, fact in facts.items())]
    if card.scores:
        rows = [
            _figures(name, Scores(**{k: math.nan if v is None else v for k, v in figures.items()}))
            for name, figures in card.scores.items()
        ]
        lines += ["", f"On its own test span, step {spec.horizon}:", *_table(_FIGURES, rows)]
    return "\n".join(lines) + "\n"


def inspect(history: PriceHistory) -> str:
    """Say what a price file holds, and what is odd in it."""
    quality = history.quality
    counts = {
        "missing candles": quality.missing,
        "duplicated rows": quality.duplicates,
        "flat candles at the end": quality.flat_tail,
        "open or close outside high/low": quality.ohlc_violations,
        "outliers": quality.outliers,
    }
    lines = _prices(history)
    for word, row in (("first", 0), ("last", -1)):
        candle = history.candles.iloc[row]
        figures = ", ".join(f"{name} {candle[name]:,.10g}" for name in candle.index)
        lines.append(f"{word}: {figures}")
    lines += [f"{name}: {count:,}" for name, count in counts.items()]
    lines += [f"read as {name}: {what}" for name, what in quality.decisions.items()]
    lines += [
        f"{problem.kind}: {problem.count:,}"
        + (f", first in line {problem.first_line}" if problem.first_line is not None else "")
        + (f"; {problem.detail}" if problem.detail else "")
        + f" (repair: {problem.repair})"
        for problem in quality.problems
    ]
    return "\n".join([*lines, *history.notes]) + "\n"


_FIGURES = (
    "predictor", "MAE, USD", "RMSE, USD", "MAPE", "sMAPE", "MASE", "direction",
    "pinball, 1e-4", "in 80 %", "in 95 %",
)  # fmt: skip


def _figures(name: str, scores: Scores) -> list[str]:
    """Format one predictor's figures; the pinball loss in log-return times 10,000."""
    return [
        name,
        _usd(scores.mae),
        _usd(scores.rmse),
        _number(scores.mape, ".3%"),
        _number(scores.smape, ".3%"),
        _number(scores.mase, ".3f"),
        _number(scores.directional_accuracy, ".1%"),
        _number(scores.pinball * 1e4, ".3f"),
        _number(scores.coverage_80, ".1%"),
        _number(scores.coverage_95, ".1%"),
    ]


def _prices(history: PriceHistory) -> list[str]:
    """Say which prices an answer is built from."""
    lines = [SIMULATED] if history.simulated else []
    return [
        *lines,
        f"{history.coin} {history.interval} from {history.source}: {len(history):,} candles, "
        f"{_time(history.start)} to {_time(history.end)} UTC.",
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    ]


def _number(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else UNDEFINED


def _usd(value: float) -> str:
    """Format a price: cents for large ones, five digits for small ones."""
    return _number(value, ",.2f" if abs(value) >= 100 else ",.5g")


def _time(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def _list(items: object) -> str:
    return ", ".join(map(str, items))  # type: ignore[call-overload]
