"""A backtest as parts to look at, and all of them as one HTML file that needs nothing else.

A part is a figure, the sentence that says the same, and the table behind it; the Backtest page
shows the same parts one by one. Knows no Streamlit. Every word of others is escaped.
"""

from __future__ import annotations

import dataclasses
import functools
import html
import importlib.metadata
import math
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from cryptoforecast import __version__, charts, report
from cryptoforecast.charts import diagnostics as drawn
from cryptoforecast.charts import folds as drawn_folds
from cryptoforecast.charts import leaderboard as drawn_board
from cryptoforecast.charts import style
from cryptoforecast.charts.forecasts import predicted_vs_actual, summary_predicted
from cryptoforecast.errors import NotEnoughData
from cryptoforecast.evaluation.looks import Looks
from cryptoforecast.types import (
    INTERVALS,
    QUANTILES,
    Backtest,
    Leaderboard,
    Scores,
    Share,
    WalkForward,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Rows of a table that the file shows; the command line and the page give all of them as CSV.
MOST_ROWS = 60
#: What is compared on the boards of the file: metric and reference.
BOARDS = (("pinball", "naive"), ("pinball", "cone"), ("mae", "naive"), ("coverage_80", "naive"))
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


Make = Callable[[Looks, Backtest, int, bool], Part]


def board(
    looks: Looks, judged: Backtest, metric: str, step: int, reference: str, dark: bool = False
) -> tuple[Part, Leaderboard]:
    """Compare the predictors of a backtest; see ``leaderboard.leaderboard``."""
    found = looks.board(judged, metric, step, reference)

    def make() -> Part:
        return Part(
            f"leaderboard-{metric}",
            f"{drawn_board.METRIC_WORDS[metric]}, against {reference}",
            drawn_board.forest(judged, found, dark=dark),
            drawn_board.summary_leaderboard(judged, found),
            pd.DataFrame([dataclasses.asdict(standing) for standing in found.standings]),
        )

    key = ("part", metric, step, reference, dark, tuple(judged.forecasts))
    return looks.of(judged, key, make), found


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
    looks: Looks, judged: Backtest, dark: bool, report: Callable[[float], None] = lambda _: None
) -> Part:
    """Show where a network's own forecasts lead it, in some seconds; see ``diagnostics``."""
    frame = looks.free_run(judged, report)
    return Part(
        "free-run",
        "Errors of a free run by step (|ln(actual / predicted)|)",
        drawn.free_run(judged, frame, dark=dark),
        drawn.summary_free_run(judged, frame),
        frame,
    )


def _delays(looks: Looks, judged: Backtest, step: int, dark: bool) -> Part:
    frame = looks.frame(judged, "delays", step)
    return Part(
        "delays",
        "Mean distance to earlier prices (USD, and over the last price's error)",
        drawn.delay(judged, step, frame, dark=dark),
        drawn.summary_delay(judged, step, frame),
        frame,
    )


def _residuals(looks: Looks, judged: Backtest, step: int, dark: bool) -> Part:
    frame = looks.frame(judged, "residuals", step)
    return Part(
        "residuals",
        "Every error (ln(actual / predicted))",
        drawn.residuals(judged, step, frame, dark=dark),
        drawn.summary_residuals(judged, step, frame),
        frame,
    )


def _histogram(looks: Looks, judged: Backtest, step: int, dark: bool) -> Part:
    frame = looks.frame(judged, "histogram", step)
    return Part(
        "sizes",
        "Errors by size, in standard deviations",
        drawn.histogram(judged, step, frame, dark=dark),
        drawn.summary_histogram(frame),
        frame,
    )


def _autocorrelation(looks: Looks, judged: Backtest, step: int, dark: bool) -> Part:
    frame = looks.frame(judged, "autocorrelation", step)
    return Part(
        "autocorrelation",
        "Correlation of errors with those of earlier forecasts",
        drawn.autocorrelation(judged, step, frame, dark=dark),
        drawn.summary_autocorrelation(step, frame),
        frame,
    )


def _by_clock(
    unit: Literal["hour", "weekday"], looks: Looks, judged: Backtest, step: int, dark: bool
) -> Part:
    frame = looks.frame(judged, f"by_{unit}", step)
    return Part(
        f"by-{unit}",
        f"Mean error, half of the 80 % band and its coverage by {unit}",
        drawn.by_clock(judged, step, frame, unit, dark=dark),
        drawn.summary_by_clock(frame, unit),
        frame,
    )


def _by_regime(looks: Looks, judged: Backtest, step: int, dark: bool) -> Part:
    frame = looks.by_regime(judged, step)
    return Part(
        "by-market",
        "Mean error, band and its errors in calm, usual and restless markets",
        drawn.by_regime(judged, step, frame, dark=dark),
        drawn.summary_by_regime(frame),
        frame,
    )


