"""The selectors of coin, candle length, history and model. The URL holds the choices."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service, is_file
from cryptoforecast.service.choices import BASELINES, COINS
from cryptoforecast.service.saved_models import RUN
from cryptoforecast.types import MarketQuery, ModelCard, predictor_name
from cryptoforecast.ui import identity, inputs, url, words
from cryptoforecast.ui.inputs import COIN, INTERVAL, WINDOW, WINDOWS


def coin(service: Service, *, dialog: bool = False) -> str:
    """Draw the selector of coins and opened files; return a ticker, a symbol or a file.

    Args:
        service: Knows the opened files.
        dialog: Whether it stands in a dialog; see ``url.choose``.
    """
    return url.choose(
        "Coin",
        [*COINS, *st.session_state.get("files", [])],
        "coin",
        COIN,
        lambda name: coin_label(service, name),
        dialog=dialog,
        accept_new_options=True,
        placeholder="Coin",
        help="Pick a coin, or type another symbol, such as ATOM or BTC-EUR. Files that you open on "
        "the Data page are in this list too."
        if dialog
        else None,
    )


def market(
    service: Service, coin: str, *, windows: bool = True, dialog: bool = False
) -> MarketQuery:
    """Draw the selectors of candle length and history window; return the prices they stand for.

    A price file has its own candle length and is used as a whole.

    Args:
        service: Knows the opened files.
        coin: Ticker, symbol or file, as ``coin`` returns it.
        windows: Whether to draw the history window.
        dialog: Whether they stand in a dialog; see ``url.choose``.
    """
    if is_file(coin):
        return MarketQuery(coin, service.prices.file(coin, user=identity.user()).interval)
    interval = url.choose(
        "Candle",
        list(WINDOWS),
        "interval",
        _first_interval(service),
        lambda name: words.length(name).capitalize(),
        dialog=dialog,
        width="stretch" if dialog else 112,
    )
    if not windows:
        return inputs.query(coin, interval)
    window = url.choose(
        "History",
        list(WINDOWS[interval]),
        f"history_{interval}",
        WINDOW[interval],
        lambda name: name if name == "All" else f"{name} back",
        dialog=dialog,
        width="stretch" if dialog else 132,
    )
    return inputs.query(coin, interval, window)


def model(service: Service, interval: str, *, dialog: bool = False) -> str:
    """Draw the model selector; return the model's name, see ``selection``.

    Args:
        service: Knows the saved models and the trainings.
        interval: Candle length; only saved models for it are listed.
        dialog: Whether it stands in a dialog; see ``url.choose``.
    """
    just_trained = st.session_state.pop("open", None)
    if just_trained is not None:
        url.remember("model", just_trained)
    saved = {one.name: one.card for one in service.saved_models.all()}
    cards = {name: card for name, card in saved.items() if card.interval == interval}
    guests = [name for name, card in cards.items() if card.guest]
    names = [name for name, card in cards.items() if not card.guest]
    # Guests of a server may save many models, so these come last.
    own = [run for run in st.session_state.get("runs", []) if not _failed(service, run)]
    st.session_state["runs"] = own
    unsaved = [run for run in own if run.startswith(RUN)]
    options = [*names, *unsaved, *BASELINES, *guests]
    first = inputs.first_model(service, interval, url.last("coin", COIN))
    if _failed(service, failed := url.last("model", "")):
        st.session_state["failed-run"] = failed
        before = st.session_state.get("model-before", first)
        url.remember("model", before if before in options else first)
    linked = url.last("model", first)
    # A link to what is not here opens nothing else, see ``missing``. But if a model was used here
    # with its own candles, the user has just switched to others, and gets a model for them.
    used = linked in saved and st.session_state.get("used") == saved[linked].interval
    if linked not in options and not used:
        options.append(linked)
    name = url.choose(
        "Model",
        options,
        "model",
        first if first in options else options[0],
        lambda name: model_label(service, name, saved.get(name), own),
        dialog=dialog,
        width="stretch" if dialog else 184,
    )
    if name in cards:
        st.session_state["used"] = interval
    return name


def coin_label(service: Service, name: str) -> str:
    """Name a coin with its ticker, or an opened file."""
    if is_file(name):
        try:
            return service.prices.file(name).source
        except InvalidInput:
            return "a file that is no longer open"
    known = name in COINS and COINS[name].name != name
    return f"{COINS[name].name} {name}" if known else name


def model_label(service: Service, name: str, card: ModelCard | None, own: list[str]) -> str:
    """Name a model: a saved one, a training or a method.

    Args:
        service: Knows the trainings.
        name: See ``selection``.
        card: Of a saved model.
        own: Trainings of this session, the oldest first.
    """
    if name in BASELINES or card is not None:
        return predictor_name(name)
    if not name.startswith(RUN):
        return f"{name[: words.MAX_NAME]} (not here)"
    job = service.training.job(name.removeprefix(RUN))
    title = job.title if job is not None else "training"
    number = f" · {own.index(name) + 1:d}" if name in own and len(own) > 1 else ""
    return f"{'My' if name in own else 'Linked'} {title}{number}"


def _failed(service: Service, run: str) -> bool:
    """Return whether a training ended without a network, so that it is no model."""
    job = service.training.job(run.removeprefix(RUN)) if run.startswith(RUN) else None
    return job is not None and not job.active and job.result is None


def _first_interval(service: Service) -> str:
    """Return the candle length to begin with: that of a linked model, unless the link has one."""
    linked = st.query_params.get("model", "")
    for one in service.saved_models.all() if url.is_new("model") else ():
        if one.name == linked and one.card.interval in WINDOWS:
            return one.card.interval
    return INTERVAL
