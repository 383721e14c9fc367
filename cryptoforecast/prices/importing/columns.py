"""Which column is what: by its name in many dialects, or by the shape of unnamed numbers.

Imports ``errors`` and ``importing.table``. Knows no values but those of a short sample.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.importing.table import PRICES

_EXAMPLE = "time,open,high,low,close,volume"
#: What a person can do where columns aren't recognised.
SAY = (
    "Name the columns, or say which is which (Columns on the Data page; on the command line "
    "--columns time=NAME,open=NAME,high=NAME,low=NAME,close=NAME)."
)

#: Names a column goes by, in order of preference; compared as ``plain`` gives them.
ROLES: dict[str, tuple[str, ...]] = {
    "time": (
        "time", "timestamp", "opentime", "timeopen", "timeperiodstart", "unix", "unixtimestamp",
        "unixtime", "datetime", "dateutc", "datetimeutc", "date", "day", "ts", "t", "snappedat",
        "datum", "fecha", "data", "starttime", "start", "begin", "period",
        "closetime", "timeclose", "endtime",
    ),
    "open": ("open", "o", "openprice", "firstprice", "eroffn", "eroffnung", "apertura", "ouv",
             "ouverture", "abertura"),
    "high": ("high", "h", "highprice", "max", "hoch", "maximo", "maxima", "massimo", "plushaut",
             "haut", "hoog"),
    "low": ("low", "l", "lowprice", "min", "tief", "minimo", "minima", "plusbas", "bas", "laag"),
    "close": ("close", "c", "closeprice", "closingprice", "closelast", "last", "lastprice",
              "zuletzt", "schluss", "schlusskurs", "ultimo", "dernier", "cierre", "cloture",
              "chiusura", "fechamento", "laatste", "price", "adjclose"),
    "volume": ("volume", "vol", "v", "basevolume", "tickvolume", "tickvol", "volumen", "amount",
               "qty", "quantity", "size"),
    "turnover": ("turnover", "quotevolume", "quoteassetvolume"),
    "price": ("price", "p", "tradeprice", "rate"),
    "symbol": ("symbol", "ticker", "pair", "currencypair", "market", "coin", "currency", "asset",
               "instrument", "productid", "name"),
    "source": ("source",),
}  # fmt: skip
_CLOSING = ("closetime", "timeclose", "endtime")
_YAHOO = {"adjclose", "dividends", "stocksplits"}
_QUOTES = ("usd", "usdt", "usdc", "busd", "fdusd", "eur", "currency", "quote")
# Names of languages that write decimal commas.
_COMMA_LANGUAGES = {
    "datum", "fecha", "eroffn", "eroffnung", "hoch", "tief", "zuletzt", "schluss", "schlusskurs",
    "apertura", "abertura", "maximo", "minimo", "maxima", "minima", "massimo", "ultimo",
    "dernier", "ouv", "ouverture", "plushaut", "plusbas", "cierre", "cloture", "chiusura",
    "fechamento", "laatste", "hoog", "laag",
}  # fmt: skip


def plain(name: object) -> str:
    """Reduce a column's name to letters and digits: no case, accents, units in brackets."""
    text = unicodedata.normalize("NFKD", str(name)).casefold()
    without = re.sub(r"\([^)]*\)", "", text)
    text = re.sub(r"[^a-z0-9]", "", without) or re.sub(r"[^a-z0-9]", "", text)
    # CoinDesk's "24h open", Alpha Vantage's "1a. open (USD)", CoinAPI's "price_open".
    text = re.sub(r"^(24h|\d+[ab]?|price)(?=(open|high|low|close)$)", "", text)
    return re.sub(r"^(open|high|low|close)(usdt?|price)$", r"\1", text)


