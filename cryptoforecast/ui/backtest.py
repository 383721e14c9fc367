"""The Backtest page: how to test, who leads, and how the forecasts err."""

from __future__ import annotations

import dataclasses

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cryptoforecast import charts, html_report
from cryptoforecast.errors import NotEnoughData
from cryptoforecast.evaluation import diagnostics
from cryptoforecast.forecasting.baselines import HEAVY
from cryptoforecast.learning import specs
from cryptoforecast.service import Service, is_walk_forward
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    Backtest,
    ModelSpec,
    PriceHistory,
    WalkForward,
    WalkPlan,
)
from cryptoforecast.ui import inputs, selection, show, training
from cryptoforecast.ui.inputs import BASELINE_WORDS
from cryptoforecast.ui.words import plain

HOLDOUT, WALK = "Holdout", "Walk-forward"
LEADERBOARD, FOLDS = "Leaderboard", "Folds"
#: Where the key of the last walk-forward test stands in the URL.
LINK = "walk"
#: Share of a span by which a linked test's prices may have moved on.
MOVED_ON = 0.1


@dataclasses.dataclass(frozen=True, eq=False)
class Tested:
    """What the page is about: a backtest, and the walk-forward test that it joins, if any."""

    result: Backtest
    walk: WalkForward | None = None


def way(spec: ModelSpec) -> WalkPlan | None:
    """Draw how to test; ``None`` for a holdout."""
    with inputs.row():
        chosen = st.segmented_control(
            "Test",
            [HOLDOUT, WALK],
            default=HOLDOUT,
            required=True,
            key="test",
            bind="query-params",
            help="**Holdout**: one fit, judged on the last share of the history, a fifth by "
            "default. **Walk-forward**: that share is cut into folds, and everything is fitted "
            "anew on what lies before each.",
        )
        if chosen != WALK:
            return None
        folds = st.slider(
            "Folds",
            2,
            12,
            4,
            key="folds",
            bind="query-params",
            width=150,
            help="Parts of the test span, each with a fit of its own.",
        )
        window = st.segmented_control(
            "Learns from",
            ["Expanding", "Sliding"],
            default="Expanding",
            required=True,
            key="window",
            bind="query-params",
            help="Expanding: all candles before a fold. Sliding: only the last of them, as many "
            "as the first fold has.",
        )
        gap = st.slider(
            "Extra gap (candles)",
            0,
            168,
            0,
            key="gap",
            bind="query-params",
            width=170,
            help="Candles left out between what is learnt from and what is judged, beyond the "
            "horizon, which always is.",
        )
        warm = specs.is_network(spec) and st.toggle(
            "Warm start",
            key="warm",
            bind="query-params",
            help="Each fit goes on from the weights of the fold before, for a third of the epochs.",
        )
    return WalkPlan(
        folds=int(folds),
        window=str(window).lower(),
        gap=spec.horizon + int(gap) if gap else None,
        warm_start=bool(warm),
    )


def tested(
    service: Service, history: PriceHistory, chosen: str, plan: WalkPlan | None
) -> Tested | None:
    """Return the test that was asked for; ``None`` while a network has to be trained for it."""
    if plan is None:
        return Tested(
            service.backtests.with_finished_baselines(selection.judge(service, chosen, history))
        )
    spec = selection.spec(service, chosen, history)
    if specs.is_network(spec):
        walk = _walked(service, history, spec, plan)
        if walk is None:
            return None
    else:
        with st.spinner("Fitting anew for each fold …"):
            walk = service.walk_forward.of_baseline(history, spec, plan)
    walk = service.walk_forward.with_finished_baselines(walk)
    return Tested(walk.backtest, walk)


def verdict(found: Tested) -> None:
    """Say whether it beats doing nothing, and how that was tested."""
    show.verdict(found.result)
    if found.walk is not None:
        st.caption(charts.summary_refits(found.walk))


