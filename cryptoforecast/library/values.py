"""What the objects of the library have in common: fingerprints to compare by, and plain HTML."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable

import numpy as np
import pandas as pd

from cryptoforecast.texts import printable
from cryptoforecast.types import INTERVALS, PriceHistory

# A notebook reads a formula between two dollar signs, except in elements of these classes.
_NO_FORMULAS = "tex2jax_ignore mathjax_ignore"


class Value:
    """An object that is compared, and hashed, by its fingerprint."""

    @property
    def fingerprint(self) -> str:
        """Content hash, 16 hexadecimal digits."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value) or type(other) is not type(self):
            return NotImplemented
        return self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.fingerprint))


def digest(*parts: object) -> str:
    """Hash arrays by their numbers and everything else by its text.

    Returns:
        16 hexadecimal digits, the same in every process.
    """
    content = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            content.update(f"{part.dtype} {part.shape}".encode())
            # The bits of NaN may differ by where it comes from.
            same = np.where(np.isnan(part), np.nan, part).astype(part.dtype)
            content.update(np.ascontiguousarray(same).tobytes())
        else:
            content.update(repr(part).encode())
    return content.hexdigest()[:16]


def moment(time: pd.Timestamp, interval: str) -> str:
    """Write a time in UTC: "2025-09-30 15:00", or the date alone for candles of days."""
    daily = INTERVALS[interval] >= INTERVALS["1d"]
    return f"{time:%Y-%m-%d}" if daily else f"{time:%Y-%m-%d %H:%M}"


def candles(history: PriceHistory) -> str:
    """Write whose candles these are: "BTC 1h", "BTC-EUR 1h", or "BTC 1h simulated"."""
    market = printable(history.market)
    return f"{market} {history.interval}{' simulated' if history.simulated else ''}"


def paragraphs(texts: Iterable[str]) -> str:
    """Write sentences as HTML, each in a paragraph of its own."""
    return "".join(f'<p class="{_NO_FORMULAS}">{html.escape(text)}</p>' for text in texts)


def heading(text: str) -> str:
    """Write a sentence as HTML, set in bold."""
    return f'<p class="{_NO_FORMULAS}"><strong>{html.escape(text)}</strong></p>'


def table(frame: pd.DataFrame, index: bool = True) -> str:
    """Write a table as HTML; an undefined figure is a dash."""
    text: str = frame.to_html(
        border=0,
        escape=True,
        index=index,
        na_rep="–",
        float_format="{:,.6g}".format,
        classes=_NO_FORMULAS,
    )
    return text
