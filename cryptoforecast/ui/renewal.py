"""The age of a saved model, its renewal, and its versions; part of the panel of a model."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service
from cryptoforecast.service.renewals import MAX_VERSIONS, short
from cryptoforecast.types import ModelSummary
from cryptoforecast.types.expiry import LIFETIME, expires, expiry_text, is_expired
from cryptoforecast.types.renewal import ModelVersion
from cryptoforecast.ui import dialogs, elements, identity, words

#: Where the session keeps what was just done with a model, and which model it renews.
MESSAGE = "models-message"
_RENEWING = "renewing"
#: Ways to train, by what they are called.
_WAYS = {"Go on from its weights": False, "From scratch": True}
_RULE = (
    f"A model is worth renewing {LIFETIME.days} days after the last candle that it learnt from. It "
    "still forecasts then."
)


def show(service: Service, one: ModelSummary) -> None:
    """Draw the age of a model, what a renewal does, and the versions before it.

    Args:
        service: Renews models.
        one: The model.
    """
    running = _status(service, one.name)
    folded = st.expander(words.plain(_label(one)), key="age", on_change="rerun")
    if not folded.open:
        return
    with folded:
        now = pd.Timestamp.now("UTC")
        st.caption(words.plain(f"Learnt until {expiry_text(one.card, now)}."), help=_RULE)
        attempt = service.renewals.last_attempt(one.name)
        if attempt is not None:
            st.caption(words.plain(f"Last renewal, {attempt.at[:10]}. {attempt.sentence}"))
        if not identity.user().owner:
            remedy = words.plain(service.owner_key.remedy())
            st.caption(f"Only the owner may renew it. {remedy}")
        elif st.button(
            "Renew", icon=":material/autorenew:", width="stretch", key="renew", disabled=running
        ):
            _renew(service, one)
        _versions(service, one.name)


def _label(one: ModelSummary) -> str:
    """Say in a few words how old it is."""
    until = f"Learnt until {one.card.learnt_until:%b %Y}"
    if is_expired(one.card, pd.Timestamp.now("UTC")):
        return f"{until} · worth renewing"
    return f"{until} · good until {expires(one.card):%b %Y}"


@dialogs.dialog("Renew this model")
def _renew(service: Service, one: ModelSummary) -> None:
    effect = "A renewed copy is saved beside it" if one.shipped else "It is replaced"
    prices = "simulated" if one.card.simulated else "newest"
    coins = ", ".join(one.card.coins) if one.card.scope == "global" else one.card.market
    st.markdown(
        words.plain(
            f"It is trained on the {prices} prices of {coins}. {effect} only if it is "
            "not worse on the newest prices, from which neither the model nor its successor has "
            "learnt."
        )
    )
    way = st.segmented_control("Training", list(_WAYS), default=next(iter(_WAYS)), key="way")
    if st.button("Renew it", type="primary", key="confirm-renew"):
        with elements.errors():
            fresh = _WAYS.get(str(way), False)
            service.renewals.submit(one.name, user=identity.user(), fresh=fresh)
            st.session_state[_RENEWING] = one.name
            st.rerun()


def _status(service: Service, name: str) -> bool:
    """Show how far the renewal of this session is, or what came of it; return whether it runs."""
    if st.session_state.get(_RENEWING) != name:
        return False
    job = service.renewals.job(name)
    if job is not None and job.active:
        _watch(service, name)
        return True
    del st.session_state[_RENEWING]
    result = service.renewals.result(name)
    if job is not None and job.state == "cancelled":
        st.info("The renewal was cancelled. The model is as it was.", icon=":material/cancel:")
    elif job is not None and job.error is not None:
        st.error(words.plain(str(job.error)), icon=":material/error:")
    elif result is not None:
        saved = f" It is saved as {result.saved}." if result.saved not in (None, name) else ""
        text = words.plain(f"{result.sentence}{saved}")
        if result.saved is None:
            st.info(text, icon=":material/equal:")
        else:
            st.success(text, icon=":material/check:")
    return False


@st.fragment(run_every="1s")
def _watch(service: Service, name: str) -> None:
    """Show the progress of a renewal, and rerun the page when it has ended."""
    job = service.renewals.job(name)
    if job is None or not job.active:
        st.rerun()
    progress = job.progress
    done = 0.0 if progress is None else progress.done
    st.progress(done, text=f"Renewing {100 * done:.0f} %" if done else "Renewing starts")
    st.button(
        "Cancel",
        key="cancel-renewal",
        on_click=lambda: service.training.cancel(service.renewals.key(name), user=identity.user()),
    )


def _versions(service: Service, name: str) -> None:
    """List the versions of a model, and offer the owner to bring one back."""
    try:
        current, *others = service.renewals.history(name)
    except InvalidInput:  # it was deleted in this moment
        return
    if not others:
        return
    st.caption(f"Versions: the current one, and up to {MAX_VERSIONS} before it")
    st.markdown(f"**{words.plain(_line(current))}** :gray[now]")
    for one in others:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(words.plain(_line(one)), width="content")
            if identity.user().owner:
                st.button(
                    "Bring back",
                    type="tertiary",
                    icon=":material/history:",
                    key=f"back-{short(one.version)}",
                    on_click=partial(_bring_back, service, name, one.version),
                )


def _line(one: ModelVersion) -> str:
    return f"Learnt until {one.summary.card.learnt_until:%Y-%m-%d}"


def _bring_back(service: Service, name: str, version: str) -> None:
    with elements.errors():
        back = service.renewals.rollback(name, version, user=identity.user())
        st.session_state[MESSAGE] = (
            f"{name} is again the version that learnt until "
            f"{back.summary.card.learnt_until:%Y-%m-%d}."
        )
