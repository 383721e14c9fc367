"""The button that adds the baselines which take some seconds to a test."""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st

from cryptoforecast.service.choices import HEAVY
from cryptoforecast.types import predictor_phrase
from cryptoforecast.ui import elements, words


def offer(present: Collection[str], add: Callable[[], object]) -> None:
    """Offer to add the slow baselines that a test lacks, and rerun the page.

    Args:
        present: Names of the predictors in the test.
        add: Fits them; the service holds the result.
    """
    missing = words.plain(
        " and ".join(predictor_phrase(name) for name in HEAVY if name not in present)
    )
    if missing and st.button(
        f"Compare with {missing} too",
        icon=":material/compare_arrows:",
        help="This takes some seconds the first time.",
    ):
        with elements.errors(), st.spinner(f"Fitting {missing} …"):
            add()
            st.rerun()
