"""Columns whose names contain a ticker as well, as yfinance and pandas write them."""

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
    """Find the prices and the volume of the one ticker that the names contain.

    Args:
        names: Column names as the file has them.

    Returns:
        Column by role; empty if the names contain no ticker.

    Raises:
        UnreadableFile: If there are several tickers.
    """
    for form, word, ticker in _FORMS:
        by_ticker: dict[str, dict[str, str]] = {}
        for name in names:
            match = re.fullmatch(form, name.strip(), re.IGNORECASE)
            if match:
                by_ticker.setdefault(match[ticker], {})[plain_name(match[word])] = name
        complete = {
            each: columns for each, columns in by_ticker.items() if columns.keys() >= _PRICES
        }
        if len(complete) > 1:
            raise UnreadableFile(
                f"A file must hold one coin. Received: {', '.join(sorted(complete))[:80]} side by "
                "side. Save one coin a file."
            )
        for columns in complete.values():
            return {role: columns[role] for role in (*_PRICES, "volume") if role in columns}
    return {}
