"""The parts of the Models page: the list, the comparison, the card of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from cryptoforecast.service import Service, files
from cryptoforecast.service.saved_models import parameters, unused_inputs
from cryptoforecast.settings import ROOT
from cryptoforecast.types import ModelSummary
from cryptoforecast.ui import elements, identity, words

#: Models that can't be read and that are described, and further ones that are named.
MAX_WARNINGS, MAX_NAMES = 3, 20


def overview(service: Service) -> list[ModelSummary]:
    """List every saved model with its scores; return the models."""
    models = service.saved_models.all()
    _warn(service.saved_models.damaged())
    if not models:
        st.info("No model is saved yet. Train one on the Forecast page and save it there.")
        return models
    st.subheader(f"{len(models):,} saved models")
    guest = not identity.user().owner
    st.dataframe(
        files.cells(pd.DataFrame([_row(one, guest=guest) for one in models])),
        hide_index=True,
        placeholder=words.DASH,
        alt="Saved models",
    )
    st.caption(
        "MAE / naive is the average miss divided by that of the last price. Pinball / naive is the "
        "error of the band divided by that of a constant band. Below 1 is better. Both are "
        "measured at the last step, on the test span of the prices that the model was trained "
        "with. For a model of any coin, each coin was left out of the training in turn, and the "
        "model was tested on the coin that was left out."
    )
    return models


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


def compare(models: Sequence[ModelSummary]) -> None:
    """Show the details of the models that the user chooses, side by side."""
    by_name = {one.name: one for one in models}
    chosen = st.multiselect(
        "Compare", list(by_name), list(by_name)[:2], key="compare", bind="query-params",
        help="For models of different coins or spans, compare the ratios to naive only.",
    )  # fmt: skip
    if len(chosen) < 2:
        st.caption("Choose at least two models to compare.")
        return
    columns = {name: _details(by_name[name]) for name in chosen if name in by_name}
    st.dataframe(files.cells(pd.DataFrame(columns).astype(str)), alt="Comparison of saved models")


def card(service: Service, models: Sequence[ModelSummary]) -> None:
    """Show the card of one model, to forecast with it or to delete it."""
    by_name = {one.name: one for one in models}
    st.subheader("Card")
    name = st.selectbox("Model", list(by_name), key="card", bind="query-params")
    one = by_name[name]
    model = one.card
    with st.container(border=True):
        st.markdown(f"#### {words.plain(one.name)}")
        if model.simulated:
            st.badge("Trained on simulated prices", icon=":material/science:", color="orange")
        st.markdown(words.plain(model.verdict) or "This model was not tested yet.")
        st.table({key: words.plain(str(value)) for key, value in _details(one).items()})
    with st.container(horizontal=True):
        st.page_link(
            ROOT / "pages" / "forecast.py",
            label="Forecast with it",
            icon=":material/query_stats:",
            query_params={"model": name, "interval": model.interval},
        )
        if one.shipped:
            st.caption("This model comes with the project and cannot be deleted.")
        elif not identity.user().owner:
            remedy = words.plain(service.owner_key.remedy())
            st.caption(f"Only the owner may delete it. {remedy}")
        elif st.button("Delete", icon=":material/delete:", key="delete"):
            _confirm(service, name)


@st.dialog("Delete this model?")
def _confirm(service: Service, name: str) -> None:
    st.markdown(
        f"**{words.plain(name)}** is deleted for good. To get it back, you have to train it again."
    )
    with st.container(horizontal=True):
        if st.button("Delete it", type="primary", key="confirm-delete"):
            with elements.errors():
                service.saved_models.delete(name, user=identity.user())
                st.rerun()
        if st.button("Keep it"):
            st.rerun()


def _saved_by(one: ModelSummary, *, guest: bool) -> str:
    if one.shipped:
        return "project"
    if one.card.guest:
        return "a guest"
    return "the owner" if guest else "you"


def _row(one: ModelSummary, *, guest: bool) -> dict[str, object]:
    spec, model = one.spec, one.card
    return {
        "Name": one.name,
        "Coin": model.market,
        "Candle": model.interval,
        "Network": spec.network.upper() if spec.network == "lstm" else spec.network.capitalize(),
        "Steps ahead": spec.horizon,
        "MAE / naive": _ratio(one, "mae"),
        "Pinball / naive": _ratio(one, "pinball"),
        "80 % range held": words.percent(_score(one, "coverage_80")),
        "Learnt up to": f"{model.learnt_until:%Y-%m-%d}",
        "Saved by": _saved_by(one, guest=guest),
        "Prices": "simulated" if model.simulated else "real",
    }


def _details(one: ModelSummary) -> dict[str, object]:
    spec, model = one.spec, one.card
    return {
        "Coin and candle": f"{model.coin} {model.interval}",
        "Priced in": model.quote_words,
        "Prices": f"{model.source}{' (simulated)' if model.simulated else ''}",
        "History": f"{model.start[:10]} to {model.end[:10]}, {model.rows:,} candles",
        "Learnt up to": f"{model.learnt_until:%Y-%m-%d}",
        "Network": f"{spec.network} {'-'.join(map(str, spec.units))}, "
        f"{parameters(spec):,} parameters",
        "Inputs": ", ".join(spec.features),
        "Never varied in training": ", ".join(unused_inputs(spec, one.scaler)) or words.DASH,
        "Target and loss": f"{spec.target}, {spec.loss}",
        "Lookback and horizon": f"{spec.lookback} and {spec.horizon} candles",
        "Candles needed": model.needs,
        "MAE / naive": _ratio(one, "mae") or words.DASH,
        "Pinball / naive": _ratio(one, "pinball") or words.DASH,
        "80 % range held": words.percent(_score(one, "coverage_80")),
        "95 % range held": words.percent(_score(one, "coverage_95")),
        "Training": f"{one.record.epochs} epochs, {one.record.seconds:.0f} s, "
        + (f"seed {spec.seed}" if spec.ensemble == 1 else f"{spec.ensemble} seeds"),
        "Libraries": ", ".join(f"{name} {version}" for name, version in model.libraries.items()),
        "Data fingerprint": model.fingerprint,
        "Created": model.created[:16].replace("T", " ") + " UTC",
    }


def _score(one: ModelSummary, name: str, predictor: str | None = None) -> float:
    scores = one.card.scores.get(predictor or one.spec.network, {})
    value = scores.get(name)
    return float("nan") if value is None else value


def _ratio(one: ModelSummary, name: str) -> float | None:
    own, naive = _score(one, name), _score(one, name, "naive")
    return round(own / naive, 4) if naive > 0 else None
