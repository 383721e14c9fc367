"""Anomalies as text: how many there are, how well the promise held, and a line for each."""

from __future__ import annotations

from cryptoforecast.cli import tables
from cryptoforecast.texts import lines_text
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    AlarmRate,
    Anomalies,
    count_text,
    rarity_text,
)

_KINDS = {"real": "On real prices", "simulated": "On simulated prices"}


def text(anomalies: Anomalies, model: str | None) -> str:
    """Describe anomalies, the newest first.

    Args:
        anomalies: The candles that raise an alarm.
        model: Name of the saved model that forecast; ``None`` for a baseline.
    """
    surprises, rate = anomalies.surprises, anomalies.rate
    history = surprises.history
    noun, quote = INTERVAL_NOUNS[history.interval], history.quote
    who = surprises.predictor if model is None else f"{surprises.predictor} ({model})"
    lines = [
        f"{anomalies.sentence}.",
        *tables.beside_simulated(surprises.notes),
        "",
        *tables.prices(history),
        f"A move counts when the forecast of {who} one {noun} before gave it, or a larger one, "
        f"less than {anomalies.threshold_text}: {anomalies.alarms_a_month:g} a month.",
        f"{rate.verdict} on these prices: {_counted(rate, anomalies)}.",
        *(
            f"{_KINDS[kind]} ({one.prices}, {one.candles:,} candles): {_counted(one, anomalies)}."
            for kind, one in anomalies.measured.items()
        ),
    ]
    header = ("closes at (UTC)", f"close, {quote}", "move", "rarity", f"expected (95 %), {quote}",
              surprises.together_text, "spike rule")  # fmt: skip
    rows = [
        [
            tables.time(row["closes_at"]),
            tables.money(row["close"], quote),
            tables.number(row["move"], "+.2%"),
            rarity_text(row["rarity"]),
            f"{tables.money(row['expected_low'], quote, estimate=True)} to "
            f"{tables.money(row['expected_high'], quote, estimate=True)}",
            rarity_text(row["rarity_together"]).replace("–", tables.UNDEFINED),
            "yes" if row["spike_rule"] else "no",
        ]
        for row in anomalies.frame().iloc[::-1].to_dict("records")
    ]
    return lines_text([*lines, "", *tables.aligned(header, rows)] if rows else lines)


def _counted(rate: AlarmRate, anomalies: Anomalies) -> str:
    """Compare the alarms, and those of the spike rule, with the promise."""
    month = anomalies.alarms_a_month
    return (
        f"{count_text(rate.ratio * month)} a month by forecast ({rate.alarms:,} in "
        f"{rate.candles:,} candles, {count_text(rate.expected)} promised), "
        f"{count_text(rate.spike_ratio * month)} by the spike rule"
    )
