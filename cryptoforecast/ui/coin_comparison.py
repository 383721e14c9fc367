"""One saved model on several coins: one sentence, one scale, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.service import Service
from cryptoforecast.service.backtests import MAX_COMPARED, MIN_COMPARED
from cryptoforecast.service.choices import COINS, default_coin
from cryptoforecast.types import (
    CoinTest,
    ModelSummary,
    PriceHistory,
    days_text,
    duration,
    predictor_name,
)
from cryptoforecast.ui import bars, card, elements, inputs, leaderboard, live, selection, words

#: Where the URL has the coins, and how many there are at first.
LINK, COUNT = "coins", 3
_SEPARATOR, _KEY = ",", "compared-coins"


def show(service: Service, one: ModelSummary, close: Callable[[], None]) -> None:
    """Draw the comparison below its selector of coins.

    Args:
        service: Tests the model.
        one: The model.
        close: Goes back to the list.
    """
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    with row:
        coins = _selector(one)
    # Below the row, where there is room for what a source answered.
    interval = one.card.interval
    histories = {coin: live.history(service, inputs.query(coin, interval)) for coin in coins}
    with row:
        if histories:
            live.badge(next(iter(histories.values())))
        st.space("stretch")
        st.button("All models", icon=":material/arrow_back:", on_click=close, key="all-models")
    if len(coins) < MIN_COMPARED:
        card.answer("Choose two coins at least", "The model is tested on each of them.")
        return
    model = service.saved_models.load(one.name).model
    histories = {coin: selection.beside(service, [model], histories[coin]) for coin in coins}
    with st.spinner("Testing on each coin …"):
        test = service.backtests.on_coins(model, histories)
    _draw(one, test)
    elements.table(
        "The numbers of this chart",
        lambda: leaderboard.numbers(test.board).rename(columns={"predictor": "coin"}),
        next(iter(histories.values())),
        "coins",
    )
    _differences(one, test, histories)


def _selector(one: ModelSummary) -> list[str]:
    """Draw the selector of coins; the URL holds the choice."""
    usual = dict.fromkeys([default_coin(one.card), *COINS])
    linked = st.query_params.get(LINK, _SEPARATOR.join([*usual][:COUNT])).split(_SEPARATOR)
    chosen = list(dict.fromkeys(coin for coin in linked if coin))[:MAX_COMPARED]
    st.session_state[_KEY] = chosen
    return st.multiselect(
        "Coins",
        [*dict.fromkeys([*chosen, *usual])],
        key=_KEY,
        max_selections=MAX_COMPARED,
        on_change=_changed,
        format_func=lambda coin: f"{COINS[coin].name} {coin}" if coin in COINS else coin,
        label_visibility="collapsed",
        placeholder="Coins",
        width=560,
    )


def _changed() -> None:
    st.query_params[LINK] = _SEPARATOR.join(st.session_state[_KEY])


def _draw(one: ModelSummary, test: CoinTest) -> None:
    """Draw the sentence, the figure and the bars."""
    board, interval = test.board, one.card.interval
    sentence = charts.summary_coins(board)
    seen = f"; it may have learnt from {', '.join(test.seen)}" if test.seen else ""
    card.answer(
        words.plain(sentence),
        words.plain(
            f"{predictor_name(one.name)} alone: {board.origins:,} past forecasts of each coin, "
            f"{duration(board.step, interval)} ahead, {days_text(test.first, test.last)}{seen}"
        ),
    )
    scores = list(test.scores.items())
    left, right = card.sides()
    with left:
        card.heading("Average miss against “stays put” of each coin")
        figure = charts.skills(board, list(test.scores), dark=elements.dark())
        elements.chart(figure, alt=sentence, key="compared-coins-figure")
        st.caption(words.plain(charts.NOTE))
    with right:
        st.caption("Average miss, share of the price")
        bars.draw(
            bars.of_misses(
                [
                    (coin, each.mape, words.small_percent(each.mape), "chosen")
                    for coin, each in scores
                ]
            )
        )
        st.caption("80 % range held")
        bars.draw([bars.of_share(coin, each.coverage_80, 0.8) for coin, each in scores])
        st.caption("Direction right")
        bars.draw([bars.of_share(coin, each.directional_accuracy, 0.5) for coin, each in scores])


def _differences(one: ModelSummary, test: CoinTest, histories: Mapping[str, PriceHistory]) -> None:
    """Draw what differs between the coins, and nothing else."""
    learnt = one.card.source.split(", ") if one.card.coin == "any" else [one.card.market]
    rows = {
        "Last price": [
            words.price(float(each.candles["close"].iloc[-1]), each.quote)
            for each in histories.values()
        ],
        "“Stays put” misses": [
            words.small_percent(test.references[coin].mape) for coin in histories
        ],
        "Learnt from": ["yes" if each.market in learnt else "no" for each in histories.values()],
        "Prices from": [each.source for each in histories.values()],
    }
    cells = [
        [words.plain(text) for text in (name, *values)]
        for name, values in rows.items()
        if len(set(values)) > 1
    ]
    with st.container(border=True, gap="small"):
        card.heading("What differs")
        columns = ["Fact", *(words.plain(coin) for coin in histories)]
        st.table(pd.DataFrame(cells, columns=columns), border="horizontal", hide_index=True)
