"""The list of saved models: the finding over all, a row each, and which of them are ticked."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from cryptoforecast.service import Service, files
from cryptoforecast.service.backtests import MAX_COMPARED
from cryptoforecast.settings import ROOT
from cryptoforecast.types import ModelSummary
from cryptoforecast.ui import (
    card,
    comparison,
    importing,
    missing,
    model_facts,
    model_panel,
    words,
)

#: Unreadable models that are described one by one, and further ones that are only named.
MAX_WARNINGS, MAX_NAMES = 3, 20
_COLUMNS = {
    "Model": st.column_config.TextColumn(width=140),
    "Verdict": st.column_config.TextColumn(
        width=80,
        help="Whether the network alone missed less than “the price stays put” in its own test, by "
        "more than chance. A forecast of the app combines it with a regression; the panel has the "
        "verdicts on both.",
    ),
    "Miss": st.column_config.NumberColumn(
        format="%+.1f %%",
        width=75,
        help="Its average miss (mean absolute error) against that of “the price stays put”; below "
        "zero is better. Each model has its own test, so use Compare to compare models.",
    ),
    "Range held": st.column_config.NumberColumn(
        format="%.0f %%",
        width=95,
        help="Share of the prices that were inside its 80 % range. A good range holds 80 %.",
    ),
    "Ahead": st.column_config.TextColumn(width=80),
    "Tested on": st.column_config.TextColumn(
        width=220,
        help="The prices of its own test, which it had not learnt from. On other prices, and so in "
        "Compare, a verdict may differ.",
    ),
}


def show(service: Service) -> None:
    """Draw the list of all models, and the panel of one of them."""
    models, damaged = service.saved_models.all(), service.saved_models.damaged()
    if not models:
        card.answer("No model is saved here yet", "Train one on the Forecast page and save it.")
        st.page_link(ROOT / "pages" / "forecast.py", label="Open Forecast", width="content")
        importing.field(service)
        _warn(damaged)
        return
    names = [one.name for one in models]
    linked = st.query_params.get(model_panel.LINK, names[0])
    heading = card.row("models")
    _say_what_was_done()
    left, right = st.columns(card.SIDES, gap="small")
    with left:
        ticked, clicked = _table(models, names.index(linked) if linked in names else None)
        importing.field(service)
        _warn(damaged)
    with heading:
        _heading(models, [names[i] for i in ticked])
    name = _name_in_panel(names, ticked, clicked, linked)
    with card.framed(right):
        if name is None:
            missing.note_model(linked)
        else:
            model_panel.show(service, models[names.index(name)])


def _heading(models: Sequence[ModelSummary], ticked: Sequence[str]) -> None:
    """Write the finding over all models, and draw the button that compares."""
    better = sum(model_facts.outcome(one) == "better" for one in models)
    count = "None" if not better else f"{better:,}"
    kind = "model" if len(models) == 1 else "models"
    beats = "beat" if better > 1 else "beats"
    tests = "their own tests" if better > 1 else "its own test"
    with st.container():
        card.answer(
            f"{count} of {len(models):,} {kind} {beats} “the price stays put” in {tests}",
            "Each network alone. Tick one to compare it on several coins, or 2 to "
            f"{MAX_COMPARED} to compare them with each other",
        )
    chosen = [one for one in models if one.name in ticked]
    problem = _problem(chosen)
    if st.button(
        "Compare coins" if len(chosen) == 1 else "Compare",
        icon=":material/compare_arrows:",
        disabled=bool(problem),
        help=words.plain(problem) or None,
        key="compare",
    ):
        comparison.open_for(ticked)


def _problem(chosen: Sequence[ModelSummary]) -> str:
    """Say why models can't be compared; empty if they can."""
    if not 1 <= len(chosen) <= MAX_COMPARED:
        return f"Tick one model, or up to {MAX_COMPARED}."
    if len({one.card.interval for one in chosen}) > 1:
        return "Models are compared on the same prices: tick hourly ones, or daily ones."
    return ""


def _table(models: Sequence[ModelSummary], ticked: int | None) -> tuple[list[int], int | None]:
    """Draw the models as rows; return the ticked ones, and the one that was clicked.

    Args:
        models: The models.
        ticked: The row that is ticked at first; ``None`` for none.
    """
    frame = files.cells(pd.DataFrame([model_facts.row(one) for one in models]))
    # The ticks are row numbers, so another list of models needs a table with another key.
    number = zlib.crc32(",".join(frame["Model"]).encode())
    event = st.dataframe(
        frame,
        hide_index=True,
        placeholder=words.DASH,
        alt="Saved models",
        column_config=_COLUMNS,
        key=f"models-{number}",
        on_select="rerun",
        selection_mode=["multi-row", "single-cell"],
        row_height=40,
        selection_default=None
        if ticked is None
        else {"selection": {"rows": [ticked], "columns": [], "cells": []}},
    )
    st.caption("Miss: average miss against “stays put” in the model's own test; less is better.")
    rows, cells = event.selection.rows, event.selection.cells
    clicked = next((row for row, _ in cells if row < len(models)), None)
    return [row for row in rows if row < len(models)], clicked


def _name_in_panel(
    names: Sequence[str], ticked: Sequence[int], clicked: int | None, linked: str
) -> str | None:
    """Return the model in the panel; ``None`` for a broken link.

    It is the one that was ticked or clicked last.
    """
    now, before = [names[i] for i in ticked], st.session_state.get("ticked", [])
    one, other = None if clicked is None else names[clicked], st.session_state.get("clicked")
    st.session_state["ticked"], st.session_state["clicked"] = now, one
    new = [name for name in now if name not in before]
    if one is not None and one != other:
        new.append(one)
    name = new[-1] if new else linked if linked in (*now, one) or not now else now[-1]
    if name not in names:
        return None
    st.query_params[model_panel.LINK] = name
    return name


def _say_what_was_done() -> None:
    message = st.session_state.pop(model_panel.MESSAGE, None)
    if message is not None:
        st.toast(words.plain(message), icon=":material/check:")  # the list keeps its place


def _warn(damaged: Mapping[str, str]) -> None:
    """Name the models that can't be read, the first few one by one."""
    for name, reason in list(damaged.items())[:MAX_WARNINGS]:
        st.warning(words.plain(f"{name}: {reason}"), icon=":material/broken_image:")
    if len(damaged) > MAX_WARNINGS:
        more = list(damaged)[MAX_WARNINGS : MAX_WARNINGS + MAX_NAMES]
        names = words.plain(", ".join(more) + ", …" * (len(damaged) > MAX_WARNINGS + MAX_NAMES))
        st.warning(
            f"{len(damaged) - MAX_WARNINGS:,} more saved models can't be read: {names}",
            icon=":material/broken_image:",
        )
