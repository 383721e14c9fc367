"""A backtest as one HTML file that needs nothing else. Every word of others is escaped."""

from __future__ import annotations

import dataclasses
import html
import importlib.metadata
import math
import platform
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast import __version__, json_views
from cryptoforecast.charts import folds as drawn_folds
from cryptoforecast.charts import leaderboard as drawn_board
from cryptoforecast.charts import style
from cryptoforecast.charts.forecasts import predicted_vs_actual, summary_predicted
from cryptoforecast.errors import NotEnoughData
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.types import Backtest, Scores, WalkForward

if TYPE_CHECKING:
    import plotly.graph_objects as go

from cryptoforecast.html_report.sections import (
    DASH,
    LUCK,
    VIEWS,
    Make,
    Part,
    board,
    folds,
    makers,
    metric_text,
    standings,
)

#: Rows of a table that the file shows; the command line and the page give all of them as CSV.
MOST_ROWS = 60
#: What is compared on the boards of the file: metric and reference.
BOARDS = (("pinball", "naive"), ("pinball", "cone"), ("mae", "naive"), ("coverage_80", "naive"))


def page(analyses: Analyses, result: Backtest, tested: WalkForward | None = None) -> str:
    """Write a backtest as one HTML file: verdict, scores, boards, charts, tables, origin.

    Plotly's own script is part of it, so that it opens without a network.

    Args:
        analyses: where what was worked out before is remembered.
        result: the backtest.
        tested: the walk-forward test that it joins; ``None`` for a holdout.
    """
    from plotly.offline import get_plotlyjs

    step = result.spec.horizon
    parts = [board(analyses, result, metric, step, against) for metric, against in BOARDS]
    body = [
        _head(result),
        "<h2>Scores</h2>",
        f"<p>{_text(_asked(result, tested))}</p>",
        _table(_scores(result)),
        "<h2>Leaderboard</h2>",
        f"<p>{_text(LUCK)}</p>",
    ]
    for part, found in parts:
        body.append(_part(dataclasses.replace(part, frame=standings(found))))
    if tested is not None and len(tested.folds) > 1:
        body += ["<h2>Folds</h2>", _part(folds(tested))]
    body += ["<h2>Predicted and actual</h2>", _part(_predicted(result, step))]
    for view in VIEWS:
        body.append(f"<h2>{_text(view)}</h2>")
        body += [_made(make, analyses, result, step) for make in makers(result, view).values()]
    body += ["<h2>What it was made from</h2>", *_origin(result, tested)]
    title = _text(f"{result.history.coin} {result.history.interval}: {result.spec.network}")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} – CryptoForecast</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _head(result: Backtest) -> str:
    history = result.history
    lines = [f"<h1>{_text(result.verdict.sentence)}</h1>"]
    if history.simulated:
        lines.append('<p class="mark">Simulated prices, not a market: nothing here says anything '
                     "of a real one.</p>")  # fmt: skip
    lines += [f"<p>{_text(note)}</p>" for note in (*result.notes, *history.notes)]
    lines.append(
        "<p>For learning and research. Not financial advice: past tests say nothing certain of "
        "the future.</p>"
    )
    return "\n".join(lines)


def _asked(result: Backtest, tested: WalkForward | None) -> str:
    forecast, history = result.forecast, result.history
    way = "one fit, judged on what it never saw"
    if result.seen:
        way = "a model that may have been fitted on part of the test span"
    if tested is not None:
        sentence = drawn_folds.how(tested)
        way = sentence[:1].lower() + sentence[1:].rstrip(".")
    return (
        f"{history.coin} {history.interval}, {len(forecast):,} origins, "
        f"{style.span(forecast.origins, forecast.interval)}; figures "
        f"{style.ahead(forecast.horizon, forecast.interval)}; {way}."
    )


def _scores(result: Backtest) -> pd.DataFrame:
    names = [field.name for field in dataclasses.fields(Scores)]
    rows = [
        {"Predictor": name}
        | {
            drawn_board.METRIC_WORDS[metric]: metric_text(metric, getattr(steps[-1], metric))
            for metric in names
        }
        for name, steps in result.scores.items()
    ]
    return pd.DataFrame(rows)


def _predicted(result: Backtest, step: int) -> Part:
    figure = predicted_vs_actual(result, step)
    # Plotly reads some tags in a title, and the coin's name may come from a file's.
    figure.update_layout(title_text=_text(figure.layout.title.text))
    return Part(
        "predicted",
        "Predicted and actual (USD), the last of them",
        figure,
        summary_predicted(result, step),
        result.forecast.frame(step).tail(24),
    )


def _made(make: Make, analyses: Analyses, result: Backtest, step: int) -> str:
    try:
        return _part(make(analyses, result, step, False))
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


def _origin(result: Backtest, tested: WalkForward | None) -> list[str]:
    """Say which prices, which settings and which programs made this."""
    data = json_views.data_json(result.history)
    spec = {name: getattr(result.spec, name) for name in result.spec.__dataclass_fields__}
    cut, index = result.split, result.history.candles.index
    split = {
        "training candles": f"{cut.train_end:,}",
        "validation candles": f"{cut.test_start - cut.train_end:,}",
        "test origins": f"{len(cut.test_origins()):,}",
        "test from": json_views.time_json(index[cut.test_start]),
        "test to": json_views.time_json(index[-1]),
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
            **({} if result.model is None else result.model.card.libraries),
        },
    }
    return [
        f"<h3>{_text(title)}</h3>"
        + _table(pd.DataFrame({"what": list(values), "value": list(values.values())}, dtype=object))
        for title, values in tables.items()
        if values
    ]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else DASH
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


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
