"""The parts of the Ledger page: the choices, the finding, the chart, the list and the weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.service import Service, files, ledger_files
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    affixes,
    brief_moment_text,
    duration,
    predictor_name,
    short_moment_text,
)
from cryptoforecast.types.ledger import LedgerEntry, SeriesName, result_text
from cryptoforecast.types.ledger_record import (
    LedgerRecord,
    LedgerSeries,
    record_sentence,
)
from cryptoforecast.ui import alarms, card, elements, ending, identity, url, words

#: Forecasts in the chart, in the table and in the file, at most.
MAX_CHART, MAX_LINES, MAX_FILE = 44, 8, 10_000
_INSIDE = ":green[:material/check:]"
_OUTSIDE = ":red[:material/close:]"
_WAITING = ":gray[:material/schedule:]"
#: Key of the session: the last click found no live prices.
_NO_LIVE_PRICES = "no-live-prices"


@dataclass(frozen=True)
class Choice:
    """What the page shows.

    Attributes:
        name: The series.
        step: 1 to its horizon.
    """

    name: SeriesName
    step: int


def choose(service: Service) -> Choice:
    """Return what the URL asks for, before the selectors are drawn.

    Where nothing is recorded, the page says so and ends.
    """
    stored = service.ledger.series()
    if not stored:
        _empty(service)
    markets = _markets(stored)
    market = _last("market", list(markets), next(iter(markets)))
    series = {_key(each.name): each.name for each in markets[market]}
    name = series[_last("series", list(series), next(iter(series)))]
    steps = _steps(name)
    return Choice(name, int(_last("ahead", steps, steps[-1])))


def _last(key: str, options: Sequence[str], default: str) -> str:
    value = url.last(key, default)
    return value if value in options else default


def _empty(service: Service) -> None:
    """Say that nothing is recorded, and how to begin."""
    card.answer(
        "No forecast is stored yet",
        "A forecast is stored before its outcome is known, and graded when its time has come. "
        "If anyone changes either later, `ledger verify` finds it.",
    )
    with card.framed():
        if identity.user().owner:
            _offer_to_record(service)
        st.caption("Forecasts of live prices count. Those of simulated prices never do.")
        with st.expander("Every hour by itself", icon=":material/schedule:"):
            st.markdown("This command stores the next forecasts, and grades those that are due:")
            st.code("python -m cryptoforecast tick", language="bash")
            st.caption(
                "Run it every hour, by cron or a scheduled workflow. With `--prices any` it "
                "practises on simulated prices."
            )
    alarms.section(service)
    ending.end_page()


def _offer_to_record(service: Service) -> None:
    """Let the owner store the first forecasts by a click."""
    live = service.settings.live
    if st.button(
        "Store the next forecasts now",
        type="primary",
        icon=":material/edit_note:",
        key="record",
        help=None if live else "Live prices are off: simulated ones are used, and never counted.",
    ):
        _record(service, "live" if live else "any")
    if st.session_state.get(_NO_LIVE_PRICES):
        st.warning(
            "Live prices can't be reached now. Try again later, or practise on simulated prices. "
            "Such forecasts are never counted.",
            icon=":material/cloud_off:",
        )
        if st.button("Practise on simulated prices", key="practise"):
            _record(service, "any")


def _record(service: Service, prices: str) -> None:
    """Store the next forecasts and draw the page again, or note that there are no live prices."""
    with elements.errors(), st.spinner("Forecasting …"):
        try:
            service.ledger.record(prices=prices)
        except SourceUnavailable:
            st.session_state[_NO_LIVE_PRICES] = True
        else:
            st.session_state.pop(_NO_LIVE_PRICES, None)
            st.rerun()


def _markets(stored: Sequence[LedgerSeries]) -> dict[str, list[LedgerSeries]]:
    """Return the series of each market; simulated prices are a market of their own."""
    markets: dict[str, list[LedgerSeries]] = {}
    for each in sorted(stored, key=lambda one: one.name.simulated):
        name = each.name.market + ("-simulated" if each.name.simulated else "")
        markets.setdefault(name, []).append(each)
    return markets


def _key(name: SeriesName) -> str:
    return f"{name.model}.{name.predictor}.{name.interval}.{name.horizon}"


def _steps(name: SeriesName) -> list[str]:
    return [str(step) for step in range(1, name.horizon + 1)]


def model_label(name: SeriesName) -> str:
    """Write what forecasts, and candles of which length."""
    member = "" if name.predictor in ("stack", name.model) else f", {name.predictor}"
    model, length = f"{predictor_name(name.model)}{member}", words.length(name.interval)
    return model if model.endswith(length) else f"{model} · {length}"


def selectors(service: Service) -> None:
    """Draw the choices of market, model and step."""
    markets = _markets(service.ledger.series())
    with st.container(
        key="choices-ledger", horizontal=True, vertical_alignment="center", gap="small"
    ):
        market = url.choose(
            "Coin", list(markets), "market", next(iter(markets)),
            lambda key: key.replace("-simulated", ", simulated"), width=150,
        )  # fmt: skip
        series = {_key(each.name): each.name for each in markets[market]}
        key = url.choose(
            "Model", list(series), "series", next(iter(series)),
            lambda one: model_label(series[one]), width=190,
        )  # fmt: skip
        name = series[key]
        steps = _steps(name)
        url.choose(
            "How far ahead", steps, "ahead", steps[-1],
            lambda step: duration(int(step), name.interval),
            widget=f"ahead_{name.interval}_{name.horizon}", width=145,
        )  # fmt: skip
        if name.simulated:
            st.badge("Simulated, counts nowhere", color="orange")


def finding(service: Service, record: LedgerRecord) -> None:
    """Write how often the range held, beside all of it as a file."""
    name = record.series.name
    due = record.series.next_due
    # All steps of a forecast are graded at once.
    last = f"{'its last' if name.horizon > 1 else 'its'} {INTERVAL_NOUNS[name.interval]}"
    line = f"Each forecast is stored before its outcome is known, and graded when {last} has closed"
    if not record.shares and due is not None:
        count = record.series.open
        wait = "One forecast waits" if count == 1 else f"{count:,} forecasts wait"
        first = "It" if count == 1 else "The first"
        line = f"{wait} for the outcome. {first} is due {short_moment_text(due)}"
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        card.answer(words.plain(record_sentence(record)), words.plain(line))
        st.download_button(
            "CSV",
            lambda: files.csv_text(ledger_files.frame(service.ledger.entries(name, MAX_FILE))),
            file_name=f"ledger-{name.market}-{name.interval}.csv".lower(),
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="csv-ledger",
        )


def chart(entries: Sequence[LedgerEntry], record: LedgerRecord) -> None:
    """Draw ranges, and what came.

    Args:
        entries: Forecasts that do not overlap.
        record: What the series shows at the step.
    """
    card.heading("Promised range and what came")
    with st.container(key="chart-ledger", height="stretch"):
        elements.chart(
            charts.ledger_ranges(entries, record.step, dark=elements.dark()),
            alt=charts.summary_ledger_ranges(entries, record.step),
            key="ledger",
            bare=True,
        )
    before = duration(record.step, record.series.name.interval)
    st.caption(
        f"Bar: 80 % range stored {words.plain(before)} before. Dot: the price that came. Cross: "
        "outside."
    )


def listed(entries: Sequence[LedgerEntry], record: LedgerRecord) -> None:
    """List the newest of these forecasts: what was promised, what came, and what is due."""
    series, step = record.series, record.step
    header = ["Stored, UTC", "80 % range", "What came", "Result", "Miss"]
    rows = [line(entry, step) for entry in entries[:MAX_LINES]]
    with st.container(key="nums-ledger"):
        st.table(
            pd.DataFrame(rows, columns=header),
            border="horizontal",
            hide_index=True,
            alt="The newest forecasts",
        )
    parts = [f"{series.recorded:,} stored, {series.open:,} open."]
    if series.next_due is not None:
        parts.append(f"Next due {short_moment_text(series.next_due)}.")
    if series.void and not series.name.simulated:
        parts.append(void_sentence(series))
    if step > 1:
        parts.append("Listed are forecasts that do not overlap; the file has all.")
    parts.append(
        "Each is made from all prices of its source, so the Forecast page may show a slightly "
        "different range."
    )
    st.caption(words.plain(" ".join(parts)))


def void_sentence(series: LedgerSeries) -> str:
    """Write why forecasts of a series count nowhere: "1 does not count: …"."""
    gone, revised = series.source_gone, series.candle_revised
    reasons = [f"for {gone:,} the source has no price any more"] * bool(gone)
    if revised:
        reasons.append(f"for {revised:,} {'it' if gone else 'the source'} has changed a candle")
    verb = "does" if gone + revised == 1 else "do"
    return f"{gone + revised:,} {verb} not count: {', '.join(reasons)}."


def offer_next(service: Service, name: SeriesName) -> None:
    """Let the owner do by a click what a tick does with forecasts."""
    if not identity.user().owner:
        return
    if st.button(
        "Store the next forecasts and grade what is due",
        icon=":material/edit_note:",
        type="tertiary",
        key="record-next",
    ):
        with elements.errors(), st.spinner("Forecasting …"):
            service.ledger.grade()
            service.ledger.record(prices="any" if name.simulated else "live")
            st.rerun()


def line(entry: LedgerEntry, step: int) -> tuple[str, ...]:
    """Write a forecast as cells of Markdown: stored, range, what came, result, miss."""
    forecast, outcome = entry.forecast, entry.outcome
    quote, line = forecast.series.quote, forecast.quantiles[step - 1]
    low, high = (words.price(float(line[column]), quote) for column in (2, -3))
    high = high.removeprefix(affixes(quote)[0])  # the currency is said once
    first = (words.plain(brief_moment_text(forecast.made_at)), words.plain(f"{low} to {high}"))
    if outcome is None:
        # All of its steps are graded at once.
        remaining = forecast.due_at - pd.Timestamp.now("UTC")
        due = (
            f"in {_remaining_text(remaining)}" if remaining > pd.Timedelta(minutes=1) else "due now"
        )
        return (*first, f"{_WAITING} {due}", "", "")
    result = result_text(entry, step)
    if not outcome.has_candles:
        return (*first, words.DASH, words.plain(result), "")
    actual = float(outcome.actual[step - 1])
    sign = _INSIDE if outcome.inside[80][step - 1] else _OUTSIDE
    miss = words.miss(outcome.miss(forecast, step), quote)
    came = words.plain(words.price(actual, quote))
    return (*first, f"{sign} {came}", words.plain(result), words.plain(miss))


def _remaining_text(span: pd.Timedelta) -> str:
    """Write how long it takes until a forecast is due, as precisely as matters."""
    hours = span / pd.Timedelta(hours=1)
    return words.short_span(span.round("min" if hours < 2 else "h" if hours < 48 else "D"))


def weeks(record: LedgerRecord) -> None:
    """Draw the skill week by week, once there are two weeks."""
    if len(record.weeks) < 2:
        return
    with card.framed():
        card.heading("Week by week", words.plain(charts.summary_ledger_weeks(record)))
        with st.container(key="chart-weeks", height="stretch"):
            elements.chart(
                charts.ledger_weeks(record, dark=elements.dark()),
                alt=charts.summary_ledger_weeks(record),
                key="ledger-weeks",
                bare=True,
            )
        st.caption(
            "Above 0: better. Blue: average miss against “the price stays put”. Grey: the range "
            "against the volatility cone (pinball loss)."
        )
