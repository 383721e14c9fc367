"""The card beside the forecast: whether to believe it, and the way to a network of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from cryptoforecast.jobs import Job
from cryptoforecast.service import Run, Service
from cryptoforecast.service.backtests import contest as compare
from cryptoforecast.service.backtests import judge
from cryptoforecast.service.forecasts import members_sentence
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    Backtest,
    Forecast,
    Member,
    NextSteps,
    PriceHistory,
    duration,
    predictor_name,
)
from cryptoforecast.ui import (
    contest,
    customise,
    drafts,
    elements,
    judgement,
    saving,
    selection,
    spec_changes,
    training,
    words,
)


def show(service: Service, history: PriceHistory, result: Backtest, *, chosen: bool) -> None:
    """Draw the judgement of a forecast, and the buttons that train.

    Args:
        service: Trains.
        history: The prices that a training would learn from.
        result: The test of the forecast.
        chosen: Whether the user has chosen the model; its network is then judged alone too.
    """
    verdict = judge(result)
    judgement.heading(verdict, INTERVAL_NOUNS[history.interval])
    network = result.spec.network
    alone = {network: judge(result, network)} if chosen and result.network_sentences else {}
    if not verdict.seen:
        judgement.figures({result.predictor: verdict} | alone, history.quote)
    st.space("stretch")
    _offer(service, history)


def show_own(
    service: Service,
    own: Backtest,
    future: NextSteps,
    rivals: Mapping[str, Backtest],
    model_name: str,
) -> None:
    """Draw how a network that was just trained compares with the default and the one before.

    Args:
        service: Saves and trains.
        own: The test of the network.
        future: Its forecast, made from the prices on the page.
        rivals: Tests of others, see ``selection``; none where there is nothing to compare.
        model_name: See ``selection``.
    """
    history, network = future.history, own.spec.network
    name = "LSTM" if network == "lstm" else "Dense network"
    took = "" if own.model is None else f" · trained in {own.model.record.seconds:.0f} s"
    eyebrow = f"{_made_of(name, future.members)}{took}"
    if own.seen or not rivals:
        verdict = judge(own)
        judgement.heading(verdict, INTERVAL_NOUNS[history.interval], eyebrow)
        if not verdict.seen:
            tests = {own.predictor: verdict, network: judge(own, network)}
            judgement.figures(tests, history.quote)
    else:
        mine = own.predictor, network
        result = compare(
            {name: own.forecasts[name] for name in mine}
            | _network_before(rivals)
            | {role: test.forecast for role, test in rivals.items()}
            | {"naive": own.forecasts["naive"]},
            rivals,
        )
        longest = max(test.forecast.horizon for test in (own, *rivals.values()))
        ahead = duration(result.step, history.interval) if result.step < longest else ""
        # A network that looks farther than the others has its verdict at its own last step.
        alone = own.verdicts[network].outcome if result.step == own.forecast.horizon else "unknown"
        before = rivals.get(selection.PREVIOUS)
        changes = "" if before is None else spec_changes.sentence(own.spec, before.spec)
        alone_too = contest.ALONE.format(network=predictor_name(network))
        text = f"{members_sentence(future.members)} {alone_too}"
        contest.finding(result, judge(own), history.quote, eyebrow, changes=changes, help=text)
        contest.figures(result, mine, history.quote, alone, ahead)
    st.space("stretch")
    with st.container(horizontal=True, gap="xsmall"):
        can_save = saving.can_save(own, model_name)
        if can_save and st.button(
            "Save",
            type="primary",
            icon=":material/bookmark:",
            width="stretch",
            key="save",
            help="A network that is not saved leaves the list when you reload the page.",
        ):
            saving.ask(service, own, model_name)
        if st.button(
            "Train again",
            icon=":material/tune:",
            width="content" if can_save else "stretch",
            key="customise",
        ):
            customise.show(service, history)


def _network_before(rivals: Mapping[str, Backtest]) -> dict[str, Forecast]:
    """Return the forecasts of the network alone that was trained before, if there is one."""
    before = rivals.get(selection.PREVIOUS)
    network = None if before is None else before.forecasts.get(before.spec.network)
    return {} if network is None else {contest.BEFORE: network}


def _made_of(name: str, members: Sequence[Member]) -> str:
    """Say how much of a forecast is the user's network, and how much the regression."""
    if len(members) == 1:
        return f"Your {name}"
    network, regression = (100 * float(each.weights[-1]) for each in members)
    if min(network, regression) < 0:  # one corrects the other
        return f"Your {name} with a regression"
    return f"Your {name} {network:.0f} %, regression {regression:.0f} %"


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
