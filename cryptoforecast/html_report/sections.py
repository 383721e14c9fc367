"""What there is to look at in a backtest, part by part: a figure, a sentence, a table.

Knows no Streamlit: the Backtest page and the file show the same parts.
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
from cryptoforecast.charts import diagnostics as drawn
from cryptoforecast.charts import folds as drawn_folds
from cryptoforecast.charts import leaderboard as drawn_board
from cryptoforecast.charts import style
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.types import INTERVALS, QUANTILES, Backtest, Leaderboard, Share, WalkForward

if TYPE_CHECKING:
    import plotly.graph_objects as go

DASH = "–"
LUCK = (
    "Who compares enough forecasts finds one that looks good by luck. The p-values after Holm "
    "allow for the comparisons in this table. Nothing can allow for settings that were tried and "
    "looked up here before: choose settings by the validation rows, and look at the test once."
)


@dataclass(frozen=True, eq=False)
class Part:
    """One thing to look at.

    Attributes:
        name: for files, such as ``"delays"``.
        title: of the table.
        figure: what is drawn.
        sentence: what it shows, in words.
        frame: the numbers behind it.
    """

    name: str
    title: str
    figure: go.Figure
    sentence: str
    frame: pd.DataFrame


Make = Callable[[Analyses, Backtest, int, bool], Part]


def board(
    analyses: Analyses, result: Backtest, metric: str, step: int, reference: str, dark: bool = False
) -> tuple[Part, Leaderboard]:
    """Compare the predictors of a backtest; see ``leaderboard.leaderboard``."""
    found = analyses.board(result, metric, step, reference)

    def make() -> Part:
        return Part(
            f"leaderboard-{metric}",
            f"{drawn_board.METRIC_WORDS[metric]}, against {reference}",
            drawn_board.forest(result, found, dark=dark),
            drawn_board.summary_leaderboard(result, found),
            pd.DataFrame([dataclasses.asdict(standing) for standing in found.standings]),
        )

    key = ("part", metric, step, reference, dark, tuple(result.forecasts))
    return analyses.of(result, key, make), found


def standings(found: Leaderboard) -> pd.DataFrame:
    """Write a leaderboard as a person reads it."""
    coverage = found.metric.startswith("coverage")
    against = "Off the promise" if coverage else f"Better than {found.reference}"
    return pd.DataFrame(
        [
            {
                "Predictor": each.predictor,
                drawn_board.METRIC_WORDS[found.metric]: metric_text(found.metric, each.value),
                against: "reference"
                if not coverage and each.predictor == found.reference
                else drawn_board.lead(found, each.skill),
                "95 % interval": drawn_board.interval(found, each),
                "p": _p_text(each.p_value),
                "p after Holm": _p_text(each.p_holm),
            }
            for each in found.standings
        ]
    )


def metric_text(metric: str, value: float) -> str:
    """Write a figure of ``Scores`` in its unit; a dash where undefined."""
    if not math.isfinite(value):
        return DASH
    if metric in ("mae", "rmse"):
        return style.money(value)
    if metric == "pinball":
        return f"{value * 1e4:.2f} bp"
    if metric == "mase":
        return f"{value:.3f}"
    return f"{value * 100:.{2 if metric in ('mape', 'smape') else 1}f} %"


def folds(tested: WalkForward, dark: bool = False) -> Part:
    """Show how each fold of a walk-forward test fared."""
    return Part(
        "folds",
        "The folds",
        drawn_folds.folds(tested, dark=dark),
        drawn_folds.summary_folds(tested),
        drawn_folds.table(tested),
    )


def free_run(
    analyses: Analyses,
    result: Backtest,
    dark: bool,
    report: Callable[[float], None] = lambda _: None,
) -> Part:
    """Show where a network's own forecasts lead it, in some seconds; see ``diagnostics``."""
    frame = analyses.free_run(result, report)
    return Part(
        "free-run",
        "Errors of a free run by step (|ln(actual / predicted)|)",
        drawn.free_run(result, frame, dark=dark),
        drawn.summary_free_run(result, frame),
        frame,
    )


