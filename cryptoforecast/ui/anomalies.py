"""The parts of the Anomalies page: the finding, the chart, the promise and the list."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.service import Service
from cryptoforecast.service.choices import alarm_choices, usual_alarms
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    INTERVALS,
    AlarmRate,
    Anomalies,
    PriceHistory,
    brief_moment_text,
    count_text,
    rarity_text,
    rate_text,
    span_text,
)
from cryptoforecast.ui import bars, card, elements, live, url, words

_KINDS = {"real": "Measured on real test months", "simulated": "Measured on simulated prices"}
#: The rarity from which several candles together are worth a number.
MIN_RARE = 10
_HELP = (
    "How many alarms the threshold promises in 30 days. The rarer a move has to be, the fewer. "
    "The spike rule makes the same promise from the standard deviation of the last 100 moves."
)


def find(service: Service, history: PriceHistory) -> Anomalies:
    """Find the anomalies at the threshold that the slider shows, before it is drawn.

    So the page is drawn from top to bottom, and nothing moves.

    Args:
        service: Finds them.
        history: The prices.
    """
    key, options = _slider(history.interval)
    first = f"{usual_alarms(history.interval):g}"
    url.begin(key, first, key)
    if st.session_state[key] not in options:
        st.session_state[key] = first
    saved = service.anomalies.model(history)
    network = None if saved is None else saved.model
    return service.anomalies.find(history, float(st.session_state[key]), network)


def threshold(interval: str) -> None:
    """Draw the slider of the threshold."""
    key, options = _slider(interval)
    alarms = st.select_slider(
        "Surprising moves a month",
        options,
        key=key,
        on_change=url.changed,
        args=(key, key, options),
        help=_HELP,
    )
    url.remember(key, str(alarms))


def _slider(interval: str) -> tuple[str, list[str]]:
    """Return the key of the slider and its options, as the URL has them."""
    return f"alarms_{interval}", [f"{count:g}" for count in alarm_choices(interval)]


def finding(anomalies: Anomalies, recent: Anomalies) -> None:
    """Write what was found, beside all of it as a file.

    Args:
        anomalies: All of the history.
        recent: Those of the last month.
    """
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        card.answer(
            words.plain(recent.sentence),
            words.plain(
                "A move counts when the forecast made before it gave it a chance of less than "
                f"{anomalies.threshold_text}"
            ),
        )
        history = anomalies.surprises.history
        elements.download(anomalies.frame(), history, "anomalies", "CSV")


def chart(recent: Anomalies) -> None:
    """Draw the last month, with what the colours mean."""
    with st.container(key="phone-badge", width="content"):
        live.badge(recent.surprises.history)
    with st.container(key="chart-anomalies", height="stretch"):
        elements.chart(
            charts.anomalies(recent, dark=elements.dark()),
            alt=charts.summary_anomalies(recent),
            key="anomalies",
            bare=True,
        )
    noun = INTERVAL_NOUNS[recent.surprises.history.interval]
    st.caption(
        f"Blue: the range in which the forecast expected 95 of 100 prices, one {noun} before. "
        f"“1 in 1,000”: a move this rare comes once in 1,000 {noun}s. Spike rule: a simpler "
        f"test that only asks whether a move is large beside the last 100 {noun}s (standard "
        "deviation)."
    )


def verdict(anomalies: Anomalies) -> None:
    """Write whether the threshold kept its promise on these prices."""
    rate = anomalies.rate
    card.heading(
        words.plain(rate.verdict),
        f"In all {words.plain(_span(anomalies))} the forecast raised {rate.alarms:,} "
        f"{'alarm' if rate.alarms == 1 else 'alarms'}; {words.plain(count_text(rate.expected))} "
        f"{'was' if count_text(rate.expected) == '1' else 'were'} promised. "
        f"The spike rule promises as many and raised {rate.spikes:,}.",
        mark="good" if "as often" in rate.verdict else "watch",
    )


def promise(anomalies: Anomalies) -> None:
    """Compare how often both rules fired with what they promise."""
    rate = anomalies.rate
    rates = {_KINDS[kind]: each for kind, each in anomalies.measured.items()}
    rates[f"On these prices, {_span(anomalies)}"] = rate
    longest = max(max(each.ratio, each.spike_ratio, 1) for each in rates.values())
    for number, (title, each) in enumerate(rates.items()):
        with st.container(gap="xsmall"):
            if not number:
                st.caption("Alarms a month (tick: promised)")
            st.caption(words.plain(title), help=words.plain(_counted(each)))
            bars.draw(_bars(each, anomalies.alarms_a_month, longest), f"{number:d}")


def _span(anomalies: Anomalies) -> str:
    """Write how long a time the candles cover: "22 months"."""
    surprises = anomalies.surprises
    return span_text(len(surprises) * surprises.history.candle_length, close=True)


def _counted(rate: AlarmRate) -> str:
    prices = f"{rate.prices}: " if rate.prices else ""
    return (
        f"{prices}{rate.candles:,} candles, {rate.start[:10]} to {rate.end[:10]}. "
        f"{count_text(rate.expected)} alarms promised, {rate.alarms:,} by the forecast, "
        f"{rate.spikes:,} by the spike rule."
    )


def _bars(rate: AlarmRate, alarms: float, longest: float) -> list[bars.Bar]:
    """Draw how often each rule fired in a month; a full bar is ``longest`` promises."""
    forecast = bars.Bar(
        "By forecast", rate_text(rate.ratio * alarms), rate.ratio / longest, promise=1 / longest
    )
    spikes = rate_text(rate.spike_ratio * alarms)
    return [forecast, bars.Bar("Spike rule", spikes, rate.spike_ratio / longest, "reference")]


def month(recent: Anomalies) -> None:
    """List the anomalies of the last month, the rarest first."""
    surprises = recent.surprises
    history = surprises.history
    frame = recent.frame().sort_values("rarity", ascending=False)
    if frame.empty:
        st.caption("No move was this rare. Choose more moves a month to see the rarest ones.")
        return
    days = history.candle_length >= INTERVALS["1d"]
    rows = [
        (
            words.plain(brief_moment_text(row["closes_at"], year=days)),
            words.change(row["move"]),
            words.plain(rarity_text(row["rarity"])),
            f"±{words.percent(row['expected_move'])}",
            words.plain(_together(row["rarity_together"])),
            "yes" if row["spike_rule"] else "no",
        )
        for row in frame.to_dict("records")
    ]
    noun = INTERVAL_NOUNS[history.interval].capitalize()
    whole = surprises.together_text.capitalize()
    header = [f"{noun}, UTC", "Move", "Rarity", "Expected", whole, "Spike rule too"]
    with st.container(key="nums-anomalies"):
        st.table(
            pd.DataFrame(rows, columns=header),
            border="horizontal",
            hide_index=True,
            alt="Anomalies, the rarest first",
        )


def be_told(anomalies: Anomalies) -> None:
    """Say how to be told of the next anomaly; a price file has no next candle."""
    history = anomalies.surprises.history
    if history.of_file:
        return
    st.caption(
        "To be told of the next one by mail or chat, set an alarm and run a tick every hour:"
    )
    command = f"alarms add candle --coin {history.market} --interval {history.interval}"
    st.code(
        f"python -m cryptoforecast {command} --rarity {anomalies.threshold:.0f}\n"
        "python -m cryptoforecast tick",
        language="bash",
        wrap_lines=True,
    )


def _together(rarity: float) -> str:
    """Write how rare several candles are together; what comes all the time has no number."""
    return "usual" if rarity < MIN_RARE else rarity_text(rarity)


def notes(anomalies: Anomalies) -> None:
    """Write what limits the figures."""
    if anomalies.surprises.notes:
        st.caption(" ".join(words.plain(note) for note in anomalies.surprises.notes))
