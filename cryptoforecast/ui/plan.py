"""The controls of how to test: one fit, or a new fit for each of several folds."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.service.choices import is_network
from cryptoforecast.types import ModelSpec, WalkPlan
from cryptoforecast.ui import inputs

HOLDOUT, WALK_FORWARD = "Holdout", "Walk-forward"


def draw(spec: ModelSpec) -> WalkPlan | None:
    """Draw the controls; return a walk-forward plan, ``None`` for a holdout.

    Args:
        spec: Settings of the model that is tested.
    """
    with inputs.row():
        test = st.segmented_control(
            "Test",
            [HOLDOUT, WALK_FORWARD],
            default=HOLDOUT,
            required=True,
            key="test",
            bind="query-params",
            help="**Holdout**: the model is fitted once and tested on the last part of the "
            "history, a fifth by default. **Walk-forward**: this part is cut into folds, and the "
            "model is fitted again before each of them.",
        )
        return _walk_forward(spec) if test == WALK_FORWARD else None


def _walk_forward(spec: ModelSpec) -> WalkPlan:
    folds = st.slider(
        "Folds",
        2,
        12,
        4,
        key="folds",
        bind="query-params",
        width=150,
        help="How many parts the test span has. The model is fitted once for each part.",
    )
    window = st.segmented_control(
        "Learns from",
        ["Expanding", "Sliding"],
        default="Expanding",
        required=True,
        key="window",
        bind="query-params",
        help="Expanding: from all candles before a fold. Sliding: only from the last of them, as "
        "many as there are before the first fold.",
    )
    gap = st.slider(
        "Extra gap (candles)",
        0,
        168,
        0,
        key="gap",
        bind="query-params",
        width=170,
        help="Candles that are left out between the last one that the model learns from and the "
        "first one of the test. As many candles as the model predicts are always left out; this "
        "gap is added to them.",
    )
    warm_start = is_network(spec) and st.toggle(
        "Warm start",
        key="warm",
        bind="query-params",
        help="The network starts from the weights of the fold before, and trains for a third of "
        "the epochs.",
    )
    return WalkPlan(
        folds=int(folds),
        window=str(window).lower(),
        gap=spec.horizon + int(gap) if gap else None,
        warm_start=bool(warm_start),
    )