def _delays(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Part:
    frame = analyses.frame(result, "delays", step)
    return Part(
        "delays",
        "Mean distance to earlier prices (USD, and over the last price's error)",
        drawn.delay(result, step, frame, dark=dark),
        drawn.summary_delay(result, step, frame),
        frame,
    )


def _residuals(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Part:
    frame = analyses.frame(result, "residuals", step)
    return Part(
        "residuals",
        "Every error (ln(actual / predicted))",
        drawn.residuals(result, step, frame, dark=dark),
        drawn.summary_residuals(result, step, frame),
        frame,
    )


def _histogram(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Part:
    frame = analyses.frame(result, "histogram", step)
    return Part(
        "sizes",
        "Errors by size, in standard deviations",
        drawn.histogram(result, step, frame, dark=dark),
        drawn.summary_histogram(frame),
        frame,
    )


def _autocorrelation(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Part:
    frame = analyses.frame(result, "autocorrelation", step)
    return Part(
        "autocorrelation",
        "Correlation of errors with those of earlier forecasts",
        drawn.autocorrelation(result, step, frame, dark=dark),
        drawn.summary_autocorrelation(step, frame),
        frame,
    )


def _by_clock(
    unit: Literal["hour", "weekday"], analyses: Analyses, result: Backtest, step: int, dark: bool
) -> Part:
    frame = analyses.frame(result, f"by_{unit}", step)
    return Part(
        f"by-{unit}",
        f"Mean error, half of the 80 % band and its coverage by {unit}",
        drawn.by_clock(result, step, frame, unit, dark=dark),
        drawn.summary_by_clock(frame, unit),
        frame,
    )


def _by_regime(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Part:
    frame = analyses.by_regime(result, step)
    return Part(
        "by-market",
        "Mean error, band and its errors in calm, usual and restless markets",
        drawn.by_regime(result, step, frame, dark=dark),
        drawn.summary_by_regime(frame),
        frame,
    )


def _reliability(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Part:
    measured = analyses.reliability(result, step)
    frame = _shares(measured.observed).assign(promised=QUANTILES)
    return Part(
        "reliability",
        "Share of prices below each quantile",
        charts.reliability(measured, dark=dark),
        charts.summary_reliability(measured),
        frame[["promised", "share", "low", "high"]],
    )


def _pit(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Part:
    measured = analyses.reliability(result, step)
    frame = _shares(measured.pit)
    frame.insert(0, "part", range(1, len(frame) + 1))
    return Part(
        "pit",
        "Share of prices in each equally likely part",
        charts.pit(measured, dark=dark),
        charts.summary_pit(measured),
        frame,
    )


def _coverage_by_step(analyses: Analyses, result: Backtest, _: int, dark: bool) -> Part:
    measured = analyses.coverage(result)
    rows = [_covered({"step": i}, shares) for i, shares in enumerate(measured.steps, start=1)]
    return Part(
        "coverage-by-step",
        "Share of prices inside the bands, by step",
        charts.coverage_by_step(measured, dark=dark),
        charts.summary_coverage_by_step(measured),
        pd.DataFrame(rows),
    )


def _coverage_by_regime(analyses: Analyses, result: Backtest, step: int, dark: bool) -> Part:
    measured = analyses.reliability(result, step)
    rows = [
        _covered(
            {"market": each.name, "origins": each.origins, "pinball": each.pinball}, each.coverage
        )
        for each in measured.regimes
    ]
    return Part(
        "coverage-by-market",
        "Share of prices inside the bands, by how restless the market was",
        charts.coverage_by_regime(measured, dark=dark),
        charts.summary_coverage_by_regime(measured),
        pd.DataFrame(rows),
    )


#: The parts of each view, in their order.
VIEWS: Mapping[str, Mapping[str, Make]] = {
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


def makers(result: Backtest, view: str) -> dict[str, Make]:
    """Return the parts of a view that mean something for these candles, each made once."""
    length, span = INTERVALS[result.history.interval], result.forecast.origins
    left_out = set()
    if length >= INTERVALS["1d"]:
        left_out.add("by-hour")
    if length >= INTERVALS["1w"] or span[-1] - span[0] < pd.Timedelta(days=6):
        left_out.add("by-weekday")
    if result.spec.horizon == 1:
        left_out.add("coverage-by-step")
    return {
        name: functools.partial(_remembered, name, make)
        for name, make in VIEWS[view].items()
        if name not in left_out
    }


def _remembered(
    name: str, make: Make, analyses: Analyses, result: Backtest, step: int, dark: bool
) -> Part:
    key = ("part", name, step, dark)
    return analyses.of(result, key, lambda: make(analyses, result, step, dark))


def forecasts(result: Backtest) -> pd.DataFrame:
    """List every forecast of the judged model in USD, one row an origin and step.

    Returns:
        Columns ``predictor``, ``coin``, ``interval``, ``source`` and those of ``Forecast.frame``.
    """
    history = result.history
    frame = result.forecast.frame()
    origin = (result.forecast.predictor, history.coin, history.interval, history.source)
    for i, (name, value) in enumerate(
        zip(("predictor", "coin", "interval", "source"), origin, strict=True)
    ):
        frame.insert(i, name, value)
    return frame


def _shares(found: Sequence[Share]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "share": [each.value for each in found],
            "low": [each.low for each in found],
            "high": [each.high for each in found],
        }
    )


def _covered(first: dict[str, object], shares: Mapping[int, Share]) -> dict[str, object]:
    row = dict(first)
    for level, share in shares.items():
        row |= {f"in_{level}": share.value, f"low_{level}": share.low, f"high_{level}": share.high}
    return row


def _p_text(p: float) -> str:
    return DASH if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
