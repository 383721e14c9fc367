"""The sections of a backtest: each has a figure, a sentence and a table.

The Backtest page and the HTML report show the same sections.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from cryptoforecast import charts
from cryptoforecast.charts import diagnostics, error_groups, folds, leaderboard
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.types import (
    INTERVALS,
    QUANTILES,
    Backtest,
    Leaderboard,
    Share,
    WalkForward,
    predictor_name,
    predictor_phrase,
    price_text,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

DASH = "–"
#: What the intervals of a leaderboard mean; it stands beside each of them.
COMPARISON_NOTE = (
    "Compare many forecasts, and one looks good by luck. So each line is longer the more are "
    "compared (Holm's method; the forecasts under test and the baselines are counted apart). "
    "Better or worse means by more than chance: the line leaves out 0, which also means a "
    "corrected p-value below 0.05. Nothing can correct for settings that you tried before. Choose "
    "settings by the prices held back for that (validation), and look at the test once."
)


@dataclass(frozen=True, eq=False)
class Section:
    """A figure with its sentence and its table.

    Attributes:
        name: Name in file names, such as ``"delays"``.
        title: Title of the table.
        figure: The figure.
        sentence: What the figure shows, in words.
        frame: The numbers of the figure.
    """

    name: str
    title: str
    figure: go.Figure
    sentence: str
    frame: pd.DataFrame


SectionMaker = Callable[[Analyses, Backtest, int, bool], Section]


def leaderboard_section(
    analyses: Analyses, result: Backtest, metric: str, step: int, reference: str, dark: bool = False
) -> tuple[Section, Leaderboard]:
    """Compare the predictors of a backtest; see ``evaluation.leaderboard``.

    Args:
        analyses: The cache of analyses of backtests.
        result: The backtest.
        metric: A field of ``Scores``.
        step: A step, 1 to the horizon.
        reference: Name of the predictor that the others should beat.
        dark: Whether the page behind is dark.
    """
    board = analyses.board(result, metric, step, reference)

    def section() -> Section:
        return Section(
            f"leaderboard-{metric}",
            _board_title(metric, reference),
            charts.skills(board, [result.predictor], dark=dark),
            leaderboard.summary_leaderboard(result, board),
            pd.DataFrame([dataclasses.asdict(standing) for standing in board.standings]),
        )

    key = ("section", metric, step, reference, dark, tuple(result.forecasts))
    return analyses.of(result, key, section), board


def _board_title(metric: str, reference: str) -> str:
    against = "what is promised" if metric.startswith("coverage") else predictor_phrase(reference)
    return f"{leaderboard.METRIC_NAMES[metric]}, against {against}"


def standings(board: Leaderboard, quote: str) -> pd.DataFrame:
    """Return a leaderboard as a table for the user, with prices in their currency."""
    coverage = board.metric.startswith("coverage")
    reference = predictor_phrase(board.reference)
    against = "Off the promise" if coverage else f"Better than {reference}"
    return pd.DataFrame(
        [
            {
                "Predictor": predictor_name(each.predictor),
                leaderboard.METRIC_NAMES[board.metric]: metric_text(
                    board.metric, each.value, quote
                ),
                against: "reference"
                if not coverage and each.predictor == board.reference
                else leaderboard.skill_text(board, each),
                leaderboard.INTERVAL: leaderboard.interval_text(board, each),
            }
            for each in board.standings
        ]
    )


def metric_text(metric: str, value: float, quote: str) -> str:
    """Write a value of ``Scores`` in its unit; a dash where it is undefined."""
    if not math.isfinite(value):
        return DASH
    if metric in ("mae", "rmse"):
        return price_text(value, quote, estimate=True)
    if metric == "pinball":
        return f"{value * 100:.4f} %"
    if metric == "mase":
        return f"{value:.3f}"
    return f"{value * 100:.{2 if metric in ('mape', 'smape') else 1}f} %"


def folds_section(walk_forward: WalkForward, dark: bool = False) -> Section:
    """Show the errors of each fold of a walk-forward test."""
    return Section(
        "folds",
        "The folds",
        folds.folds(walk_forward, dark=dark),
        folds.summary_folds(walk_forward),
        folds.table(walk_forward),
    )


def free_run_section(
    analyses: Analyses,
    result: Backtest,
    dark: bool,
    report: Callable[[float], None] = lambda _: None,
) -> Section:
    """Show the errors of a network that is fed its own forecasts.

    This takes some seconds the first time; see ``evaluation.diagnostics.free_run``.
    """
    frame = analyses.free_run(result, report)
    return Section(
        "free-run",
        "Errors of a network that is fed its own forecasts (logarithm of actual over predicted)",
        diagnostics.free_run(result, frame, dark=dark),
        diagnostics.summary_free_run(result, frame),
        frame,
    )


def _delays(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Section:
    frame, quote = analyses.frame(result, "delays", step), result.history.quote
    return Section(
        "delays",
        f"Mean distance to earlier prices ({quote}, and divided by the error of the last price)",
        diagnostics.delay(result, step, frame, dark=dark),
        diagnostics.summary_delay(result, step, frame),
        frame,
    )


def _residuals(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Section:
    frame = analyses.frame(result, "residuals", step)
    return Section(
        "residuals",
        "Every error (logarithm of actual over predicted)",
        diagnostics.residuals(result, step, frame, dark=dark),
        diagnostics.summary_residuals(result, step, frame),
        frame,
    )


def _histogram(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Section:
    frame = analyses.frame(result, "histogram", step)
    return Section(
        "sizes",
        "Errors by size, in standard deviations",
        diagnostics.histogram(result, step, frame, dark=dark),
        diagnostics.summary_histogram(frame),
        frame,
    )


def _autocorrelation(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Section:
    frame = analyses.frame(result, "autocorrelation", step)
    return Section(
        "autocorrelation",
        "Correlation of errors with those of earlier forecasts",
        diagnostics.autocorrelation(result, step, frame, dark=dark),
        diagnostics.summary_autocorrelation(step, frame),
        frame,
    )


def _by_clock(
    unit: Literal["hour", "weekday"], analyses: Analyses, result: Backtest, step: int, dark: bool
) -> Section:
    frame = analyses.frame(result, f"by_{unit}", step)
    return Section(
        f"by-{unit}",
        f"Mean error, half of the 80 % range and the share that it held, by {unit}",
        error_groups.by_clock(result, step, frame, unit, dark=dark),
        error_groups.summary_by_clock(frame, unit, analyses.clock_chance(result, step, unit)),
        frame,
    )


def _by_regime(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Section:
    frame = analyses.by_regime(result, step)
    return Section(
        "by-market",
        "Mean error, range and its errors in calm, usual and restless markets",
        error_groups.by_regime(result, step, frame, dark=dark),
        error_groups.summary_by_regime(frame),
        frame,
    )


def _reliability(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Section:
    analysis = analyses.reliability(result, step)
    frame = _shares(analysis.observed).assign(promised=QUANTILES)
    return Section(
        "reliability",
        "Share of prices below each quantile",
        charts.reliability(analysis, dark=dark),
        charts.summary_reliability(analysis),
        frame[["promised", "share", "low", "high"]],
    )


def _pit(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Section:
    analysis = analyses.reliability(result, step)
    frame = _shares(analysis.pit)
    frame.insert(0, "part", range(1, len(frame) + 1))
    return Section(
        "pit",
        "Share of prices in each equally likely part",
        charts.pit(analysis, dark=dark),
        charts.summary_pit(analysis),
        frame,
    )


def _coverage_by_step(analyses: Analyses, result: Backtest, _: int, dark: bool) -> Section:
    analysis = analyses.coverage(result)
    rows = [_coverage_row({"step": i}, shares) for i, shares in enumerate(analysis.steps, start=1)]
    return Section(
        "coverage-by-step",
        "Share of prices inside the ranges, by step",
        charts.coverage_by_step(analysis, dark=dark),
        charts.summary_coverage_by_step(analysis),
        pd.DataFrame(rows),
    )


def _coverage_by_regime(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Section:
    analysis = analyses.reliability(result, step)
    rows = [
        _coverage_row(
            {"market": each.name, "origins": each.origins, "pinball": each.pinball}, each.coverage
        )
        for each in analysis.regimes
    ]
    return Section(
        "coverage-by-market",
        "Share of prices inside the ranges, by how restless the market was",
        charts.coverage_by_regime(analysis, dark=dark),
        charts.summary_coverage_by_regime(analysis),
        pd.DataFrame(rows),
    )


#: The sections of each view, in their order.
VIEWS: Mapping[str, Mapping[str, SectionMaker]] = {
    "Delay": {"delays": _delays},
    "Errors": {
        "residuals": _residuals, "sizes": _histogram, "autocorrelation": _autocorrelation,
    },
    "When": {
        "by-hour": functools.partial(_by_clock, "hour"),
        "by-weekday": functools.partial(_by_clock, "weekday"),
        "by-market": _by_regime,
    },
    "Bands": {
        "reliability": _reliability, "pit": _pit, "coverage-by-step": _coverage_by_step,
        "coverage-by-market": _coverage_by_regime,
    },
}  # fmt: skip


def makers(result: Backtest, view: str) -> dict[str, SectionMaker]:
    """Return the sections of a view that have a meaning for these candles, by name.

    Args:
        result: The backtest.
        view: A key of ``VIEWS``.
    """
    length, span = INTERVALS[result.history.interval], result.forecast.origins
    left_out = set()
    if length >= INTERVALS["1d"]:
        left_out.add("by-hour")
    if length >= INTERVALS["1w"] or span[-1] - span[0] < pd.Timedelta(days=6):
        left_out.add("by-weekday")
    if result.spec.horizon == 1:
        left_out.add("coverage-by-step")
    return {
        name: functools.partial(_from_memory, name, make)
        for name, make in VIEWS[view].items()
        if name not in left_out
    }


def _from_memory(
    name: str, make: SectionMaker, analyses: Analyses, result: Backtest, step: int, dark: bool
) -> Section:
    key = ("section", name, step, dark, result.history.quote)
    return analyses.of(result, key, lambda: make(analyses, result, step, dark))


def _shares(shares: Sequence[Share]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "share": [each.value for each in shares],
            "low": [each.low for each in shares],
            "high": [each.high for each in shares],
        }
    )


def _coverage_row(first: dict[str, object], shares: Mapping[int, Share]) -> dict[str, object]:
    row = dict(first)
    for level, share in shares.items():
        row |= {f"in_{level}": share.value, f"low_{level}": share.low, f"high_{level}": share.high}
    return row
