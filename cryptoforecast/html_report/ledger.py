"""The ledger as one HTML page without scripts, which anyone, also a crawler, can read."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pandas as pd

from cryptoforecast.charts import wording
from cryptoforecast.texts import printable
from cryptoforecast.types import moment_text, price_text
from cryptoforecast.types.ledger import LedgerEntry, LedgerHead, result_text
from cryptoforecast.types.ledger_record import (
    EVERY_DAY,
    ONE_LOOK,
    LedgerRecord,
    anytime_sentence,
    record_sentence,
    usual_sentence,
)

#: Forecasts that are listed.
MAX_ENTRIES = 500
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = (
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;"
    "max-width:62rem;padding:0 1rem}table{border-collapse:collapse;width:100%}"
    "th,td{border-bottom:1px solid #8886;padding:.3rem .6rem .3rem 0;text-align:left}"
    "td+td{font-variant-numeric:tabular-nums}code{overflow-wrap:anywhere}"
    ".scroll{overflow-x:auto}"
)


def page(records: Sequence[LedgerRecord], entries: Sequence[LedgerEntry], head: LedgerHead) -> str:
    """Write the record of every series, and the newest forecasts.

    Args:
        records: What each series shows at its last step.
        entries: Forecasts, the newest first; the first ``MAX_ENTRIES`` are listed.
        head: The end of the chain.
    """
    body = [
        "<h1>Forecasts and what came</h1>",
        "<p>Each forecast was recorded before its outcome was known, and graded by the same source "
        "when its last candle had closed. For learning and research. Not financial advice.</p>",
        "<h2>Record</h2>",
        *(_record(record) for record in records),
        f"<h2>The newest {min(len(entries), MAX_ENTRIES):,} forecasts</h2>",
        _entries(entries[:MAX_ENTRIES]),
        "<h2>Nothing was changed afterwards</h2>",
        f"<p>Head at entry {head.position:,}: <code>{_text(head.hash)}</code>. Any later rewrite "
        f"is found by <code>ledger verify --head {_text(head.hash)} --at {head.position}</code>."
        "</p>",
    ]
    if not entries:
        body[2:6] = ["<p>No forecast is recorded yet.</p>"]
    now = moment_text(pd.Timestamp.now("UTC"))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="description" content="Forecasts of crypto prices, recorded before their '
        'outcome, and how they turned out">'
        f"<title>CryptoForecast ledger</title><style>{_STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + f"\n<p>Written {_text(now)}.</p>\n</main></body></html>\n"
    )


def _record(record: LedgerRecord) -> str:
    series, name = record.series, record.series.name
    title = f"{name.forecaster}, {name.market} {name.interval}, step {record.step}"
    lines = [
        f"<h3>{_text(title)}</h3>",
        f"<p>{_text(record_sentence(record))}. {series.recorded:,} recorded, {series.open:,} open, "
        f"{series.void:,} void.</p>",
    ]
    if record.shares:
        items = "".join(
            f"<li>The {share.level} % range held {share.hits:,} of {share.count:,} prices "
            f"({wording.percent(share.value)}; 95 % interval by {share.separate:,} forecasts that "
            f"do not overlap: {wording.percent(share.low)} to {wording.percent(share.high)}).</li>"
            for share in record.shares
        )
        lines += [
            f"<ul>{items}</ul>",
            _verdicts(EVERY_DAY, [anytime_sentence(each) for each in record.verdicts]),
            _verdicts(ONE_LOOK, [usual_sentence(each) for each in record.verdicts]),
        ]
    return "\n".join(lines)


def _verdicts(title: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences)
    return f"<p>{title}:</p><ul>{items}</ul>"


def _entries(entries: Sequence[LedgerEntry]) -> str:
    header = ("Entry", "Model", "Market", "Made", "Due", "80 % range", "What came", "Result")
    rows = []
    for entry in entries:
        forecast, outcome = entry.forecast, entry.outcome
        name, last = forecast.series, forecast.quantiles[-1]
        low, high = (price_text(float(last[column]), name.quote) for column in (2, -3))
        came = ""
        if outcome is not None and outcome.has_candles:
            came = price_text(float(outcome.actual[-1]), name.quote)
        cells = (
            str(entry.position), name.forecaster,
            f"{name.market} {name.interval}" + (", simulated" if name.simulated else ""),
            moment_text(forecast.made_at), moment_text(forecast.due_at), f"{low} to {high}", came,
            result_text(entry, name.horizon),
        )  # fmt: skip
        rows.append(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in cells)}</tr>")
    names = "".join(f'<th scope="col">{name}</th>' for name in header)
    return (
        f'<div class="scroll"><table><thead><tr>{names}</tr></thead>\n<tbody>'
        + "\n".join(rows)
        + "</tbody></table></div>"
    )


def _text(text: str) -> str:
    return html.escape(printable(text))
