"""The form that saves a network which was just trained."""

from __future__ import annotations

import re

import streamlit as st

from cryptoforecast.errors import NameTaken
from cryptoforecast.service import Service
from cryptoforecast.service.saved_models import RUN
from cryptoforecast.types import Backtest, TrainedModel
from cryptoforecast.types.quotes import market_name
from cryptoforecast.ui import dialogs, elements, identity, selection, url
from cryptoforecast.ui.words import plain

#: Where the session keeps the name that was refused last because a model has it.
_TAKEN = "name-taken"


def can_save(result: Backtest, model_name: str) -> bool:
    """Return whether a test is that of a network that was trained in the app on these prices."""
    return result.model is not None and model_name.startswith(RUN) and result.own


@dialogs.dialog("Save this model")
def ask(service: Service, result: Backtest, run: str) -> None:
    """Ask for a name, and save a network that was trained in the app.

    Args:
        service: Saves it.
        result: Its test.
        run: Name of the training, whose place the saved model takes; see ``selection``.
    """
    owner = identity.user().owner
    if not owner:
        st.caption("Everyone can open it then. Only the owner of this server can delete it.")
    with st.form("save", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        suggestion = "" if result.model is None else suggested_name(result.model)
        suggestion = _free(suggestion, {one.name for one in service.saved_models.all()})
        name = st.text_input("Name", suggestion, max_chars=64, width=300)
        submitted = st.form_submit_button("Save", type="primary", icon=":material/save:")
    if submitted:
        with elements.errors():
            try:
                _save(service, result, run, as_name(name))
            except NameTaken as error:
                st.session_state[_TAKEN] = error.name
                raise
    wanted = as_name(name)
    again = owner and st.session_state.get(_TAKEN) == wanted
    if again and st.button(f"Replace {plain(wanted)}", icon=":material/save:", key="replace"):
        with elements.errors():
            _save(service, result, run, wanted, force=True)


def _save(service: Service, result: Backtest, run: str, name: str, *, force: bool = False) -> None:
    """Save a network, and go on with it under its name."""
    saved = service.saved_models.save(result, name, user=identity.user(), force=force)
    st.session_state.pop(_TAKEN, None)
    st.session_state["saved-as"] = saved.name
    selection.rename_run(run, saved.name)
    url.remember("model", saved.name)
    st.rerun()


def as_name(text: str) -> str:
    """Write a name as models have it: "My first net!" is ``my-first-net``."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.strip().lower()).strip("-") or text


def note() -> None:
    """Say under which name a model was just saved."""
    name = st.session_state.pop("saved-as", None)
    if name is not None:
        # In sight wherever the page is scrolled to.
        st.toast(
            f"Saved as {plain(name)}. It stands in the list of models and on the Models page.",
            icon=":material/bookmark_added:",
            duration="long",
        )


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no saved model has: with a number, if this one is taken."""
    names = (f"{name}-{number}" if number > 1 else name for number in range(1, len(taken) + 2))
    return next(each for each in names if each not in taken)


def suggested_name(model: TrainedModel) -> str:
    """Return a name for a model, such as ``"btc-eur-1h-lstm"``."""
    card = model.card
    name = f"{market_name(card.coin, card.quote)}-{card.interval}-{model.spec.network}".lower()
    # The coin of a file may have any name, the model only plain letters.
    return re.sub(r"[^a-z0-9.-]+", "", name).lstrip(".-")