def _reliability(looks: Looks, judged: Backtest, step: int, dark: bool) -> Part:
    measured = looks.reliability(judged, step)
    frame = _shares(measured.observed).assign(promised=QUANTILES)
    return Part(
        "reliability",
        "Share of prices below each quantile",
        charts.reliability(measured, dark=dark),
        charts.summary_reliability(measured),
        frame[["promised", "share", "low", "high"]],
    )


def _pit(looks: Looks, judged: Backtest, step: int, dark: bool) -> Part:
    measured = looks.reliability(judged, step)
    frame = _shares(measured.pit)
    frame.insert(0, "part", range(1, len(frame) + 1))
    return Part(
        "pit",
        "Share of prices in each equally likely part",
        charts.pit(measured, dark=dark),
        charts.summary_pit(measured),
        frame,
    )


def _coverage_by_step(looks: Looks, judged: Backtest, _: int, dark: bool) -> Part:
    measured = looks.coverage(judged)
    rows = [_covered({"step": i}, shares) for i, shares in enumerate(measured.steps, start=1)]
    return Part(
        "coverage-by-step",
        "Share of prices inside the bands, by step",
        charts.coverage_by_step(measured, dark=dark),
        charts.summary_coverage_by_step(measured),
        pd.DataFrame(rows),
    )


def _coverage_by_regime(looks: Looks, judged: Backtest, step: int, dark: bool) -> Part:
    measured = looks.reliability(judged, step)
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


def makers(judged: Backtest, view: str) -> dict[str, Make]:
    """Return the parts of a view that mean something for these candles, each made once."""
    length, span = INTERVALS[judged.history.interval], judged.judged.origins
    left_out = set()
    if length >= INTERVALS["1d"]:
        left_out.add("by-hour")
    if length >= INTERVALS["1w"] or span[-1] - span[0] < pd.Timedelta(days=6):
        left_out.add("by-weekday")
    if judged.spec.horizon == 1:
        left_out.add("coverage-by-step")
    return {
        name: functools.partial(_remembered, name, make)
        for name, make in VIEWS[view].items()
        if name not in left_out
    }


def _remembered(
    name: str, make: Make, looks: Looks, judged: Backtest, step: int, dark: bool
) -> Part:
    key = ("part", name, step, dark)
    return looks.of(judged, key, lambda: make(looks, judged, step, dark))


def forecasts(judged: Backtest) -> pd.DataFrame:
    """List every forecast of the judged model in USD, one row an origin and step.

    Returns:
        Columns ``predictor``, ``coin``, ``interval``, ``source`` and those of ``Forecast.frame``.
    """
    history = judged.history
    frame = judged.judged.frame()
    origin = (judged.judged.predictor, history.coin, history.interval, history.source)
    for i, (name, value) in enumerate(
        zip(("predictor", "coin", "interval", "source"), origin, strict=True)
    ):
        frame.insert(i, name, value)
    return frame


def page(looks: Looks, judged: Backtest, tested: WalkForward | None = None) -> str:
    """Write a backtest as one HTML file: verdict, scores, boards, charts, tables, origin.

    Plotly's own script is part of it, so that it opens without a network.

    Args:
        looks: where what was worked out before is remembered.
        judged: the backtest.
        tested: the walk-forward test that it joins; ``None`` for a holdout.
    """
    from plotly.offline import get_plotlyjs

    step = judged.spec.horizon
    parts = [board(looks, judged, metric, step, against) for metric, against in BOARDS]
    body = [
        _head(judged),
        "<h2>Scores</h2>",
        f"<p>{_text(_asked(judged, tested))}</p>",
        _table(_scores(judged)),
        "<h2>Leaderboard</h2>",
        f"<p>{_text(LUCK)}</p>",
    ]
    for part, found in parts:
        body.append(_part(dataclasses.replace(part, frame=standings(found))))
    if tested is not None and len(tested.folds) > 1:
        body += ["<h2>Folds</h2>", _part(folds(tested))]
    body += ["<h2>Predicted and actual</h2>", _part(_predicted(judged, step))]
    for view in VIEWS:
        body.append(f"<h2>{_text(view)}</h2>")
        body += [_made(make, looks, judged, step) for make in makers(judged, view).values()]
    body += ["<h2>What it was made from</h2>", *_origin(judged, tested)]
    title = _text(f"{judged.history.coin} {judged.history.interval}: {judged.spec.network}")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} – CryptoForecast</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _head(judged: Backtest) -> str:
    history = judged.history
    lines = [f"<h1>{_text(judged.verdict.sentence)}</h1>"]
    if history.simulated:
        lines.append('<p class="mark">Simulated prices, not a market: nothing here says anything '
                     "of a real one.</p>")  # fmt: skip
    lines += [f"<p>{_text(note)}</p>" for note in (*judged.notes, *history.notes)]
    lines.append(
        "<p>For learning and research. Not financial advice: past tests say nothing certain of "
        "the future.</p>"
    )
    return "\n".join(lines)


