"""Several saved models on the same prices: one sentence, one scale, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.service import Service
from cryptoforecast.types import (
    Backtest,
    Leaderboard,
    ModelSummary,
    days_text,
    duration,
    predictor_name,
)
from cryptoforecast.ui import (
    bars,
    board_card,
    card,
    coin_comparison,
    elements,
    identity,
    inputs,
    judgement,
    leaderboard,
    live,
    missing,
    model_facts,
    selection,
    selectors,
    words,
)

#: Where the URL has the names of the models that are compared.
LINK = "compare"
_SEPARATOR = ","


def chosen() -> list[str]:
    """Return the names in the link, none of them twice."""
    names = str(st.query_params.get(LINK, "")).split(_SEPARATOR)
    return list(dict.fromkeys(name for name in names if name))


def open_for(names: Sequence[str]) -> NoReturn:
    """Go to the comparison of these models, or of coins with a single one."""
    st.query_params[LINK] = _SEPARATOR.join(names)
    st.rerun()


def close() -> None:
    """Go back to the list."""
    st.query_params.pop(LINK, None)
    st.query_params.pop(coin_comparison.LINK, None)


def show(service: Service, names: Sequence[str]) -> None:
    """Draw the comparison: of two to four models, or of two to four coins with one model.

    Args:
        service: Tests the models.
        names: Names of saved models.
    """
    models = {one.name: one for one in service.saved_models.all() if one.name in names}
    for name in names:
        if name not in models:
            missing.stop_comparison(name)
    ordered = [models[name] for name in names]
    with elements.errors():
        if len(ordered) == 1:
            coin_comparison.show(service, ordered[0], close)
        else:
            _show(service, ordered)


def _show(service: Service, models: Sequence[ModelSummary]) -> None:
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    with row, st.container(width=170):
        coin = selectors.coin(service)
    # Below the row, where there is room for what a source answered.
    history = live.history(service, inputs.query(coin, models[0].card.interval))
    with row:
        live.badge(history)
        st.space("stretch")
        st.button("All models", icon=":material/arrow_back:", on_click=close, key="all-models")
    loaded = {one.name: service.saved_models.load(one.name).model for one in models}
    history = selection.beside(service, loaded.values(), history)
    with st.spinner("Testing on the same prices …"):
        result = service.backtests.side_by_side(history, loaded)
    step = result.spec.horizon
    board = service.backtests.analyses.board(result, "mae", step, "naive")
    best = next(each.predictor for each in board.standings if each.predictor in loaded)
    among = service.backtests.analyses.board(result, "mae", step, best)
    card.answer(
        words.plain(charts.summary_best(among, list(loaded))), words.plain(_line(result, board))
    )
    left, right = card.sides()
    with left:
        card.heading("Average miss against “stays put”")
        figure = charts.skills(board, list(loaded), dark=elements.dark())
        elements.chart(figure, alt=charts.summary_best(among, list(loaded)), key="compared")
        st.caption(words.plain(charts.NOTE))
    with right:
        _figures(result, board, list(loaded))
    elements.table(
        "The numbers of this chart",
        lambda: leaderboard.numbers(board, list(loaded)),
        history,
        "comparison",
    )
    _differences(models)


def _line(result: Backtest, board: Leaderboard) -> str:
    history, times = result.history, result.forecast.closes_at(0)
    seen = "some may have learnt" if result.seen else "none of the models has learnt"
    return (
        f"Each network alone: {board.origins:,} past forecasts of {history.market}, "
        f"{duration(board.step, history.interval)} ahead, "
        f"{days_text(times[0], times[-1])}; {seen} from these prices"
    )


def _figures(result: Backtest, board: Leaderboard, names: Sequence[str]) -> None:
    """Draw the misses, each with its verdict, and what was right, each on one scale."""
    quote, last = result.history.quote, {name: steps[-1] for name, steps in result.scores.items()}
    st.caption("Average miss, and whether it beats “stays put”")
    rows: list[tuple[str, float, str, bars.Meaning]] = [
        (predictor_name(name), last[name].mae, words.miss(last[name].mae, quote), "chosen")
        for name in names
    ]
    stays = last["naive"].mae
    rows.append((judgement.STAYS_PUT, stays, words.miss(stays, quote), "reference"))
    verdicts = {
        each.predictor: board_card.outcome(board, each)
        for each in board.standings
        if each.predictor in names
    }
    bars.draw(
        [
            replace(bar, word=words.VERDICTS.get(verdicts.get(name, ""), ""))
            for bar, name in zip(bars.of_misses(rows), [*names, "naive"], strict=True)
        ]
    )
    st.caption("80 % range held")
    bars.draw([bars.of_share(predictor_name(name), last[name].coverage_80, 0.8) for name in names])
    st.caption("Direction right")
    bars.draw(
        [
            bars.of_share(predictor_name(name), last[name].directional_accuracy, 0.5)
            for name in names
        ]
    )


def _differences(models: Sequence[ModelSummary]) -> None:
    """Draw what differs between the models, and nothing else."""
    rows = model_facts.differences(models, guest=not identity.user().owner)
    with st.container(border=True, gap="small"):
        card.heading("What differs")
        if not rows:
            st.caption("Nothing but their weights.")
            return
        cells = [[words.plain(each) for each in (name, *values)] for name, values in rows.items()]
        names = [words.plain(predictor_name(one.name)) for one in models]
        st.table(
            pd.DataFrame(cells, columns=["Fact", *names]), border="horizontal", hide_index=True
        )
