"""The parts of the Models page: the list, the comparison, the card of one model."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cryptoforecast.service import Service
from cryptoforecast.service.saved_models import parameters, unused_inputs
from cryptoforecast.settings import ROOT
from cryptoforecast.types import SavedModel
from cryptoforecast.ui import elements, words


def overview(service: Service) -> list[SavedModel]:
    """List every saved model with its scores; return the models."""
    models = service.saved_models.all()
    for name, reason in service.saved_models.damaged().items():
        st.warning(words.plain(f"{name}: {reason}"), icon=":material/broken_image:")
    if not models:
        st.info("No model is saved yet. Train one on the Forecast page and save it there.")
        return models
    st.subheader(f"{len(models)} saved models")
    st.dataframe(
        pd.DataFrame([_row(one) for one in models]), hide_index=True, placeholder=words.DASH,
        alt="Saved models",
    )  # fmt: skip
    st.caption(
        "MAE / naive is the average miss divided by that of the last price. Pinball / naive is the "
        "error of the band divided by that of a constant band. Below 1 is better. Both are "
        "measured at the last step, on the test span of the prices that the model was trained "
        "with. For a model of any coin, each coin was left out of the training in turn, and the "
        "model was tested on the coin that was left out."
    )
    return models


def compare(models: Sequence[SavedModel]) -> None:
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
    st.dataframe(pd.DataFrame(columns).astype(str), alt="Comparison of saved models")


def card(service: Service, models: Sequence[SavedModel]) -> None:
    """Show the card of one model, to forecast with it or to delete it."""
    by_name = {one.name: one for one in models}
    st.subheader("Card")
    name = st.selectbox("Model", list(by_name), key="card", bind="query-params")
    one = by_name[name]
    model = one.model.card
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
        elif st.button("Delete", icon=":material/delete:"):
            _confirm(service, name)


@st.dialog("Delete this model?")
def _confirm(service: Service, name: str) -> None:
    st.markdown(
        f"**{words.plain(name)}** is deleted for good. To get it back, you have to train it again."
    )
    with st.container(horizontal=True):
        if st.button("Delete it", type="primary", key="confirm-delete"):
            with elements.errors():
                service.saved_models.delete(name)
                st.rerun()
        if st.button("Keep it"):
            st.rerun()


def _row(one: SavedModel) -> dict[str, object]:
    spec, model = one.model.spec, one.model.card
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
        "Owner": "project" if one.shipped else "you",
        "Prices": "simulated" if model.simulated else "real",
    }


def _details(one: SavedModel) -> dict[str, object]:
    spec, model = one.model.spec, one.model.card
    return {
        "Coin and candle": f"{model.coin} {model.interval}",
        "Priced in": model.quote_words,
        "Prices": f"{model.source}{' (simulated)' if model.simulated else ''}",
        "History": f"{model.start[:10]} to {model.end[:10]}, {model.rows:,} candles",
        "Learnt up to": f"{model.learnt_until:%Y-%m-%d}",
        "Network": f"{spec.network} {'-'.join(map(str, spec.units))}, "
        f"{parameters(spec):,} parameters",
        "Inputs": ", ".join(spec.features),
        "Never varied in training": ", ".join(unused_inputs(spec, one.model.scaler)) or words.DASH,
        "Target and loss": f"{spec.target}, {spec.loss}",
        "Lookback and horizon": f"{spec.lookback} and {spec.horizon} candles",
        "Candles needed": model.needs,
        "MAE / naive": _ratio(one, "mae") or words.DASH,
        "Pinball / naive": _ratio(one, "pinball") or words.DASH,
        "80 % range held": words.percent(_score(one, "coverage_80")),
        "95 % range held": words.percent(_score(one, "coverage_95")),
        "Training": f"{one.model.record.epochs} epochs, {one.model.record.seconds:.0f} s, "
        + (f"seed {spec.seed}" if spec.ensemble == 1 else f"{spec.ensemble} seeds"),
        "Libraries": ", ".join(f"{name} {version}" for name, version in model.libraries.items()),
        "Data fingerprint": model.fingerprint,
        "Created": model.created[:16].replace("T", " ") + " UTC",
    }


def _score(one: SavedModel, name: str, predictor: str | None = None) -> float:
    scores = one.model.card.scores.get(predictor or one.model.spec.network, {})
    value = scores.get(name)
    return float("nan") if value is None else value


def _ratio(one: SavedModel, name: str) -> float | None:
    own, naive = _score(one, name), _score(one, name, "naive")
    return round(own / naive, 4) if naive > 0 else None
