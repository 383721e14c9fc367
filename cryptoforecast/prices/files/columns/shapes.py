"""Which column is which where none has a name: by the numbers that exchanges write."""

from __future__ import annotations

import numpy as np

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.roles import EXAMPLE_HEADER, REMEDY
from cryptoforecast.prices.files.values.zones import FIRST, LAST
from cryptoforecast.types import Array

# Position of the volume, by the number of columns of the dumps that exchanges write.
_VOLUME_AT = {12: 5, 11: 5, 9: 5, 8: 6, 7: 5, 6: 5}
# OKX's dumps end with whether the candle has closed, as 1 or 0.
_OKX_WIDTH = 9
# High / low of a candle, in the median; above it the numbers are no prices.
_MAX_RANGE = 3.0


def roles_by_shape(sample: Array) -> dict[int, str]:
    """Find the roles of columns without names.

    Dumps of trades and candles of Gate are recognised by rules of their own. In other candles, the
    high is the column that has the largest of the four prices in every row, and the low the one
    that has the smallest. Of the other two, the open is the one that is close to the other's value
    in the row before.

    Args:
        sample: `(rows, columns)` numbers, NaN for text. In candles, the first column is the time,
            in any unit; for dates any number that rises with them.

    Returns:
        Role by column position.

    Raises:
        UnreadableFile: If the numbers are of no known shape.
    """
    # Prices of 0 are of the time before a listing; they show no order.
    listed = (sample[:, 1:5] != 0).any(axis=1)
    sample = sample[listed] if listed.any() else sample
    rows, width = sample.shape
    if width == 2:
        raise UnreadableFile(
            "Candles need an open, high, low and close. Received: rows of two numbers, a time and "
            "one price. Download candles instead (OHLC)."
        )
    trades = _trades(sample)
    if trades:
        return trades
    if gate := _gate(sample):
        return gate
    if width == 3 and not np.isnan(sample).any():
        return {0: "time", 1: "price", 2: "volume"}
    prices = sample[:, 1:5]
    if width not in (5, *_VOLUME_AT) or np.isnan(prices).any() or (prices <= 0).any():
        raise unknown_shape(width)
    # Logarithms, because a ratio may be larger than any float.
    if float(np.median(np.log(prices.max(axis=1)) - np.log(prices.min(axis=1)))) > np.log(
        _MAX_RANGE
    ):
        raise unknown_shape(width)
    high = _extreme(prices, prices.max(axis=1), 1)
    low = _extreme(prices, prices.min(axis=1), 2)
    if high is None or low is None or high == low:
        raise unknown_shape(width)
    first, second = (i for i in range(4) if i not in (high, low))
    order = np.argsort(sample[:, 0], kind="stable")
    early, late = prices[order][:, first], prices[order][:, second]
    if rows > 2:
        forward = float(np.abs(np.log(early[1:] / late[:-1])).mean())
        backward = float(np.abs(np.log(late[1:] / early[:-1])).mean())
        if backward < forward:
            raise unknown_shape(width)
    roles = {0: "time", 1 + first: "open", 1 + high: "high", 1 + low: "low", 1 + second: "close"}
    if width in _VOLUME_AT:
        roles[_VOLUME_AT[width]] = "volume"
    if width == _OKX_WIDTH and _are_flags(sample[:, -1:]):
        roles[width - 1] = "closed"
    return roles


def _trades(sample: Array) -> dict[int, str] | None:
    """Recognise the dumps of single trades; a cell of text is NaN in the sample."""
    width = sample.shape[1]
    if width not in (6, 7, 8):
        return None
    whole = np.isnan(sample) | (sample == np.round(sample))
    numbered = _is_rising(sample[:, 0]) and bool(whole[:, 0].all())
    price, amount = sample[:, 1], sample[:, 2]
    # Binance's trades: id, price, quantity, price times quantity, time, flags.
    if numbered and width < 8 and _is_epoch(sample[:, 4]) and _are_flags(sample[:, 5:]):
        if np.allclose(price * amount, sample[:, 3], rtol=0.01, atol=1e-6):
            return {4: "time", 1: "price", 2: "volume", 3: "turnover"}
    # Its aggregated trades: id, price, quantity, first and last id, time, flags.
    elif numbered and width > 6 and _is_epoch(sample[:, 5]) and _are_flags(sample[:, 6:]):
        first, last = sample[:, 3], sample[:, 4]
        if whole[:, 3:5].all() and (first <= last).all() and (first[1:] > last[:-1]).all():
            return {5: "time", 1: "price", 2: "volume"}
    # Kraken's: price, volume, time, side, order type, remark, id.
    elif _is_epoch(sample[:, 2]) and np.isnan(sample[:, 3:6]).all() and (sample[:, :2] > 0).all():
        return {2: "time", 0: "price", 1: "volume"}
    return None


def _gate(sample: Array) -> dict[int, str] | None:
    """Recognise Gate's candles: time, turnover, close, high, low, open, volume, closed."""
    if sample.shape[1] not in (7, 8) or np.isnan(sample[:, :7]).any():
        return None
    turnover, close, high, low, opening, volume = sample[:, 1:7].T
    within = (low <= np.minimum(opening, close)) & (high >= np.maximum(opening, close))
    # The turnover is the volume times a price of the candle.
    paid = (turnover >= volume * low * 0.99) & (turnover <= volume * high * 1.01)
    if not (within & paid & (low > 0)).all() or not (turnover > 0).any():
        return None
    roles = {0: "time", 2: "close", 3: "high", 4: "low", 5: "open", 6: "volume", 1: "turnover"}
    return roles | ({7: "closed"} if sample.shape[1] == 8 else {})


def _is_rising(column: Array) -> bool:
    """Tell whether numbers rise from row to row, or fall from row to row."""
    steps = np.diff(column)
    return bool((steps > 0).all() or (steps < 0).all())


def _is_epoch(column: Array) -> bool:
    """Tell whether all numbers are times since 1970 in one unit."""
    return any(
        bool(((column >= FIRST.value / unit) & (column < LAST.value / unit)).all())
        for unit in (10**9, 10**6, 10**3, 1)
    )


def _are_flags(columns: Array) -> bool:
    """Tell whether columns hold only yes and no, in words or as 1 and 0."""
    return bool((np.isnan(columns) | (columns == 0) | (columns == 1)).all())


def unknown_shape(width: int) -> UnreadableFile:
    """Return the error for columns without names whose numbers are of no known shape."""
    return UnreadableFile(
        f"Without names, columns must be a time and prices as exchanges write them. Received: "
        f"{width} columns of another shape; it begins with numbers, so it seems to have no "
        f"header. Add a first line that names the columns ({EXAMPLE_HEADER}). {REMEDY} They "
        "are called column 1, column 2 and so on."
    )


def _extreme(prices: Array, extreme: Array, usual: int) -> int | None:
    """Find the column that has the extreme price in every row.

    Args:
        prices: `(rows, 4)`.
        extreme: `(rows,)` largest or smallest price of each row.
        usual: Position to choose where several columns have it.
    """
    holds = (prices == extreme[:, None]).all(axis=0)
    if holds[usual]:
        return usual
    return int(np.argmax(holds)) if holds.sum() == 1 else None
