"""What the Data page shows at each step: the field, the reading, the check, the forecast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from cryptoforecast import charts
from cryptoforecast.service import Service, market_view, trust
from cryptoforecast.settings import ROOT
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import (
    card,
    data,
    elements,
    opened,
    price_check,
    reading,
    recent_files,
    repairs,
    words,
)
from cryptoforecast.ui.data import File

#: Gaps that the chart marks: the longest ones.
MAX_GAPS = 40
#: What happens after a file is opened.
NEXT = (
    "1. **Read**: columns, dates and currency are recognised, and you can correct them.\n"
    "2. **Check**: what is good, what to watch, and what is bad. Repairs are yours to choose.\n"
    "3. **Forecast**: the file stands in the list of coins on every page."
)
#: Where the prices of a file can be looked at, and what for.
_WAYS = {
    "forecast": ("Forecast these prices", "What comes next, and whether to believe it."),
    "backtest": ("Test forecasts on them", "Which method would have been right, and when."),
    "market": ("Look at them", "Candles, indicators, and any period enlarged."),
}


def open_view(service: Service, file: File | None) -> None:
    """Show the field that takes a file, and the files that were opened before."""
    left, right = card.sides()
    with left:
        card.answer("Open a file of prices", "It is read, checked, and ready to forecast.")
        if file is not None and file.source is None and file.refusal:
            st.error(words.plain(file.refusal), icon=":material/error:")
        data.uploader(service)
        st.markdown(NEXT)
        needed = trust.candles_to_forecast()
        st.caption(words.plain(f"A forecast needs {needed:d} candles or more."))
    with right:
        recent_files.show(file, at_open=True)


def read_view(service: Service, file: File) -> None:
    """Show how the file was read, or why it was refused, and let the user correct it."""
    source, history = file.source, file.history
    if history is None:
        card.answer("This file can't be read yet", words.plain(_name(file)), mark="bad")
        st.error(words.plain(file.refusal), icon=":material/error:")
    else:
        card.answer(
            f"Read as {words.plain(trust.contents(history))}", words.plain(_name(file)), mark="good"
        )
    left, right = card.sides()
    with left:
        card.heading("How it was read")
        if history is not None:
            reading.how(history)
            st.button(
                "Check these prices",
                key="check",
                type="primary",
                on_click=data.go_to,
                args=(data.CHECK,),
            )
        else:
            st.markdown("Say how to read it. It is then read again at once.")
            if source is not None:
                repairs.offer(source, None)
    with right:
        card.heading("Is something wrong?")
        if source is None:
            st.caption("Only the session that opened the file can read it in another way.")
            return
        st.caption("Choose what is right. The file is then read again at once.")
        reading.corrections_form(service, source, history)
        if history is None:
            recent_files.offer_another()


def check_view(file: File, history: PriceHistory) -> None:
    """Show whether the prices are good to forecast: the facts, the chart, the repairs."""
    facts = trust.facts(history)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch", key="check-answer"):
            card.answer(
                words.plain(trust.readiness(history, facts)), words.plain(_line(file, history))
            )
        if len(history) >= trust.candles_to_forecast():
            _way_to_forecast(file, trust.open_repairs(facts), misleads=trust.misleads(facts))
    for note in history.notes:
        st.caption(f":material/info: {words.plain(note)}")
    reading.choice_line(history)
    for start in range(0, len(facts), 3):
        for place, fact in zip(st.columns(3, gap="small"), facts[start : start + 3], strict=False):
            with card.framed(place):
                _fact(fact, file.source)
    left, right = card.sides()
    with left:
        _chart(history)
    with right:
        recent_files.show(file)
    if file.source is not None:
        repairs.offer(file.source, history, folded=True)
    price_check.checks(history)
    elements.candle_table(history)


def forecast_view(file: File, history: PriceHistory) -> None:
    """Show where these prices can be forecast, tested and looked at."""
    needed = trust.candles_to_forecast()
    left, right = card.sides()
    with left:
        if len(history) < needed:
            card.answer("Too short to forecast", words.plain(_too_short(history)), mark="bad")
        else:
            bad = any(fact.grade == "bad" for fact in trust.facts(history))
            warning = " · something is bad, see the step Check" if bad else ""
            card.answer(
                f"{'Readable' if bad else 'Ready'}: {words.plain(trust.contents(history))}",
                words.plain(_name(file)) + warning,
                mark="watch" if bad else "good",
            )
        ready = len(history) >= needed
        for page, (label, purpose) in _WAYS.items():
            kind: Literal["primary", "secondary"] = "primary" if page == "forecast" else "secondary"
            if not ready and page != "market":
                continue
            st.markdown(f":gray[{words.plain(purpose)}]")
            if st.button(words.plain(label), key=f"to-{page}", type=kind):
                st.switch_page(ROOT / "pages" / f"{page}.py", query_params={"coin": file.name})
    with right:
        recent_files.show(file)


def _way_to_forecast(file: File, faults: Sequence[str], *, misleads: bool) -> None:
    """Draw the button that leads to the forecast, after the repairs that the prices need.

    Args:
        file: The file.
        faults: Names of these repairs.
        misleads: Whether no repair makes the forecast one to trust.
    """
    repairable = bool(faults) and file.source is not None
    label = "Repair and forecast" if repairable else "Forecast these prices"
    clicked = st.button(
        f"{label} anyway" if misleads else label,
        icon=":material/arrow_forward:",
        icon_position="right",
        type="secondary" if misleads else "primary",
        key="forecast-these",
        on_click=repairs.choose if repairable else None,
        args=(file.source, faults) if repairable else None,
    )
    if clicked:
        st.switch_page(ROOT / "pages" / "forecast.py", query_params={"coin": file.name})


def _fact(fact: trust.Fact, source: opened.Source | None) -> None:
    """Draw a fact with its grade, and the button of its repair."""
    st.markdown(price_check.BADGES[fact.grade])
    card.heading(words.plain(fact.text), words.plain(fact.effect))
    if source is None or not fact.repair:
        return
    st.space("stretch")
    st.button(
        "Undo the repair" if fact.repaired else words.plain(trust.REPAIR_LABELS[fact.repair]),
        key=f"repair-{fact.repair}",
        on_click=repairs.toggle,
        args=(source, fact.repair),
    )


def _chart(history: PriceHistory) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        card.heading(words.plain(f"Prices, {history.quote}"))
        log = st.toggle(
            "Log axis",
            value=len(history) > charts.MAX_CANDLES,
            key="data-log",
            persist_state="session",
            help="On a logarithmic axis, equal distances are equal percentages.",
        )
    marked = [(gap.start, gap.end) for gap in market_view.gaps(history)[:MAX_GAPS]]
    figure = charts.candles(history, log=log, dark=elements.dark(), gaps=marked)
    elements.chart(figure, alt=charts.summary_candles(history), key="candles")
    if marked:
        st.caption("Amber: candles are missing.")


def _name(file: File) -> str:
    """Return the file's name."""
    if file.source is not None:
        return file.source.name
    return file.history.source if file.history is not None else ""


def _line(file: File, history: PriceHistory) -> str:
    """Write name, content and span of a file."""
    if len(history) < trust.candles_to_forecast():
        return _too_short(history)
    simulated = "simulated prices · " if history.simulated else ""
    span = f"{history.start:%b %Y} to {history.end:%b %Y}"
    last = words.price(float(history.candles["close"].iloc[-1]), history.quote)
    return f"{_name(file)} · {simulated}{trust.contents(history)}, {span}, the last {last}"


def _too_short(history: PriceHistory) -> str:
    return (
        f"A forecast needs at least {trust.candles_to_forecast():d} candles, because it is first "
        f"tested on past prices. This file has {len(history):,}."
    )
