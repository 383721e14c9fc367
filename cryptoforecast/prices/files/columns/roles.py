"""Which column plays which role, by its name or as the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.choice import (
    Choice,
    Preference,
    choose,
    role_of,
    without_rivals,
)
from cryptoforecast.prices.files.columns.dialects import (
    BITMEX_NAMES,
    CLOSING_NAMES,
    COMMA_NAMES,
    QUOTE_NAMES,
    TRADESTATION_NAMES,
    YAHOO_NAMES,
    meaning,
    name_parts,
    plain_name,
)
from cryptoforecast.prices.files.columns.dialects import volume_unit as unit_of
from cryptoforecast.prices.files.columns.tickers import prices_by_ticker
from cryptoforecast.prices.files.table import PRICES
from cryptoforecast.types.quotes import COINS, quote_of

#: Columns that a file may have, and characters of a name; indicators make dozens of columns.
MAX_COLUMNS = 1_000
MAX_NAME = 200
#: No wish: any prices are wanted.
ANY = Preference()
#: A header that the reader knows.
EXAMPLE_HEADER = "time,open,high,low,close,volume"
#: What the user can do where columns are not recognised.
REMEDY = (
    "Name the columns, or say which is which (Columns on the Data page; --columns "
    "time=NAME,open=NAME,high=NAME,low=NAME,close=NAME on the command line, columns= in Python)."
)


def roles_by_name(
    names: Sequence[str],
    user_columns: Mapping[str, str] | None = None,
    preference: Preference = ANY,
) -> dict[str, str]:
    """Find which column plays which role by its name.

    Args:
        names: Column names as the file has them.
        user_columns: Column by role, as the user says; see ``user_roles`` and ``combine_roles``.
        preference: Which of several prices the user wants.

    Returns:
        Column by role, as ``unique_names`` calls it, without the roles that no column plays. See
        ``choice.Choice`` for columns that must be the same.

    Raises:
        UnreadableFile: If a given column is not there, the names show several series of prices
            side by side, or there are more or longer names than a price file may have.
    """
    choice = choose_roles(names, user_columns, preference)
    if choice.refusal:
        raise choice.refusal
    return choice.roles


def choose_roles(
    names: Sequence[str],
    user_columns: Mapping[str, str] | None = None,
    preference: Preference = ANY,
) -> Choice:
    """Find which column plays which role, and say why; the arguments are as in ``roles_by_name``.

    Raises:
        UnreadableFile: If a given column is not there, or there are more or longer names than a
            price file may have.
    """
    fixed = user_roles(names, user_columns or {})
    unique = unique_names(names)
    choice = choose(unique, fixed, preference)
    roles = choice.roles
    _settle_volume(unique, roles)
    _settle_dialects({plain_name(name): name for name in unique[::-1]}, roles)
    return choice._replace(roles=combine_roles(roles, fixed))


def has_columns(names: Sequence[str], user_columns: Mapping[str, str]) -> bool:
    """Tell whether all columns that the user gives roles to are there; see ``user_roles``."""
    try:
        user_roles(names, user_columns)
    except UnreadableFile:
        return False
    return True


def user_roles(names: Sequence[str], user_columns: Mapping[str, str]) -> dict[str, str]:
    """Find the columns that the user gives roles to.

    Args:
        names: Column names as the file has them.
        user_columns: Name by role; ``"column 3"`` is the third column if no column has that name.

    Returns:
        Column by role, as ``unique_names`` calls it.

    Raises:
        UnreadableFile: If there is no such column; the message lists the columns. Also if there
            are more or longer names than a price file may have.
    """
    unique = unique_names(names)
    roles = {}
    for role, name in user_columns.items():
        place = re.fullmatch(r"column (\d{1,4})", name)
        if name in unique:
            roles[role] = name
        elif place and 0 < int(place[1]) <= len(unique):
            roles[role] = unique[int(place[1]) - 1]
        else:
            raise UnreadableFile(
                f"The {role} must be a column of the file: {', '.join(unique)[:400]}. "
                f"Received: {name[:60]!r}. Choose among them; column 3 stands for the third."
            )
    return roles


def combine_roles(by_name: Mapping[str, str], user_columns: Mapping[str, str]) -> dict[str, str]:
    """Combine the roles that were recognised with those that the user gives, which win.

    A column with a given role has no other role, except that ``source`` still says whether prices
    are simulated. Candles win over single prices, unless the user gives the role of the price.

    Args:
        by_name: Column by role, by name or shape.
        user_columns: Column by role, as ``user_roles`` returns them.
    """
    roles = {
        role: name
        for role, name in by_name.items()
        if role == "source"
        or (name not in user_columns.values() and role_of(role) not in user_columns)
    }
    roles |= user_columns
    candles = set(PRICES) & user_columns.keys() or (
        set(PRICES) <= roles.keys() and "price" not in user_columns
    )
    for role in ("price",) if candles else PRICES if "price" in roles else ():
        without_rivals(roles, role)
        roles.pop(role, None)
    return roles


def unique_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return a different name for every column.

    Args:
        cells: Names as the file has them; one that is empty or there before gets its place added,
            as in ``"column 3"``.

    Raises:
        UnreadableFile: If there are more or longer names than a price file may have.
    """
    names: list[str] = []
    earlier: set[str] = set()
    for i, cell in enumerate(check_names(cells)):
        name = cell or f"column {i + 1}"
        names.append(name if name not in earlier else f"{name} (column {i + 1})")
        earlier.add(names[-1])
    return tuple(names)