def explore(service: Service, found: Tested) -> None:
    """Draw the view that was picked, and nothing else."""
    result = found.result
    views = [LEADERBOARD, *html_report.VIEWS, *([FOLDS] if found.walk is not None else [])]
    with inputs.row():
        view = st.segmented_control(
            "Look at",
            views,
            default=LEADERBOARD,
            required=True,
            key="view",
            bind="query-params",
            wrap=True,
            help="**Leaderboard**: who is better than whom, and is it more than chance? "
            "**Delay**: is it just the last price once more? **Errors**: do they follow a "
            "pattern? **When**: by hour, weekday and market. **Bands**: do they hold what they "
            "promise?",
        )
        step = result.spec.horizon if view == FOLDS else _step(result)
    if view == FOLDS and found.walk is not None:
        _draw(html_report.folds_section(found.walk, show.dark()), result)
    elif view in html_report.VIEWS:
        _view(service, result, str(view), step)
    else:
        _board(service, found, step)


def export(service: Service, found: Tested) -> None:
    """Offer the whole report as one file, and every forecast as CSV."""
    history, name = found.result.history, found.result.spec.network
    label = "simulated-" if history.simulated else ""
    file = f"{label}{history.coin}-{history.interval}-{name}".lower()
    st.subheader("Take it with you")
    with st.container(horizontal=True):
        st.download_button(
            "Report (HTML)",
            lambda: html_report.page(service.backtests.analyses, found.result, found.walk),
            file_name=f"{file}-report.html",
            mime="text/html",
            icon=":material/description:",
            on_click="ignore",
            key="report",
            help="Verdict, boards, charts, tables and settings in one file of about 5 MB that "
            "opens without a network.",
        )
        st.download_button(
            "Forecasts (CSV)",
            lambda: html_report.forecasts(found.result).to_csv(index=False),
            file_name=f"{file}-forecasts.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="forecasts",
            help="Every forecast of the test, all steps and quantiles, in USD.",
        )


def _walked(
    service: Service, history: PriceHistory, spec: ModelSpec, plan: WalkPlan
) -> WalkForward | None:
    """Return a network's walk-forward test, show it running, or offer to run it."""
    linked = st.query_params.get(LINK, "")
    if not is_walk_forward(linked):
        linked = ""
    walk = service.walk_forward.result(linked)
    if walk is not None and _same(walk, history, spec, plan):
        return walk
    key = service.walk_forward.key(history, spec, plan)
    walk = service.walk_forward.result(key)
    if walk is not None:
        return walk
    job = service.training.job(linked) or service.training.job(key)
    if job is not None and job.active:
        training.watch(service, job)
        return None
    if job is not None and job.result is None:
        training.ended(job)
    _offer(service, history, spec, plan)
    return None


