"""The parts of the Models page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cryptoforecast.learning import bundles
from cryptoforecast.service import Service
from cryptoforecast.settings import ROOT
from cryptoforecast.types import SavedModel
from cryptoforecast.ui import show
from cryptoforecast.ui.words import plain


def overview(service: Service) -> list[SavedModel]:
    """List every saved model with its test figures; return them."""
    saved = service.saved_models.all()
    for name, reason in service.saved_models.damaged().items():
        st.warning(plain(f"{name}: {reason}"), icon=":material/broken_image:")
    if not saved:
        st.info("No model is saved yet. Train one on the Forecast page, then keep it there.")
        return saved
    st.subheader(f"{len(saved)} saved models")
    st.dataframe(
        pd.DataFrame([_row(one) for one in saved]), hide_index=True, placeholder=show.DASH,
        alt="Saved models",
    )  # fmt: skip
    st.caption(
        "Ratios below 1 are better than the last price (MAE) or a constant band (pinball), each on "
        "the test span of the model's own history, last step; a model of any coin on coins that it "
        "had not learnt from, one after the other left out."
    )
    return saved


def compare(saved: Sequence[SavedModel]) -> None:
    """Put the chosen models side by side."""
    by_name = {one.name: one for one in saved}
    chosen = st.multiselect(
        "Compare", list(by_name), list(by_name)[:2], key="compare", bind="query-params",
        help="Figures of different coins or spans compare through their ratios only.",
    )  # fmt: skip
    if len(chosen) < 2:
        st.caption("Choose at least two models to compare.")
        return
    columns = {name: _details(by_name[name]) for name in chosen if name in by_name}
    st.dataframe(pd.DataFrame(columns).astype(str), alt="Comparison of saved models")


def card(service: Service, saved: Sequence[SavedModel]) -> None:
    """Show one model's card, with opening and deleting."""
    by_name = {one.name: one for one in saved}
    st.subheader("Card")
    name = st.selectbox("Model", list(by_name), key="card", bind="query-params")
    one = by_name[name]
    model = one.model.card
    with st.container(border=True):
        st.markdown(f"#### {one.name}")
        if model.simulated:
            st.badge("Trained on simulated prices", icon=":material/science:", color="orange")
        st.markdown(plain(model.verdict) or "Not judged yet.")
        st.table({key: str(value) for key, value in _details(one).items()})
    with st.container(horizontal=True):
        st.page_link(
            ROOT / "pages" / "forecast.py",
            label="Forecast with it",
            icon=":material/query_stats:",
            query_params={"model": name, "interval": model.interval},
        )
        if one.shipped:
            st.caption("Comes with the project; it can't be deleted.")
        elif st.button("Delete", icon=":material/delete:"):
            _confirm(service, name)


@st.dialog("Delete this model?")
def _confirm(service: Service, name: str) -> None:
    st.markdown(f"**{name}** will be gone; its training can't be undone, only repeated.")
    with st.container(horizontal=True):
        if st.button("Delete it", type="primary", key="confirm-delete"):
            with show.errors():
                service.saved_models.delete(name)
                st.rerun()
        if st.button("Keep it"):
            st.rerun()


def _row(one: SavedModel) -> dict[str, object]:
    spec, model = one.model.spec, one.model.card
    return {
        "Name": one.name,
        "Coin": model.coin,
        "Candle": model.interval,
        "Network": spec.network.upper() if spec.network == "lstm" else spec.network.capitalize(),
        "Horizon": spec.horizon,
        "MAE / naive": _ratio(one, "mae"),
        "Pinball / naive": _ratio(one, "pinball"),
        "80 % covered": show.percent(_score(one, "coverage_80")),
        "Cutoff": model.cutoff[:10],
        "Origin": "shipped" if one.shipped else "yours",
        "Prices": "simulated" if model.simulated else "real",
    }


def _details(one: SavedModel) -> dict[str, object]:
    spec, model = one.model.spec, one.model.card
    return {
        "Coin and candle": f"{model.coin} {model.interval}",
        "Prices": f"{model.source}{' (simulated)' if model.simulated else ''}",
        "History": f"{model.start[:10]} to {model.end[:10]}, {model.rows:,} candles",
        "Fitted up to": model.cutoff[:10],
        "Network": f"{spec.network} {'-'.join(map(str, spec.units))}, "
        f"{bundles.parameters(spec):,} parameters",
        "Inputs": ", ".join(spec.features),
        "Target and loss": f"{spec.target}, {spec.loss}",
        "Lookback and horizon": f"{spec.lookback} and {spec.horizon} candles",
        "Candles a forecast needs": model.needs,
        "MAE / naive": _ratio(one, "mae") or show.DASH,
        "Pinball / naive": _ratio(one, "pinball") or show.DASH,
        "80 % covered": show.percent(_score(one, "coverage_80")),
        "95 % covered": show.percent(_score(one, "coverage_95")),
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
