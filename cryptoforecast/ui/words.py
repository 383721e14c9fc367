"""Words of others on a page: what a link, a file or a saved model says is text, never markup."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """Escape what would make Markdown fetch an image, follow a link or read HTML."""
    return re.sub(r"([\[\]<])", r"\\\1", text)