def check_names(names: Sequence[str]) -> Sequence[str]:
    """Return the names if there are not too many and none is too long.

    Raises:
        UnreadableFile: Otherwise, before any time is spent on what the names mean.
    """
    longest = max(map(len, names), default=0)
    if len(names) > MAX_COLUMNS:
        size = f"{len(names):,} columns"
    elif longest > MAX_NAME:
        size = f"a name of {longest:,} characters"
    else:
        return names
    raise UnreadableFile(
        f"A price file may have {MAX_COLUMNS:,} columns, with names of {MAX_NAME} characters. "
        f"Received: {size}. Save it with the columns {EXAMPLE_HEADER} only."
    )


def _settle_volume(names: Sequence[str], roles: dict[str, str]) -> None:
    """Tell ``Volume BTC`` (coins) from ``Volume USDT`` (turnover); changes ``roles``."""
    by_coin = {
        name for family in prices_by_ticker(names).values() for name in family.get("volume", ())
    }
    by_unit = {name: unit for name in names if (unit := unit_of(name)) and name not in by_coin}
    turnovers = [name for name, unit in by_unit.items() if unit in QUOTE_NAMES]
    volumes = [name for name in by_unit if name not in turnovers]
    if len(volumes) > 1 and not turnovers:
        # Volume BTC beside Volume ETH: ether is quoted in bitcoin, so bitcoins are the turnover.
        quoted = [name.lower() for name in COINS]
        units = [quoted.index(by_unit[name]) if by_unit[name] in quoted else 99 for name in volumes]
        turnovers = [volumes[units.index(min(units))]] if min(units) < 99 else []
    volumes = sorted(name for name in volumes if name not in turnovers)
    bare = plain_name(roles.get("volume", "")) == "volume" and "(" not in roles["volume"]
    if volumes and not bare:
        without_rivals(roles, "volume")
        roles["volume"] = volumes[0]
    if turnovers and "turnover" not in roles:
        currency = quote_of(meaning(roles.get("close", "")).label)
        same = [name for name in turnovers if quote_of(by_unit[name]) == currency]
        roles["turnover"] = sorted(same or turnovers)[0]
    if roles.get("volume") == roles.get("turnover"):
        roles.pop("volume", None)
    if "volume" not in roles:
        without_rivals(roles, "volume")


