"""The card beside the forecast: whether to believe it, and the way to a network of one's own."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.jobs import Job
from cryptoforecast.service import Run, Service
from cryptoforecast.service.backtests import compare, judge
from cryptoforecast.types import INTERVAL_NOUNS, Backtest, PriceHistory
from cryptoforecast.ui import customise, drafts, elements, judgement, saving, training, words


def show(service: Service, history: PriceHistory, result: Backtest) -> None:
    """Draw the judgement of a forecast, and the buttons that train.

    Args:
        service: Trains.
        history: The prices that a training would learn from.
        result: The test of the forecast.
    """
    judged = judge(result)
    judgement.heading(judged, INTERVAL_NOUNS[history.interval])
    judgement.figures(judged, history.quote)
    st.space("stretch")
    _offer(service, history)


def show_own(
    service: Service,
    history: PriceHistory,
    result: Backtest,
    default: Backtest | None,
    model_name: str,
) -> None:
    """Draw how a network that was just trained compares with the default.

    Args:
        service: Saves and trains.
        history: The prices on the page.
        result: The test of the network.
        default: The test of the default on the same prices; ``None`` where there is none.
        model_name: See ``selection``.
    """
    own = judge(result)
    name = "LSTM" if result.spec.network == "lstm" else "Dense network"
    took = "" if result.model is None else f" · trained in {result.model.record.seconds:.0f} s"
    if default is None:
        judgement.heading(own, INTERVAL_NOUNS[history.interval], f"Your {name}{took}")
        judgement.figures(own, history.quote, "Yours")
    else:
        compared = compare(result.forecast, default.forecast)
        judgement.comparison_heading(compared, history.quote, f"Your {name}{took}", "default")
        judgement.against(compared, own, judge(default), history.quote)
    st.space("stretch")
    with st.container(horizontal=True, gap="xsmall"):
        if saving.can_save(result, model_name) and st.button(
            "Save", type="primary", icon=":material/bookmark:", width="stretch", key="save"
        ):
            saving.ask(service, result)
        if st.button("Train again", icon=":material/tune:", key="customise"):
            customise.show(service, history)


def show_running(service: Service, job: Job[Run]) -> None:
    """Draw the progress of a training."""
    training.watch(service, job)


def _offer(service: Service, history: PriceHistory) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        quick = drafts.Draft()
        with elements.errors():
            spec = quick.spec(history)
            seconds = service.training.expected(history, spec).seconds
            if st.button(
                f"Train my own · {words.seconds(seconds)}",
                type="primary",
                width="stretch",
                key="train-own",
                help="A quick LSTM learns from these prices, on this server.",
            ):
                training.start(service, history, spec)
        if st.button("Customise", icon=":material/tune:", key="customise"):
            customise.show(service, history)
