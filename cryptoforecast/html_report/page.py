"""A backtest as one HTML file that needs no network. Text that is not ours is escaped."""

from __future__ import annotations

import dataclasses
import html
import importlib.metadata
import math
import platform
import secrets
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast import __version__, charts, json_views
from cryptoforecast.charts import wording
from cryptoforecast.charts.forecasts import predicted_vs_actual, summary_predicted
from cryptoforecast.errors import NotEnoughData
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.forecasting import stack
from cryptoforecast.types import Backtest, Scores, WalkForward, predictor_name, predictor_phrase

if TYPE_CHECKING:
    import plotly.graph_objects as go

from cryptoforecast.html_report.sections import (
    COMPARISON_NOTE,
    DASH,
    VIEWS,
    Section,
    SectionMaker,
    folds_section,
    leaderboard_section,
    makers,
    metric_text,
    standings,
)

#: Largest number of rows in a table. The command line and the page give all rows as CSV.
MAX_ROWS = 60
#: Metric and reference of each leaderboard in the report.
LEADERBOARDS = (
    ("pinball", "naive"),
    ("pinball", "cone"),
    ("mae", "naive"),
    ("coverage_80", "naive"),
)


def page(
    analyses: Analyses,
    result: Backtest,
    walk_forward: WalkForward | None = None,
    *,
    saved: str = "",
) -> str:
    """Write a backtest as one HTML file: verdict, scores, charts, tables, origin.

    The file contains Plotly's script, so that it opens without a network.

    Args:
        analyses: The cache of analyses of backtests.
        result: The backtest.
        walk_forward: The walk-forward test whose forecasts are in ``result``. ``None`` for a
            holdout.
        saved: Name of the saved model that was tested; ``""`` for one that was trained.
    """
    from plotly.offline import get_plotlyjs

    step, nonce = result.spec.horizon, secrets.token_urlsafe(16)
    title = _title(result, walk_forward, saved)
    body = [
        _head(title, result),
        "<h2>Scores</h2>",
        f"<p>{_text(_test_description(result, walk_forward))}</p>",
        _table(_scores(result)),
        *_alone(result),
        "<h2>Leaderboard</h2>",
        f"<p>{_text(charts.NOTE)}</p>",
    ]
    for metric, against in LEADERBOARDS:
        section, board = leaderboard_section(analyses, result, metric, step, against)
        frame = standings(board, result.history.quote)
        with_frame = dataclasses.replace(section, frame=frame)
        body += [f"<h3>{_text(section.title)}</h3>"]
        body.append(_section_html(with_frame, nonce, note=COMPARISON_NOTE))
    if walk_forward is not None and len(walk_forward.folds) > 1:
        body += ["<h2>Folds</h2>", _section_html(folds_section(walk_forward), nonce)]
    body += ["<h2>Predicted and actual</h2>", _section_html(_predicted(result, step), nonce)]
    for view in VIEWS:
        body.append(f"<h2>{_text(view)}</h2>")
        body += [
            _section_or_reason(make, analyses, result, step, nonce)
            for make in makers(result, view).values()
        ]
    body += ["<h2>Data, settings and versions</h2>", *_origin(result, walk_forward)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(nonce)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style>"
        f'<script nonce="{nonce}">{get_plotlyjs()}</script></head>\n<body><main>\n'
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _title(result: Backtest, walk_forward: WalkForward | None, saved: str) -> str:
    """Name the product, the coin, the model and the test."""
    history, model = result.history, predictor_name(result.predictor)
    if result.predictor == stack.NAME:
        members = map(predictor_name, (result.spec.network, *stack.MEMBERS))
        model = f"{model} of {' and '.join(members)}"
    test = f"the last {100 * result.spec.test:.0f} % of the prices"
    if walk_forward is not None and len(walk_forward.folds) > 1:
        test = f"walking forward in {len(walk_forward.folds)} folds"
    model = f"{saved} ({model})" if saved else model
    return f"CryptoForecast backtest: {history.market} {history.interval}, {model}, {test}"


def _head(title: str, result: Backtest) -> str:
    history = result.history
    lines = [f"<h1>{_text(title)}</h1>"]
    lines.append(f'<p class="verdict">{_text(result.verdict.sentence)}</p>')
    if history.simulated:
        lines.append('<p class="mark">Simulated prices, not a market: these results say nothing '
                     "about a real market.</p>")  # fmt: skip
    lines += [f"<p>{_text(note)}</p>" for note in (*result.notes, *history.data_notes)]
    lines.append(
        "<p>For learning and research. Not financial advice. Past results do not guarantee "
        "future ones.</p>"
    )
    return "\n".join(lines)


def _alone(result: Backtest) -> list[str]:
    """Write the verdicts on the predictors that are not shown first."""
    _, *others = result.verdicts.items()
    return [
        f"<p>{_text(f'{predictor_name(name)} alone: {verdict.sentence}')}</p>"
        for name, verdict in others
    ]


def _test_description(result: Backtest, walk_forward: WalkForward | None) -> str:
    forecast, history = result.forecast, result.history
    fit = "one fit, tested on candles that it never saw"
    if result.seen:
        fit = "a model that may have been fitted on part of the test span"
    if walk_forward is not None:
        sentence = charts.summary_refits(walk_forward)
        fit = sentence[:1].lower() + sentence[1:].rstrip(".")
    return (
        f"{history.market} {history.interval}, {len(forecast):,} past forecasts, "
        f"made {wording.span_of_closes(forecast.closes_at(0))}; figures "
        f"{wording.step_label(forecast.horizon, forecast.interval)}; {fit}."
    )


def _scores(result: Backtest) -> pd.DataFrame:
    names = [field.name for field in dataclasses.fields(Scores)]
    quote = result.history.quote
    rows = [
        {"Predictor": predictor_name(name)}
        | {
            charts.METRIC_NAMES[metric]: metric_text(metric, getattr(steps[-1], metric), quote)
            for metric in names
        }
        for name, steps in result.scores.items()
    ]
    return pd.DataFrame(rows)


# What the table of predicted prices has, and in which words.
_PREDICTED = {
    "closes_at": "closes at", "close": "last price", "predicted": "predicted", "actual": "actual",
    "residual": "actual minus predicted", "q0.1": "80 % from", "q0.9": "80 % to",
    "q0.025": "95 % from", "q0.975": "95 % to",
}  # fmt: skip


def _predicted(result: Backtest, step: int) -> Section:
    return Section(
        "predicted",
        f"The last predicted and actual prices ({result.history.quote})",
        predicted_vs_actual(result, step),
        summary_predicted(result, step),
        result.forecast.frame(step).tail(24).rename(columns=_PREDICTED)[[*_PREDICTED.values()]],
    )


def _section_or_reason(
    make: SectionMaker, analyses: Analyses, result: Backtest, step: int, nonce: str
) -> str:
    try:
        return _section_html(make(analyses, result, step, False), nonce)
    except NotEnoughData as error:
        return f"<p>{_text(str(error))}</p>"


def _section_html(section: Section, nonce: str, note: str = "") -> str:
    explained = f"<p>{_text(note)}</p>" if note else ""
    return (
        f"<section>{_figure(section.figure, nonce)}<p>{_text(section.sentence)}</p>"
        f"<details><summary>{_text(section.title)}</summary>{_table(section.frame)}{explained}"
        "</details></section>"
    )


def _figure(figure: go.Figure, nonce: str) -> str:
    markup: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        config={"displaylogo": False, "responsive": True},
        default_width="100%",
    )
    # Plotly writes "<" in the numbers and names of a figure as \u003c.
    return markup.replace("<script", f'<script nonce="{nonce}"')


