"""What a page says of a link to a model, a training or a file that is not here, and the way on."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from cryptoforecast.errors import InvalidInput, UnknownModel
from cryptoforecast.service import Service, is_file
from cryptoforecast.service.saved_models import RUN
from cryptoforecast.service.signals import missing_files
from cryptoforecast.settings import ROOT
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import (
    card,
    ending,
    identity,
    inputs,
    own_signals,
    selection,
    url,
    words,
)

MODEL = "This model is not here"
REASONS = "here. It was renamed or deleted, or saved on another computer. Choose another model."
OTHER_CANDLES = "This model is for other candles"
SIGNAL = "This network reads a file of yours"
TRAINING = "This training is no longer here"
FILE = "This file is no longer open"


def is_open_file(service: Service, coin: str) -> bool:
    """Return whether the prices of a coin can be asked for: it is no file, or one that is open."""
    if not is_file(coin):
        return True
    try:
        service.prices.file(coin, user=identity.user())
    except InvalidInput:
        return False
    return True


def stop_without_file() -> NoReturn:
    """Say that a file is no longer open, and end the page."""
    card.answer(
        FILE,
        "An opened file is kept while someone uses it and a little longer. Open it again, or look "
        "at a coin.",
        mark="watch",
    )
    _way_on("data", "Open a price file", ":material/upload_file:", "coin", inputs.COIN, "Bitcoin")


def stop_without_model(service: Service, name: str, interval: str) -> None:
    """End the page with a clear message if a model or a training can't be had.

    Args:
        service: Knows the saved models and the trainings.
        name: See ``selection``.
        interval: Candle length of the prices.
    """
    title = f"**{words.plain(name[: words.MAX_NAME])}**"
    if name.startswith(RUN):
        if selection.job(service, name) or service.training.model(name.removeprefix(RUN)):
            return
        card.answer(
            TRAINING,
            "A training that is not saved is kept for a while only. Train it again, or choose "
            "another model.",
            mark="watch",
        )
    elif selection.is_saved(name):
        try:
            its_own = service.saved_models.load(name).model.card.interval
        except (UnknownModel, InvalidInput):
            card.answer(
                MODEL,
                f"No model is named **{words.plain(name[: words.MAX_NAME])}** {REASONS}",
                mark="watch",
            )
        else:
            if its_own == interval:
                return
            card.answer(
                OTHER_CANDLES,
                f"{title} reads {words.prices(its_own)}, and these are {words.prices(interval)}. "
                "Choose the other candles above, or another model.",
                mark="watch",
            )
    else:
        return
    first = inputs.FIRST.get(interval, "cone")
    _way_on("models", "See all models", ":material/list:", "model", first, "Usual forecast")


def stop_without_signal(service: Service, name: str, history: PriceHistory) -> None:
    """End the page if a network reads a signal from a file that this session does not have.

    Args:
        service: Has the signals.
        name: Name of the model, see ``selection``.
        history: The prices.
    """
    training = selection.job(service, name)
    if training is not None and training.result is None:
        return
    model = selection.network(service, name)
    own = own_signals.all_of(service)
    files = [] if model is None else missing_files(model.spec.features, history, own)
    if model is None or not files:
        return
    about = model.card.signals.get(files[0], "")
    card.answer(
        SIGNAL,
        f"It learnt from the signal **{words.plain(files[0])}** ({words.plain(about)}). Such a "
        "file is kept for one visit only, and for the one who has added it. Add it, or choose "
        "another model.",
        mark="watch",
    )
    own_signals.field(service, files[0])
    first = inputs.first_model(service, history.interval, history.coin)
    _way_on("models", "See all models", ":material/list:", "model", first, "Usual forecast")


def stop_comparison(name: str) -> NoReturn:
    """Say that one of the models that a link compares is not here, and end the page."""
    card.answer(
        "One of these models is not here",
        f"No model is named **{words.plain(name[: words.MAX_NAME])}** {REASONS}",
        mark="watch",
    )
    ending.end_page()


def note_model(name: str) -> None:
    """Write in a card that a model is not here."""
    card.heading(
        MODEL,
        f"No model is named **{words.plain(name[: words.MAX_NAME])}** {REASONS}",
        mark="watch",
    )


def _way_on(page: str, label: str, icon: str, key: str, value: str, name: str) -> NoReturn:
    """Draw a link to the page that helps and a button with the usual choice; end the page."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            words.plain(name),
            type="primary",
            on_click=url.remember,
            args=(key, value),
            key="way-on",
        )
        st.page_link(ROOT / "pages" / f"{page}.py", label=words.plain(label), icon=icon)
    ending.end_page()