def _offer(service: Service, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> None:
    kind = "LSTM" if spec.network == "lstm" else "Dense network"
    with st.container(border=True):
        st.markdown(
            f"#### Walk forward in {plan.folds} folds\nThe {kind} is trained {plan.folds} times "
            "on these prices alone, with the settings of the model chosen above, in the "
            "background. Folds that were trained before are not trained again."
        )
        if not st.button("Run the test", type="primary", icon=":material/model_training:"):
            return
        with show.errors():
            job = service.walk_forward.submit(history, spec, plan)
            st.query_params[LINK] = job.key
            st.rerun()


def _same(walk: WalkForward, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> bool:
    """Whether a test answers this question, be it on prices that ended a little earlier."""
    tested, made = walk.backtest.history, walk.plan
    asked = (spec, *_prices(history), plan.folds, plan.window, plan.warm_start)
    answered = (walk.backtest.spec, *_prices(tested), made.folds, made.window, made.warm_start)
    span = max(history.end - history.start, history.candle_length)
    moved = max(abs(history.start - tested.start), abs(history.end - tested.end))
    gap = spec.horizon if plan.gap is None else plan.gap
    return asked == answered and made.gap == gap and moved <= MOVED_ON * span


def _prices(history: PriceHistory) -> tuple[str, str, str]:
    return history.coin, history.interval, history.source


def _step(result: Backtest) -> int:
    horizon = result.spec.horizon
    if horizon == 1:
        return 1
    step = st.select_slider(
        f"{INTERVAL_NOUNS[result.history.interval].capitalize()}s ahead",
        list(range(1, horizon + 1)),
        horizon,
        key=f"ahead_{horizon}",
        bind="query-params",
        width=220,
        help="The step of the forecast that is looked at.",
    )
    return min(max(int(step), 1), horizon)


def _board(service: Service, found: Tested, step: int) -> None:
    result = found.result
    with inputs.row():
        metric = inputs.pick(
            "By",
            list(charts.METRIC_NAMES),
            "metric",
            lambda name: charts.METRIC_NAMES.get(name, name),
            "Pinball judges the whole band; MAE and RMSE the price in USD; direction the sign; "
            "coverage whether a band holds what it promises.",
        )
        reference = inputs.pick(
            "Compared with",
            list(result.forecasts),
            "against",
            lambda name: f"{name} · {BASELINE_WORDS.get(name, 'the network')}",
            "What the others have to be better than. A coverage is held to its own promise.",
        )
    part, board = html_report.leaderboard_section(
        service.backtests.analyses, result, metric, step, reference, show.dark()
    )
    show.chart(part.figure, alt=part.sentence, key="part-board")
    st.markdown(part.sentence)
    st.dataframe(html_report.standings(board), hide_index=True, alt=part.title)
    show.download(part.frame, result.history, f"{part.name}-step-{step}")
    st.caption(html_report.COMPARISON_NOTE)
    _offer_heavy(service, found)


def _offer_heavy(service: Service, found: Tested) -> None:
    """Offer to add the baselines that take some seconds."""
    missing = [BASELINE_WORDS[name] for name in HEAVY if name not in found.result.forecasts]
    if missing and st.button(
        f"Compare with {' and '.join(missing)} too",
        icon=":material/compare_arrows:",
        help="Takes some seconds, the first time.",
    ):
        with show.errors(), st.spinner(f"Fitting {' and '.join(missing)} …"):
            if found.walk is None:
                service.backtests.with_all_baselines(found.result)
            else:
                service.walk_forward.with_all_baselines(found.walk)
            st.rerun()


def _view(service: Service, result: Backtest, view: str, step: int) -> None:
    """Draw the parts of a view two by two; the first of an odd number gets a row of its own."""
    makers = list(html_report.makers(result, view).values())
    alone = len(makers) % 2
    rows = [makers[:alone], *(makers[i : i + 2] for i in range(alone, len(makers), 2))]
    for row in filter(None, rows):
        for make, column in zip(row, st.columns(len(row)), strict=True):
            with column:
                try:
                    _draw(make(service.backtests.analyses, result, step, show.dark()), result)
                except NotEnoughData as error:
                    st.info(plain(str(error)))
    if not makers:
        st.info("Candles of this length have no such patterns. Choose shorter ones.")
    if view == "Delay":
        _free_run(service, result)


def _free_run(service: Service, result: Backtest) -> None:
    """Show a network fed its own forecasts, when asked for, or say why that can't be done."""
    st.subheader("Fed its own forecasts")
    reason = diagnostics.why_no_free_run(result)
    if reason is not None:
        st.info(plain(reason))
        return
    if not service.backtests.analyses.free_run_known(result) and not st.button(
        "Run it free", icon=":material/play_arrow:", help="Takes some seconds, the first time."
    ):
        st.caption(
            "Some show a network's next step as if it foretold weeks. Here each step is fed back "
            "in as if it had happened, and held against what did."
        )
        return
    with show.errors():
        bar = st.progress(0.0, "Running free")
        try:
            part = html_report.free_run_section(
                service.backtests.analyses, result, show.dark(), lambda share: _tell(bar, share)
            )
        finally:
            bar.empty()
        _draw(part, result)


def _tell(bar: DeltaGenerator, share: float) -> None:
    bar.progress(share, "Running free")


def _draw(part: html_report.Section, result: Backtest) -> None:
    show.chart(part.figure, alt=part.sentence, key=f"part-{part.name}")
    st.caption(part.sentence)
    show.table(part.title, lambda: part.frame, result.history, f"{result.spec.network}-{part.name}")