def _settle_dialects(columns: Mapping[str, str], roles: dict[str, str]) -> None:
    """Change ``roles`` where an exchange uses names in its own way; ``columns`` by plain name."""
    # Poloniex: the volume is in dollars, the quote volume in coins.
    if {"weightedaverage", "quotevolume", "volume"} <= columns.keys():
        without_rivals(roles, "volume")
        roles["volume"], roles["turnover"] = columns["quotevolume"], columns["volume"]
    # HTX: seconds are called id, and the volume is in dollars.
    if {"id", "amount", "vol", "count"} <= columns.keys() and "time" not in roles:
        without_rivals(roles, "volume")
        roles.update(time=columns["id"], volume=columns["amount"], turnover=columns["vol"])
    # Binance's stream: the symbol is called s.
    if {"s", "i", "t", "o", "h", "l", "c"} <= columns.keys() and "symbol" not in roles:
        roles["symbol"] = columns["s"]
    # Binance's and Gate's streams: whether the candle has closed is called x or w.
    flag = columns.keys() & {"x", "w"}
    if {"t", "o", "h", "l", "c"} <= columns.keys() and len(flag) == 1 and "closed" not in roles:
        roles["closed"] = columns[flag.pop()]
    # Bybit's stream: the candle begins at start, and timestamp is the time of its last trade.
    if {"start", "end", "timestamp", "confirm"} <= columns.keys():
        without_rivals(roles, "time")
        roles["time"] = columns["start"]
    # Upbit: the time of the last trade is called timestamp, and that of the candle is not.
    if {"candledatetimeutc", "openingprice", "tradeprice"} <= columns.keys():
        without_rivals(roles, "time")
        roles.update(time=columns["candledatetimeutc"], close=columns["tradeprice"])
        amounts = {"volume": "candleacctradevolume", "turnover": "candleacctradeprice"}
        roles.update((role, columns[name]) for role, name in amounts.items() if name in columns)


def volume_unit(roles: Mapping[str, str], yahoo: bool) -> str:
    """Return the volume's unit, as far as the columns show it; see ``PriceHistory``.

    Args:
        roles: Column by role.
        yahoo: Whether a column is there that only Yahoo writes; its volume is a turnover.

    Returns:
        ``"coins"``, ``"quote"`` for a turnover in the quote currency, or ``"unknown"``.
    """
    if "volume" not in roles:
        return "quote" if "turnover" in roles else "unknown"
    if yahoo:
        return "quote"
    has_coin = unit_of(roles["volume"]) not in ("", *QUOTE_NAMES)
    return "coins" if has_coin or "turnover" in roles else "unknown"


def are_enough(roles: Mapping[str, str]) -> bool:
    """Tell whether the roles make candles or trades: a time, and four prices or one."""
    return "time" in roles and have_prices(roles)


def have_prices(roles: Mapping[str, str]) -> bool:
    """Tell whether the roles have all four prices, the close alone, or single prices."""
    return "price" in roles or {*PRICES} & roles.keys() in ({*PRICES}, {"close"})


def price_roles(roles: Mapping[str, str]) -> tuple[str, ...]:
    """Return the roles of the prices, where there are enough: four, or one."""
    return next(each for each in (PRICES, ("price",), ("close",)) if set(each) <= roles.keys())


def missing_columns(
    names: Sequence[str], user_columns: Mapping[str, str] | None = None
) -> UnreadableFile:
    """Return the error for a table without the columns of candles or trades.

    Args:
        names: Column names as the file has them.
        user_columns: Column by role, as the user says.

    Raises:
        UnreadableFile: As ``choose_roles`` does.
    """
    roles = choose_roles(names, user_columns).roles
    absent = [role for role in ("time", *PRICES) if role not in roles]
    return UnreadableFile(
        f"A price file needs a line that names its columns ({EXAMPLE_HEADER}, or time,close), or "
        f"an exchange's known columns of numbers. No column for {', '.join(absent)} was found. "
        f"Received: {', '.join(names)[:200]}. {REMEDY}"
    )


def is_yahoo(names: Sequence[str]) -> bool:
    """Tell whether a column is there that only Yahoo writes."""
    return any(plain_name(name) in YAHOO_NAMES for name in names)


def is_closing(roles: Mapping[str, str], names: Sequence[str] = ()) -> bool:
    """Tell whether the columns' names say that times are the ends of candles.

    Args:
        roles: Column by role.
        names: Names of all columns, by which some providers are known.
    """
    time = plain_name(roles.get("time", ""))
    if time in CLOSING_NAMES:
        return True
    plain = {plain_name(name) for name in names}
    by_dialect = bool(plain & BITMEX_NAMES) or plain == TRADESTATION_NAMES
    return by_dialect and not time.startswith(("open", "start"))


def is_foreign(names: Sequence[str]) -> bool:
    """Tell whether at least two names are of a language with decimal commas."""
    foreign = ({plain_name(name), *name_parts(name)} & COMMA_NAMES for name in names)
    return sum(map(bool, foreign)) >= 2
