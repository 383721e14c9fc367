"""Coins and models side by side on the Ledger page: a figure of their weeks, and its table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.service import Service
from cryptoforecast.types import duration
from cryptoforecast.types.ledger_record import LedgerRecord
from cryptoforecast.ui import card, elements, ledger, words

#: Series in the figure and in its table, those with the most forecasts.
MAX_SHOWN = 6


def section(service: Service, choice: ledger.Choice) -> None:
    """Draw the series of the same candle length at the chosen step, if there are two or more."""
    records = _records(service, choice)
    if len(records) < 2:
        return
    ahead = duration(choice.step, choice.name.interval)
    with card.framed():
        card.heading("Coins and models side by side", words.plain(f"{ahead} ahead, week by week"))
        elements.chart(
            charts.ledger_series(records, dark=elements.dark()),
            alt=charts.summary_ledger_series(records),
            key="ledger-series",
            bare=True,
        )
        st.caption(
            "Above 0: better. Blue: average miss against “the price stays put”. Grey: the range "
            "against the volatility cone (pinball loss). The table has all weeks together."
        )
        rows = [line(name, record) for name, record in records.items()]
        header = ["Coin and model", "Graded", "Price", "Range", "80 % held"]
        with st.container(key="nums-ledger-series"):
            st.table(
                pd.DataFrame(rows, columns=header),
                border="horizontal",
                hide_index=True,
                alt="Coins and models",
            )


def _records(service: Service, choice: ledger.Choice) -> dict[str, LedgerRecord]:
    """Return the records of the series that have a graded forecast at the step, by their names."""
    records = {}
    for each in service.ledger.series():
        name = each.name
        like = (name.interval, name.simulated) == (choice.name.interval, choice.name.simulated)
        if not like or choice.step > name.horizon or not each.settled:
            continue
        record = service.ledger.record_of(name, choice.step)
        if record.weeks:
            records[f"{name.market}, {ledger.model_label(name)}"] = record
        if len(records) == MAX_SHOWN:
            break
    return records


def line(name: str, record: LedgerRecord) -> tuple[str, ...]:
    """Write a series as cells of Markdown: graded forecasts, both skills, and the share held."""
    total, share = record.total, next(each for each in record.shares if each.level == 80)
    if total is None:
        return (words.plain(name), words.DASH, words.DASH, words.DASH, words.DASH)
    return (
        words.plain(name),
        f"{total.count:,}",
        words.change(charts.price_skill(total)),
        words.change(charts.range_skill(total)),
        words.whole_percent(share.value),
    )