def _table(frame: pd.DataFrame) -> str:
    """Write the last rows of a table; on a narrow screen each row is a list of its cells."""
    newest = frame.tail(MAX_ROWS)
    names = [_text(_heading(name)) for name in frame.columns]
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td data-name="{name}">{_text(_cell(value))}</td>'
            for name, value in zip(names, row, strict=True)
        )
        + "</tr>"
        for row in newest.itertuples(index=False)
    )
    header = "".join(f'<th scope="col">{name}</th>' for name in names)
    left_out = ""
    if len(newest) < len(frame):
        left_out = f"<p>The last {len(newest)} of {len(frame):,} rows.</p>"
    kind = ' class="pairs"' if len(names) == 2 else ""
    table = f"<table{kind}><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
    return table + left_out


def _heading(name: object) -> str:
    """Write a column's name in words, such as ``pinball_naive``."""
    return " ".join(map(predictor_phrase, str(name).split("_")))


def _origin(result: Backtest, walk_forward: WalkForward | None) -> list[str]:
    """Return tables of the prices, settings and programs behind the report."""
    data = json_views.data_json(result.history)
    left_out = ("notes", "start", "end")
    prices = {name: value for name, value in data.items() if name not in left_out} | {
        "first candle opens": data["start"],
        "last candle closes": json_views.time_json(result.history.closes_at),
    }
    spec = {name: getattr(result.spec, name) for name in result.spec.__dataclass_fields__}
    split, index = result.split, result.history.candles.index
    spans = {
        "training candles": f"{split.train_end:,}",
        "validation candles": f"{split.test_start - split.train_end:,}",
        "test origins": f"{len(split.test_origins()):,}",
        "first test candle opens": json_views.time_json(index[split.test_start]),
        "last test candle closes": json_views.time_json(result.history.closes_at),
    }
    tables = {
        "Prices": prices,
        "Settings": spec,
        "Split": spans,
        "Walk forward": {} if walk_forward is None else dataclasses.asdict(walk_forward.plan),
        "Made with": {
            "CryptoForecast": __version__,
            "Python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("numpy", "pandas", "plotly")},
            **({} if result.model is None else result.model.card.libraries),
        },
    }
    return [
        f"<h3>{_text(title)}</h3>"
        + _table(pd.DataFrame({"name": list(values), "value": list(values.values())}, dtype=object))
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


# What a browser may do with the page: run the scripts that carry its nonce, and load nothing.
_POLICY = (
    "default-src 'none'; script-src 'nonce-{}'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)

# The page is light in either scheme: it is made to be sent and printed.
_STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#1B2530;background:#fff;margin:0}
main{max-width:74rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.4rem;line-height:1.3}h2{margin-top:2.5rem;border-bottom:1px solid #D3DAE1}
section{margin:1.5rem 0 2rem}
.verdict{font-size:1.1rem}
.mark{background:#FFF4E0;border-left:4px solid #B35C00;padding:.5rem .75rem}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .6rem;text-align:right;vertical-align:bottom;border-bottom:1px solid #E3E8ED}
th{overflow-wrap:normal}
th:first-child,td:first-child{text-align:left;min-width:9em}
summary{cursor:pointer;color:#0067A3;padding:.25rem 0}
@media (max-width:60rem){
thead{display:none}
table:not(.pairs),:not(.pairs)>tbody,:not(.pairs)>*>tr{display:block}
:not(.pairs)>*>*>td{border:0;padding:.1rem 0;display:flex;justify-content:space-between;gap:1rem}
:not(.pairs)>*>*>td::before{content:attr(data-name);text-align:left;color:#4A5764}
:not(.pairs)>*>*>td:first-child{font-weight:600}
:not(.pairs)>*>tr{border-bottom:1px solid #D3DAE1;padding:.4rem 0}
}
"""
