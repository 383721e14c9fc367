"""The test of the Backtest page: computed at once, or in the background after a click."""

from __future__ import annotations

import dataclasses

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cryptoforecast import charts
from cryptoforecast.service import Service, is_walk_forward
from cryptoforecast.service.choices import is_network
from cryptoforecast.service.saved_models import USUAL_FEE, direction_gain
from cryptoforecast.types import (
    Backtest,
    Forecast,
    ModelSpec,
    PriceHistory,
    WalkForward,
    WalkPlan,
    days_text,
    duration,
    predictor_phrase,
)
from cryptoforecast.ui import begun, card, elements, identity, live, selection, training, words
from cryptoforecast.ui.plan import Plan
from cryptoforecast.ui.words import plain

#: Where the URL holds the key of the last walk-forward test.
LINK = "walk"


@dataclasses.dataclass(frozen=True, eq=False)
class FinishedTest:
    """A finished test.

    Attributes:
        result: The backtest.
        walk_forward: The walk-forward test that the backtest belongs to, or ``None``.
    """

    result: Backtest
    walk_forward: WalkForward | None = None


def run(
    service: Service, history: PriceHistory, model_name: str, plan: Plan, heading: DeltaGenerator
) -> FinishedTest | None:
    """Return the test; ``None`` while a network has to be trained for it.

    Args:
        service: Computes and holds the tests.
        history: The prices.
        model_name: See ``selection``.
        plan: How to test.
        heading: Where the page's heading stands while there is no test.
    """
    walk = plan.walk_forward
    if walk is None:
        result = selection.backtest(
            service, model_name, history, since_training=plan.since_training
        )
        return FinishedTest(service.backtests.with_finished_baselines(result))
    spec = selection.spec(service, model_name, history)
    if is_network(spec):
        history = selection.with_signals(service, spec.features, history)
        test = _of_network(service, history, spec, walk, heading)
        if test is None:
            return None
    else:
        with st.spinner("Fitting once for each fold …"):
            test = service.walk_forward.of_baseline(history, spec, walk)
    test = service.walk_forward.with_finished_baselines(test)
    return FinishedTest(test.backtest, test)


def show_verdict(service: Service, test: FinishedTest) -> None:
    """Write whether anything beats the last price, and what was tested."""
    result, history = test.result, test.result.history
    board = service.backtests.analyses.board(result, "mae", result.spec.horizon, "naive")
    times = result.forecast.closes_at(0)
    line = (
        f"{len(result.forecast):,} past forecasts of {history.title}, "
        f"{duration(result.spec.horizon, history.interval)} ahead, "
        f"made {days_text(times[0], times[-1])}"
    )
    text = charts.headline(board, result.predictor)
    if result.seen:
        text = "Not a fair test: the model may have learnt from these prices"
    with st.container():
        if history.simulated:
            with st.container(key="phone-badge", width="content"):
                live.badge(history)
        card.answer(plain(text), plain(line))
        if not result.seen and len(result.forecast):
            st.caption(plain(_trade_sentence(result.forecast)))


def _trade_sentence(forecast: Forecast) -> str:
    """Write what trades in the predicted direction would have gained at the last step."""
    name = predictor_phrase(forecast.predictor)
    if (forecast.predicted[:, -1] == forecast.close).all():
        text = f"{name} names no direction to trade in: its best guess was always the last price."
        return text[:1].upper() + text[1:]
    gain = direction_gain(forecast)
    verb = "gained" if gain >= 0 else "lost"
    return (
        f"Trades in the direction of {name} {verb} {abs(gain) / 100:.3f} % each on average, "
        f"before fees of usually {USUAL_FEE / 100:.1f} %."
    )


def show_notes(test: FinishedTest) -> None:
    """Write what a user should read before the figures."""
    if test.walk_forward is not None:
        st.caption(plain(charts.summary_refits(test.walk_forward)))
    for note in test.result.notes:
        st.caption(f":material/info: {plain(note)}")


def _of_network(
    service: Service,
    history: PriceHistory,
    spec: ModelSpec,
    plan: WalkPlan,
    heading: DeltaGenerator,
) -> WalkForward | None:
    """Return a network's test; else show its progress, or offer to start it."""
    link = st.query_params.get(LINK, "")
    if not is_walk_forward(link):
        link = ""
    test = service.walk_forward.result(link)
    if test is not None and _matches(test, history, spec, plan):
        return test
    key = service.walk_forward.key(history, spec, plan)
    test = service.walk_forward.result(key)
    if test is not None:
        return test
    job = service.training.job(link) or service.training.job(key)
    active = job is not None and job.active
    with heading, st.container():
        _answer(plan, gone=bool(link) and not active and not _is_known(service, link))
    if job is not None and active:
        training.watch(service, job)
        return None
    if job is not None and job.result is None:
        training.note_failure(job)
    _offer(service, history, spec, plan)
    return None


def _answer(plan: WalkPlan, *, gone: bool) -> None:
    """Write the heading of a test that is not there.

    Args:
        plan: The folds.
        gone: Whether the link is of a test that is no longer here.
    """
    if gone:
        card.answer(
            "The linked test is no longer here",
            "Finished tests are kept in memory for a while. Run it again with the settings of "
            f"the link: {plan.folds:d} folds.",
            mark="watch",
        )
    else:
        card.answer(f"Walk forward in {plan.folds:d} folds")


def _is_known(service: Service, link: str) -> bool:
    """Return whether a linked test is in memory, even if it is of other settings."""
    return service.walk_forward.result(link) is not None or service.training.job(link) is not None


def _offer(service: Service, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> None:
    """Offer to start a test.

    Args:
        service: Tests.
        history: The prices.
        spec: Settings of the network.
        plan: The folds.
    """
    kind = "LSTM" if spec.network == "lstm" else "Dense network"
    with card.framed():
        st.markdown(
            f"The {kind} is trained {plan.folds:d} times in the background, on these prices only, "
            "with the settings of the model above. A fold that was trained before is not trained "
            "again."
        )
        seconds = service.walk_forward.expected(history, spec, plan).seconds
        if not st.button(
            f"Run the test · about {words.seconds(seconds)}",
            type="primary",
            icon=":material/model_training:",
            key="walk",
            help="An estimate for this machine, from the trainings that it has seen.",
        ):
            return
        with elements.errors():
            job = service.walk_forward.submit(history, spec, plan, user=identity.user())
            st.query_params[LINK] = job.key
            st.rerun()


def _matches(test: WalkForward, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> bool:
    """Return whether a test has these settings and nearly these prices."""
    its_plan = test.plan
    question = (spec, plan.folds, plan.window, plan.warm_start)
    has = (test.backtest.spec, its_plan.folds, its_plan.window, its_plan.warm_start)
    gap = spec.horizon if plan.gap is None else plan.gap
    return (
        question == has and its_plan.gap == gap and begun.are_near(test.backtest.history, history)
    )