def by_name(names: Sequence[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Find which column plays which role by its name; roles without a column are absent.

    Args:
        names: as the file has them.
        given: column by role, as the person says; these win (see ``placed``).

    Raises:
        UnreadableFile: if a column given is not there, or a price has two columns.
    """
    told = placed(names, given or {})
    by_plain: dict[str, list[str]] = {}
    for name in names:
        by_plain.setdefault(plain(name), []).append(name)
    found: dict[str, str] = {}
    for role, aliases in ROLES.items():
        match = next((by_plain[alias] for alias in aliases if alias in by_plain), None)
        if match is None or role in told:
            continue
        if role in ("time", *PRICES) and len(match) > 1 and len(set(match)) == 1:
            raise UnreadableFile(
                f"Each column must be there once. Received: {len(match)} columns {match[0]!r}, so "
                "perhaps several coins side by side. Save one coin a file."
            )
        found[role] = match[0]
    _volumes(names, found)
    return assigned(found, told)


def there(names: Sequence[str], given: Mapping[str, str]) -> bool:
    """Whether these are columns that a person gives roles to; see ``placed``."""
    try:
        placed(names, given)
    except UnreadableFile:
        return False
    return True


def placed(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Find the columns that a person gives roles to.

    Args:
        names: as the file has them.
        given: name by role; ``"column 3"`` is the third column where no name says so.

    Raises:
        UnreadableFile: if there is no such column; tells those there are.
    """
    known = unique(names)
    told = {}
    for role, name in given.items():
        number = re.fullmatch(r"column (\d{1,4})", name)
        if name in known:
            told[role] = name
        elif number and 0 < int(number[1]) <= len(known):
            told[role] = known[int(number[1]) - 1]
        else:
            raise UnreadableFile(
                f"The {role} must be a column of the file: {', '.join(known)[:400]}. "
                f"Received: {name[:60]!r}. Choose among them; column 3 stands for the third."
            )
    return told


def assigned(found: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """Let the roles that a person gives win over those found; see ``placed``.

    A column with a role given has no other, except that ``source`` still tells whether prices
    are simulated. Candles win over single prices, unless single prices alone were asked for.
    """
    roles = {
        role: name for role, name in found.items() if role == "source" or name not in told.values()
    }
    roles |= told
    candles = set(PRICES) & told.keys() or (set(PRICES) <= roles.keys() and "price" not in told)
    for role in ("price",) if candles else PRICES if "price" in roles else ():
        roles.pop(role, None)
    return roles


def unique(cells: Sequence[str]) -> tuple[str, ...]:
    """Name every column once; ``"column 3"`` where the third has no name."""
    names: list[str] = []
    for i, cell in enumerate(cells):
        name = cell or f"column {i + 1}"
        names.append(name if name not in names else f"{name} (column {i + 1})")
    return tuple(names)


def _volumes(names: Sequence[str], found: dict[str, str]) -> None:
    """Tell volume in coins from turnover: ``Volume BTC``, ``Volume_(BTC)``, ``Volume USDT``."""
    sided: dict[str, str] = {}
    for name in names:
        text = re.sub(r"[^a-z0-9]", "", str(name).lower())
        if text.startswith("volume") and len(text) > 6:
            sided.setdefault("turnover" if text[6:] in _QUOTES else "volume", name)
    bare = plain(found.get("volume", "")) == "volume" and "(" not in found["volume"]
    if "volume" in sided and not bare:
        found["volume"] = sided["volume"]
    if "turnover" in sided and "turnover" not in found:
        found["turnover"] = sided["turnover"]
    if found.get("volume") == found.get("turnover"):
        found.pop("volume", None)


def volume_unit(roles: Mapping[str, str], yahoo: bool) -> str:
    """Tell the volume's unit where the layout tells it: coins, usd or unknown."""
    if "volume" not in roles:
        return "usd" if "turnover" in roles else "unknown"
    if yahoo:
        return "usd"
    text = re.sub(r"[^a-z0-9]", "", roles["volume"].lower())
    named = text.startswith("volume") and len(text) > 6 and text[6:] not in _QUOTES
    return "coins" if named or "turnover" in roles else "unknown"


def enough(roles: Mapping[str, str]) -> bool:
    """Whether the roles make candles or ticks."""
    return "time" in roles and (set(PRICES) <= roles.keys() or "price" in roles)


def lacking(names: Sequence[str], given: Mapping[str, str] | None = None) -> UnreadableFile:
    """Make the error for a table without the columns needed; ``given`` as in ``by_name``."""
    found = by_name(names, given)
    absent = [role for role in ("time", *PRICES) if role not in found]
    seen = ", ".join(names)[:200]
    return UnreadableFile(
        f"A price file needs a line that names its columns ({_EXAMPLE}), or an exchange's known "
        f"columns of numbers. No column for {', '.join(absent)} was found. Received: {seen}. {SAY}"
    )


def is_yahoo(names: Sequence[str]) -> bool:
    """Whether a column is there that only Yahoo writes."""
    return any(re.sub(r"[^a-z0-9]", "", str(name).lower()) in _YAHOO for name in names)


def is_closing(roles: Mapping[str, str]) -> bool:
    """Whether the time column's name says that it is the candle's end."""
    return plain(roles.get("time", "")) in _CLOSING


def is_foreign(names: Sequence[str]) -> bool:
    """Whether the names are of a language with decimal commas."""
    return len({plain(name) for name in names} & _COMMA_LANGUAGES) >= 2


# ---------------------------------------------------------------------------- by shape

# Columns after the time, of the dumps that exchanges write without a header.
_VOLUME_AT = {12: 5, 11: 5, 8: 6, 7: 5, 6: 5}


def by_shape(sample: np.ndarray) -> dict[int, str]:
    """Find the roles of columns without names.

    The column whose value is the largest of the four prices in every row is the high, the
    smallest the low; of the other two the open is the one that follows the row before.

    Args:
        sample: `(rows, columns)` numbers; the first column is the time, in any unit that rises
            or falls with it.

    Returns:
        Role by column position.

    Raises:
        UnreadableFile: if the numbers are not of a known shape.
    """
    rows, width = sample.shape
    if width == 3 and not np.isnan(sample).any():
        return {0: "time", 1: "price", 2: "volume"}
    prices = sample[:, 1:5]
    if width not in (5, *_VOLUME_AT) or np.isnan(prices).any() or (prices <= 0).any():
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
    found = {0: "time", 1 + first: "open", 1 + high: "high", 1 + low: "low", 1 + second: "close"}
    if width in _VOLUME_AT:
        found[_VOLUME_AT[width]] = "volume"
    return found


def unknown_shape(width: int) -> UnreadableFile:
    """Make the error for numbers without names that fit no known dump."""
    return UnreadableFile(
        f"Without names, columns must be a time and prices as exchanges write them. Received: "
        f"{width} columns of another shape; it begins with numbers, so it seems to have no "
        f"header. Add a first line that names the columns ({_EXAMPLE}). {SAY} They are called "
        "column 1, column 2 and so on."
    )


def _extreme(prices: np.ndarray, extreme: np.ndarray, usual: int) -> int | None:
    """Position that holds the extreme in every row; the usual one where several do."""
    holds = (prices == extreme[:, None]).all(axis=0)
    if holds[usual]:
        return usual
    return int(np.argmax(holds)) if holds.sum() == 1 else None
