"""The choices of how to test: one fit, or a new fit for each of several folds."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cryptoforecast.service.choices import is_network
from cryptoforecast.types import ModelSpec, WalkPlan

SINGLE, SINCE_TRAINING, WALK_FORWARD = "Single test", "All since training", "Walk-forward"

_EXPLAINED = (
    "Walk-forward: the last part of the prices is cut into pieces (folds), and before each the "
    "model learns again from the prices before it."
)


@dataclass(frozen=True)
class Plan:
    """How to test.

    Attributes:
        walk_forward: Plan of a walk-forward test; ``None`` for a test of one fit.
        since_training: Whether a saved model is tested on all prices that it has not seen.
    """

    walk_forward: WalkPlan | None = None
    since_training: bool = False


def draw(spec: ModelSpec, *, saved: bool) -> Plan:
    """Draw the choices, and return how to test.

    Args:
        spec: Settings of the model that is tested.
        saved: Whether it is a saved model.
    """
    test = st.segmented_control(
        "Test",
        [SINGLE, SINCE_TRAINING, WALK_FORWARD] if saved else [SINGLE, WALK_FORWARD],
        default=SINGLE,
        required=True,
        key="test",
        bind="query-params",
        label_visibility="collapsed",
        help="**Single test**: the model learns once and is tested on the last part of the prices, "
        "a fifth by default (holdout). **All since training**: a saved model is tested on all "
        "prices after those it learnt from, but not on the first 5 % of all: simple methods learn "
        "from these. **Walk-forward**: the last part is cut into pieces (folds), and the model "
        "learns again before each.",
    )
    if test == WALK_FORWARD:
        with st.popover("Folds", icon=":material/tune:"):
            return Plan(_walk_forward(spec))
    return Plan(since_training=saved and test == SINCE_TRAINING)


def explain(plan: Plan) -> None:
    """Write what a walk-forward test is, if one was chosen."""
    if plan.walk_forward is not None:
        st.caption(_EXPLAINED)


def _walk_forward(spec: ModelSpec) -> WalkPlan:
    folds = st.slider(
        "Folds",
        2,
        12,
        4,
        key="folds",
        bind="query-params",
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
        help="Candles that are left out between the last one that the model learns from and the "
        "first one of the test. As many candles as the model predicts are always left out; this "
        "gap is added to them.",
    )
    warm_start = is_network(spec) and st.toggle(
        "Warm start",
        key="warm",
        bind="query-params",
        help="The network starts from the weights of the fold before, and trains for a third of "
        "the passes.",
    )
    return WalkPlan(
        folds=int(folds),
        window=str(window).lower(),
        gap=spec.horizon + int(gap) if gap else None,
        warm_start=bool(warm_start),
    )
