"""The dialog in which a training is set up: a recipe, the main settings, everything else."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.service import Service, choices
from cryptoforecast.service.signals import MAX_SIGNALS
from cryptoforecast.types import ModelSpec, PriceHistory, Signal, is_signal
from cryptoforecast.ui import card, dialogs, drafts, elements, own_signals, training, words
from cryptoforecast.ui.controls import Controls

#: Pixels: three recipe cards side by side.
WIDTH = 760


@dialogs.dialog("Train my own", width=WIDTH)
def show(service: Service, history: PriceHistory) -> None:
    """Ask for the settings, say what they take, and start the training."""
    service.training.preload()
    st.caption("Choose a recipe, change what you like, train.")
    _recipes(service, history)
    draft = drafts.current()
    _warn_of_few(draft.base(history), history)
    controls = Controls(draft, history, own_signals.all_of(service))
    controls.main()
    with st.expander("Everything else: inputs, loss, dropout, stopping, seed"):
        controls.more()
    with st.expander("A signal of your own, from a file"):
        _own_signals(service, history)
    with elements.errors():
        spec = draft.spec(history)
        with st.container(horizontal=True, vertical_alignment="center"):
            _estimate(service, history, spec)
            st.space("stretch")
            if st.button("Train", type="primary", key="train"):
                training.start(service, history, spec)


def _recipes(service: Service, history: PriceHistory) -> None:
    """Draw a card for each recipe; the chosen one has a blue border."""
    chosen = drafts.current()
    for (name, recipe), place in zip(
        drafts.RECIPES.items(), st.columns(len(drafts.RECIPES), gap="xsmall"), strict=True
    ):
        is_chosen = name == chosen.recipe
        own = drafts.Draft(name, recipe.network)
        with card.framed(place, key=f"{'chosen' if is_chosen else 'recipe'}-{name}"):
            seconds = service.training.expected(history, own.base(history)).seconds
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{words.plain(recipe.title)}**")
                st.space("stretch")
                st.caption(words.seconds(seconds), width="content")
            st.markdown(f":gray[{words.plain(recipe.teaches)}]")
            st.space("stretch")
            if is_chosen:
                st.button(
                    "Chosen",
                    icon=":material/check:",
                    type="tertiary",
                    width="stretch",
                    key=f"is-{name}",
                    on_click=lambda own=own: drafts.keep(own),
                    help="Press it again to undo your changes.",
                )
            else:
                st.button(
                    "Choose",
                    width="stretch",
                    key=f"choose-{name}",
                    on_click=lambda own=own: drafts.keep(own),
                )


def _own_signals(service: Service, history: PriceHistory) -> None:
    """Ask for files of signals; the next training reads those that were added."""
    st.caption(
        "Add an index of yours, such as numbers of searches or a mood index, and the network reads "
        "it beside the price. Whether it helps is tested on the Backtest page, “Which inputs "
        "help?”."
    )

    def choose(signal: Signal) -> None:
        if sum(map(is_signal, drafts.current().features(history))) < MAX_SIGNALS:
            drafts.change_inputs(history, with_=signal.input)

    own_signals.show(
        service,
        history,
        lambda signal: drafts.change_inputs(history, without=signal.input),
    )
    own_signals.field(service, added=choose)


def _warn_of_few(base: ModelSpec, history: PriceHistory) -> None:
    needed = choices.candles_needed(base)
    if len(history) < needed:
        st.warning(
            f"{len(history):,} {words.prices(history.interval)} are too few to train on. With "
            f"these settings, about {needed:,} are needed. Choose a longer history, or shorter "
            "candles.",
            icon=":material/data_alert:",
        )


def _estimate(service: Service, history: PriceHistory, spec: ModelSpec) -> None:
    """Write what the training takes, which follows the sliders."""
    effort = service.training.expected(history, spec)
    st.markdown(
        f"**About {words.seconds(effort.seconds)}** :gray[· {effort.megabytes:,.0f} MB of memory]",
        width="content",
        help="An estimate for this machine, from the trainings that it has seen. A training may "
        "end earlier. TensorFlow itself takes some 600 MB more, once.",
    )
