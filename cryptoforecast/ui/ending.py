"""How a page ends early, and the frame around it does not."""

from __future__ import annotations

from typing import NoReturn


class EndOfPage(Exception):
    """A page is complete here: what is common to all pages follows, see ``shell``."""


def end_page() -> NoReturn:
    """End the page, but not the frame around it, as ``st.stop`` would."""
    raise EndOfPage
