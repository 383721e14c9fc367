"""Columns whose names hold a ticker as well, as yfinance and pandas write them.

Imports ``errors`` and ``dialects``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.dialects import plain_name

_WORD = r"(open|high|low|close|adj close|volume)"
# ('Close', 'BTC-USD') in either order, Close_BTC-USD, BTC-USD Close.
_FORMS = (
    (rf"\('{_WORD}', '([^']+)'\)", 1, 2),
    (rf"\('([^']+)', '{_WORD}'\)", 2, 1),
    (rf"{_WORD}[ _.|](\S+)", 1, 2),
    (rf"(\S+)[ _.|]{_WORD}", 2, 1),
)
_PRICES = {"open", "high", "low", "close"}


def roles_by_ticker(names: Sequence[str]) -> dict[str, str]:
    """Find the prices and the volume of the one ticker that the names hold.

    Returns:
        Column by role; empty if the names are not of this kind.

    Raises:
        UnreadableFile: if there are several tickers.
    """
    for form, word, ticker in _FORMS:
        found: dict[str, dict[str, str]] = {}
        for name in names:
            match = re.fullmatch(form, name.strip(), re.IGNORECASE)
            if match:
                found.setdefault(match[ticker], {})[plain_name(match[word])] = name
        whole = {each: columns for each, columns in found.items() if columns.keys() >= _PRICES}
        if len(whole) > 1:
            raise UnreadableFile(
                f"A file must hold one coin. Received: {', '.join(sorted(whole))[:80]} side by "
                "side. Save one coin a file."
            )
        for columns in whole.values():
            return {role: columns[role] for role in (*_PRICES, "volume") if role in columns}
    return {}
