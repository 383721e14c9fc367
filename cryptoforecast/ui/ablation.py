"""With and without: does it help a network to read a signal, or any other input?"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from cryptoforecast.service import Service
from cryptoforecast.service.ablations import SEEDS
from cryptoforecast.types import (
    Ablation,
    Backtest,
    Contribution,
    ModelSpec,
    PriceHistory,
    input_name,
    is_signal,
    signal_name,
)
from cryptoforecast.types.confidence import interval_text, rounded
from cryptoforecast.ui import begun, card, elements, identity, training, words
from cryptoforecast.ui.words import plain

_MARKS: dict[str, card.Mark] = {"better": "better", "worse": "worse", "tie": "tie"}
_COLUMNS = ["Error", "With", "Without", "Smaller by", "Interval (95 %)", "Each training"]
_EXPLAINED = (
    "The network is trained on these prices with these inputs and without them, "
    f"{SEEDS} times each, and all forecast the same past prices. A difference counts if it is "
    "larger than what luck in these prices and in the training can explain (ablation)."
)


def show(service: Service, result: Backtest) -> None:
    """Ask which inputs to leave out, and show what difference they make."""
    spec, history = result.spec, result.history
    with card.framed():
        names = st.multiselect(
            "Leave out",
            list(spec.features),
            default=[name for name in spec.features if is_signal(name)] or None,
            format_func=input_name,
            key="ablate",
            placeholder="Choose inputs",
            help=_EXPLAINED,
        )
        inputs = tuple(name for name in spec.features if name in names)
        if not inputs or len(inputs) == len(spec.features):
            st.caption(
                "Not compared yet. Choose some of the inputs that the network reads. To test a "
                "signal, train a network that reads it first (Forecast page, Customise)."
            )
            return
        history = begun.prices(
            "ablation", history, lambda prices: _is_known(service, prices, spec, inputs)
        )
        key = service.ablations.key(history, spec, inputs)
        ablation = service.ablations.result(key)
        job = service.training.job(key)
        if ablation is not None:
            _show(ablation, history)
            begun.note(history, result.history)
        elif job is not None and job.active:
            training.watch(service, job)
        else:
            if job is not None and job.result is None:
                training.note_failure(job)
            _offer(service, history, spec, inputs)


def _is_known(
    service: Service, history: PriceHistory, spec: ModelSpec, inputs: tuple[str, ...]
) -> bool:
    """Return whether a comparison waits, runs or has ended."""
    key = service.ablations.key(history, spec, inputs)
    return service.ablations.result(key) is not None or service.training.job(key) is not None


def _offer(
    service: Service, history: PriceHistory, spec: ModelSpec, inputs: tuple[str, ...]
) -> None:
    card.heading(f"{2 * SEEDS:d} trainings, in the background", _EXPLAINED)
    seconds = 2 * SEEDS * service.training.expected(history, spec).seconds
    if not st.button(
        f"Compare · {plain(words.seconds(seconds))}",
        type="primary",
        icon=":material/model_training:",
        key="compare-inputs",
    ):
        return
    with elements.errors():
        service.ablations.submit(history, spec, inputs, user=identity.user())
        begun.keep("ablation", history)
        st.rerun()


def _show(ablation: Ablation, history: PriceHistory) -> None:
    outcomes = [ablation.point.outcome, ablation.band.outcome]
    decisive = next((each for each in outcomes if each in ("better", "worse")), "tie")
    finding, _, rest = ablation.sentence.partition(": ")
    mark = "none" if {"better", "worse"} <= {*outcomes} else _MARKS[decisive]
    card.heading(plain(finding), plain(f"{rest[:1].upper()}{rest[1:]}"), mark=mark)
    for name in filter(is_signal, ablation.inputs):
        about = history.signals.get(signal_name(name), "")
        st.caption(plain(f"{input_name(name)}: {about}"))
    quote = history.quote
    rows = [
        _row("Average miss (MAE)", ablation.point, lambda value: words.money(value, quote)),
        _row("Miss of the range (pinball)", ablation.band, lambda value: f"{100 * value:.5f} %"),
    ]
    cells = [[plain(cell) for cell in row] for row in rows]
    with st.container(key="nums-ablation"):
        st.table(pd.DataFrame(cells, columns=_COLUMNS), border="horizontal", hide_index=True)


def _row(name: str, one: Contribution, number: Callable[[float], str]) -> list[str]:
    skill, low, high = (100 * value for value in (one.skill, one.low, one.high))
    return [
        name,
        number(one.error),
        number(one.without),
        f"{rounded(skill, 2, '+')} %",
        f"{interval_text(low, high, 2, '+')} %",
        ", ".join(rounded(100 * each, 2, "+") for each in one.by_seed),
    ]