def _asked(judged: Backtest, tested: WalkForward | None) -> str:
    said, history = judged.judged, judged.history
    way = "one fit, judged on what it never saw"
    if judged.seen:
        way = "a model that may have been fitted on part of the test span"
    if tested is not None:
        sentence = drawn_folds.how(tested)
        way = sentence[:1].lower() + sentence[1:].rstrip(".")
    return (
        f"{history.coin} {history.interval}, {len(said):,} origins, "
        f"{style.span(said.origins, said.interval)}; figures "
        f"{style.ahead(said.horizon, said.interval)}; {way}."
    )


def _scores(judged: Backtest) -> pd.DataFrame:
    names = [field.name for field in dataclasses.fields(Scores)]
    rows = [
        {"Predictor": name}
        | {
            drawn_board.METRIC_WORDS[metric]: metric_text(metric, getattr(steps[-1], metric))
            for metric in names
        }
        for name, steps in judged.scores.items()
    ]
    return pd.DataFrame(rows)


def _predicted(judged: Backtest, step: int) -> Part:
    figure = predicted_vs_actual(judged, step)
    # Plotly reads some tags in a title, and the coin's name may come from a file's.
    figure.update_layout(title_text=_text(figure.layout.title.text))
    return Part(
        "predicted",
        "Predicted and actual (USD), the last of them",
        figure,
        summary_predicted(judged, step),
        judged.judged.frame(step).tail(24),
    )


def _made(make: Make, looks: Looks, judged: Backtest, step: int) -> str:
    try:
        return _part(make(looks, judged, step, False))
    except NotEnoughData as error:
        return f"<p>{_text(str(error))}</p>"


def _part(part: Part) -> str:
    return (
        f"<section>{_figure(part.figure)}<p>{_text(part.sentence)}</p>"
        f"<details><summary>{_text(part.title)}</summary>{_table(part.frame)}</details></section>"
    )


def _figure(figure: go.Figure) -> str:
    found: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        config={"displaylogo": False, "responsive": True},
        default_width="100%",
    )
    return found


def _table(frame: pd.DataFrame) -> str:
    shown = frame.tail(MOST_ROWS)
    cells = "".join(
        "<tr>" + "".join(f"<td>{_text(_cell(value))}</td>" for value in row) + "</tr>"
        for row in shown.itertuples(index=False)
    )
    header = "".join(f"<th>{_text(str(name))}</th>" for name in frame.columns)
    left_out = ""
    if len(shown) < len(frame):
        left_out = f"<p>The last {len(shown)} of {len(frame):,} rows.</p>"
    return f'<div class="wide"><table><tr>{header}</tr>{cells}</table></div>{left_out}'


def _origin(judged: Backtest, tested: WalkForward | None) -> list[str]:
    """Say which prices, which settings and which programs made this."""
    data = report.data_json(judged.history)
    spec = {name: getattr(judged.spec, name) for name in judged.spec.__dataclass_fields__}
    cut, index = judged.split, judged.history.candles.index
    split = {
        "training candles": f"{cut.train_end:,}",
        "validation candles": f"{cut.test_start - cut.train_end:,}",
        "test origins": f"{len(cut.test_origins()):,}",
        "test from": report.time_json(index[cut.test_start]),
        "test to": report.time_json(index[-1]),
    }
    tables = {
        "Prices": {name: value for name, value in data.items() if name != "notes"},
        "Settings": spec,
        "Split": split,
        "Walk forward": {} if tested is None else dataclasses.asdict(tested.plan),
        "Made with": {
            "CryptoForecast": __version__,
            "Python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("numpy", "pandas", "plotly")},
            **({} if judged.model is None else judged.model.card.libraries),
        },
    }
    return [
        f"<h3>{_text(title)}</h3>"
        + _table(pd.DataFrame({"what": list(values), "value": list(values.values())}, dtype=object))
        for title, values in tables.items()
        if values
    ]


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


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else DASH
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _p_text(p: float) -> str:
    return DASH if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _text(text: str) -> str:
    return html.escape(text)


_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1B2530;background:#fff;margin:0}
main{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}h2{margin-top:2.5rem;border-bottom:1px solid #D3DAE1}
section{margin:1.5rem 0 2rem}
.mark{background:#FFF4E0;border-left:4px solid #B35C00;padding:.5rem .75rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.85rem}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #E3E8ED;white-space:nowrap}
th:first-child,td:first-child{text-align:left}
summary{cursor:pointer;color:#0067A3}
"""
