"""The panel of one saved model: its finding, its figures, and what can be done with it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service
from cryptoforecast.service.choices import default_coin
from cryptoforecast.settings import ROOT
from cryptoforecast.types import ModelSummary, predictor_name
from cryptoforecast.ui import (
    bars,
    card,
    dialogs,
    elements,
    identity,
    inputs,
    judgement,
    model_facts,
    renewal,
    saving,
    selection,
    url,
    words,
)

#: Where the session keeps what was just done with a model.
MESSAGE = renewal.MESSAGE
#: Where the URL has the model that the panel shows.
LINK = "card"


def show(service: Service, one: ModelSummary) -> None:
    """Draw the panel.

    Args:
        service: Renames and deletes models, and packs them.
        one: The model.
    """
    mark, finding, line = model_facts.finding(one)
    card.heading(words.plain(predictor_name(one.name)), eyebrow=words.plain(model_facts.about(one)))
    st.markdown(
        f"{card.MARKS[mark]} **{words.plain(finding)}.** :gray[{words.plain(line)}]",
        help=words.plain(f"{one.card.verdict} {judgement.ALONE}".strip()),
    )
    if one.card.simulated:
        st.badge("Learnt from simulated prices", icon=":material/science:", color="orange")
    _figures(one)
    if st.button("Forecast with it", type="primary", width="stretch", key="forecast-with-it"):
        _open_forecast(one)
    _actions(service, one)
    renewal.show(service, one)
    facts = st.expander("All facts", key="facts", on_change="rerun")
    if facts.open:
        guest = not identity.user().owner
        with facts:
            st.table(
                {
                    key: words.plain(value)
                    for key, value in model_facts.facts(one, guest=guest).items()
                },
                border="horizontal",
            )


def _figures(one: ModelSummary) -> None:
    """Draw the average miss beside that of the last price, and how often it was right.

    The network stands there alone and, as the Forecast page shows it, with a regression.
    """
    error, word = model_facts.error_name(one), model_facts.verdict_word(one)
    rows: list[tuple[str, str | None, bars.Meaning, str]] = [
        (
            predictor_name(one.spec.network),
            None,
            "chosen",
            word if word in words.VERDICTS.values() else "",
        ),
        (judgement.STAYS_PUT, "naive", "reference", ""),
    ]
    if model_facts.COMBINED in one.card.scores:
        both = words.VERDICTS.get(model_facts.outcome(one, model_facts.COMBINED), "")
        rows.insert(1, (predictor_name(model_facts.COMBINED), model_facts.COMBINED, "chosen", both))
    misses: list[tuple[str, float, str, bars.Meaning]] = []
    for label, predictor, meaning, _ in rows:
        value = model_facts.score(one, error, predictor)
        text = words.miss(value, one.card.quote) if error == "mae" else _per_cent(value)
        misses.append((label, value, text, meaning))
    count = f"{one.card.origins:,} past forecasts: " if one.card.origins else ""
    st.caption(words.plain(f"Average miss, {count}{model_facts.own_test(one)}"))
    drawn = bars.of_misses(misses)
    bars.draw(
        [replace(bar, word=word) for bar, (*_, word) in zip(drawn, rows, strict=True)], side=True
    )
    st.caption("How often the network alone was right (tick: expected)")
    bars.draw(
        [
            bars.of_share("Direction", model_facts.score(one, "directional_accuracy"), 0.5),
            bars.of_share("80 % range", model_facts.score(one, "coverage_80"), 0.8),
        ],
        side=True,
    )


def _per_cent(value: float) -> str:
    return f"{100 * value:.2f} %" if value == value else words.DASH


def _open_forecast(one: ModelSummary) -> None:
    """Go to the Forecast page with the model, its coin and its candles."""
    coin = url.last("coin", inputs.COIN) if one.card.coin == "any" else default_coin(one.card)
    st.switch_page(
        ROOT / "pages" / "forecast.py",
        query_params={"coin": coin, "interval": one.card.interval, "model": one.name},
    )


def _actions(service: Service, one: ModelSummary) -> None:
    """Draw what else can be done with a model, and who may do it."""
    owner = identity.user().owner
    too_large = _why_not_zipped(service, one.name)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        changeable = owner and not one.shipped
        if changeable and st.button(
            "Rename", icon=":material/edit:", type="tertiary", key="rename"
        ):
            _rename(service, one.name)
        if not too_large:
            st.download_button(
                "Download",
                lambda: service.saved_models.zipped(one.name),
                file_name=f"{one.name}.zip",
                mime="application/zip",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                key="download-model",
                help="The model as a zip archive. “Import a model” on this page of another "
                "installation takes it.",
            )
        if changeable and st.button(
            "Delete", icon=":material/delete:", type="tertiary", key="delete"
        ):
            _delete(service, one.name)
    if too_large:
        st.caption(words.plain(too_large))
    if one.shipped:
        st.caption("It comes with the project and can't be renamed or deleted.")
    elif not owner:
        st.caption(
            f"Only the owner may rename or delete it. {words.plain(service.owner_key.remedy())}"
        )


def _why_not_zipped(service: Service, name: str) -> str:
    """Return why a model can't be downloaded; "" if it can. A failed download can't say it."""
    try:
        service.saved_models.check_zipped(name)
    except InvalidInput as error:
        return str(error)
    return ""


@dialogs.dialog("Rename this model")
def _rename(service: Service, name: str) -> None:
    with st.form("rename", border=False):
        new = st.text_input("New name", name, max_chars=64, key="new-name")
        submitted = st.form_submit_button("Rename", type="primary", key="confirm-rename")
    if submitted:
        with elements.errors():
            new = saving.as_name(new)
            service.saved_models.rename(name, new, user=identity.user())
            selection.rename_run(name, new)
            if url.last("model", "") == name:
                url.replace("model", new)
            st.query_params[LINK] = new
            st.session_state[MESSAGE] = f"Renamed {name} to {new}."
            st.rerun()


@dialogs.dialog("Delete this model?")
def _delete(service: Service, name: str) -> None:
    st.markdown(f"**{words.plain(name)}** leaves the list for everyone. It can't be taken back.")
    with st.container(horizontal=True):
        if st.button("Delete it", type="primary", key="confirm-delete"):
            with elements.errors():
                service.saved_models.delete(name, user=identity.user())
                url.forget("model", name)
                st.query_params.pop(LINK, None)
                st.session_state[MESSAGE] = f"Deleted {name}."
                st.rerun()
        if st.button("Keep it"):
            st.rerun()
