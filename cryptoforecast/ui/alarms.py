"""The alarms on the Ledger page, for the owner: what is set, what was raised, what arrived."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.service import Service
from cryptoforecast.service.alarms import rule_text
from cryptoforecast.types import brief_moment_text
from cryptoforecast.types.alarms import AlarmView, delivery_text
from cryptoforecast.ui import card, identity, words

#: Alarms in the list.
SHOWN = 5
_HOW = (
    "Each run of `tick` checks all alarms and sends each new event once. The message says how "
    "often such an event comes by chance. `alarms add` sets one, `alarms remove` removes it, and "
    "`alarms test` sends a message."
)


def section(service: Service) -> None:
    """Draw the alarms; nothing for a guest."""
    if not identity.user().owner:
        return
    view = service.alarms.view(SHOWN)
    with card.framed():
        if view.rules or view.raised:
            _listed(view)
        else:
            _empty()
        _delivery(view)


def _empty() -> None:
    card.heading("No alarm is set", "An alarm sends one message when something rare happens.")
    with st.expander("Set one", icon=":material/notifications:"):
        st.markdown("This command sets one for candles that come once in 1,000:")
        st.code(
            "python -m cryptoforecast alarms add candle --coin BTC --rarity 1000",
            language="bash",
            wrap_lines=True,
        )


def _listed(view: AlarmView) -> None:
    count = len(view.rules)
    noun = "alarm is" if count == 1 else "alarms are"
    with st.container(gap="xsmall"):
        card.heading(f"{count:,} {noun} set" if count else "No alarm is set", help=_HOW)
        for one in view.rules:
            st.markdown(f"{one.number:d}. {words.plain(rule_text(one.rule))}")
    st.caption("Raised last" if view.raised else "None was raised yet.")
    for each in view.raised:
        with st.container(gap="xxsmall"):
            st.markdown(words.plain(each.alarm.sentence))
            moment = brief_moment_text(each.raised_at)
            st.caption(words.plain(f"{moment} UTC, {delivery_text(each)}"))


def _delivery(view: AlarmView) -> None:
    """Say whether messages can be sent."""
    if view.problem:
        st.warning(words.plain(view.problem), icon=":material/warning:")
    elif view.destinations:
        names = words.plain(", ".join(view.destinations))
        st.caption(f"Messages go to {names}. `alarms test` sends one.")
    else:
        st.caption("No message is sent yet. Set `CRYPTOFORECAST_ALARMS` to say where messages go.")
