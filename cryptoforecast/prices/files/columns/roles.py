"""Which column plays which role, by its name or as the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.dialects import (
    ALIASES,
    BITMEX_NAMES,
    CLOSING_NAMES,
    COMMA_NAMES,
    QUOTE_NAMES,
    TRADESTATION_NAMES,
    YAHOO_NAMES,
    plain_name,
)
from cryptoforecast.prices.files.columns.tickers import roles_by_ticker
from cryptoforecast.prices.files.table import PRICES

#: Columns that a file may have, and characters of a name; indicators make dozens of columns.
MAX_COLUMNS = 1_000
MAX_NAME = 200
#: A header that the reader knows.
EXAMPLE_HEADER = "time,open,high,low,close,volume"
#: What the user can do where columns are not recognised.
REMEDY = (
    "Name the columns, or say which is which (Columns on the Data page; on the command line "
    "--columns time=NAME,open=NAME,high=NAME,low=NAME,close=NAME)."
)


def roles_by_name(names: Sequence[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Find which column plays which role by its name.

    Args:
        names: Column names as the file has them.
        given: Column by role, as the user says; see ``given_roles`` and ``combine_roles``.

    Returns:
        Column by role, without the roles that no column plays.

    Raises:
        UnreadableFile: If a given column is not there, a price has two columns, or there are more
            or longer names than a price file may have.
    """
    fixed = given_roles(names, given or {})
    by_plain_name: dict[str, list[str]] = {}
    for name in names:
        by_plain_name.setdefault(plain_name(name), []).append(name)
    roles: dict[str, str] = {}
    for role, aliases in ALIASES.items():
        columns = next((by_plain_name[alias] for alias in aliases if alias in by_plain_name), None)
        if columns is None or role in fixed:
            continue
        if role in ("time", *PRICES) and len(columns) > 1 and len(set(columns)) == 1:
            raise UnreadableFile(
                f"Each column must be there once. Received: {len(columns)} columns "
                f"{columns[0]!r}, so perhaps several coins side by side. Save one coin a file."
            )
        roles[role] = columns[0]
    if not set(PRICES) <= roles.keys() | fixed.keys() and "price" not in roles:
        roles |= roles_by_ticker(names)
    _settle_volume(names, roles)
    _settle_dialects({plain_name(name): name for name in names}, roles)
    return combine_roles(roles, fixed)


def has_columns(names: Sequence[str], given: Mapping[str, str]) -> bool:
    """Tell whether all columns that the user gives roles to are there; see ``given_roles``."""
    try:
        given_roles(names, given)
    except UnreadableFile:
        return False
    return True


def given_roles(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Find the columns that the user gives roles to.

    Args:
        names: Column names as the file has them.
        given: Name by role; ``"column 3"`` is the third column if no column has that name.

    Returns:
        Column by role, as ``unique_names`` calls it.

    Raises:
        UnreadableFile: If there is no such column; the message lists the columns. Also if there
            are more or longer names than a price file may have.
    """
    known = unique_names(names)
    roles = {}
    for role, name in given.items():
        place = re.fullmatch(r"column (\d{1,4})", name)
        if name in known:
            roles[role] = name
        elif place and 0 < int(place[1]) <= len(known):
            roles[role] = known[int(place[1]) - 1]
        else:
            raise UnreadableFile(
                f"The {role} must be a column of the file: {', '.join(known)[:400]}. "
                f"Received: {name[:60]!r}. Choose among them; column 3 stands for the third."
            )
    return roles


def combine_roles(recognised: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Combine the roles that were recognised with those that the user gives, which win.

    A column with a given role has no other role, except that ``source`` still says whether prices
    are simulated. Candles win over single prices, unless the user gives the role of the price.

    Args:
        recognised: Column by role, by name or shape.
        given: Column by role, as ``given_roles`` returns them.
    """
    roles = {
        role: name
        for role, name in recognised.items()
        if role == "source" or name not in given.values()
    }
    roles |= given
    candles = set(PRICES) & given.keys() or (set(PRICES) <= roles.keys() and "price" not in given)
    for role in ("price",) if candles else PRICES if "price" in roles else ():
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
    used: set[str] = set()
    for i, cell in enumerate(check_names(cells)):
        name = cell or f"column {i + 1}"
        names.append(name if name not in used else f"{name} (column {i + 1})")
        used.add(names[-1])
    return tuple(names)


def check_names(names: Sequence[str]) -> Sequence[str]:
    """Return the names if there are not too many and none is too long.

    Raises:
        UnreadableFile: Otherwise, before any time is spent on what the names mean.
    """
    longest = max(map(len, names), default=0)
    if len(names) > MAX_COLUMNS:
        received = f"{len(names):,} columns"
    elif longest > MAX_NAME:
        received = f"a name of {longest:,} characters"
    else:
        return names
    raise UnreadableFile(
        f"A price file may have {MAX_COLUMNS:,} columns, with names of {MAX_NAME} characters. "
        f"Received: {received}. Save it with the columns {EXAMPLE_HEADER} only."
    )


def _settle_volume(names: Sequence[str], roles: dict[str, str]) -> None:
    """Tell ``Volume BTC`` (coins) from ``Volume USDT`` (turnover); changes ``roles``."""
    by_unit: dict[str, str] = {}
    for name in names:
        text = re.sub(r"[^a-z0-9]", "", str(name).lower())
        if text.startswith("volume") and len(text) > 6:
            by_unit.setdefault("turnover" if text[6:] in QUOTE_NAMES else "volume", name)
    bare = plain_name(roles.get("volume", "")) == "volume" and "(" not in roles["volume"]
    if "volume" in by_unit and not bare:
        roles["volume"] = by_unit["volume"]
    if "turnover" in by_unit and "turnover" not in roles:
        roles["turnover"] = by_unit["turnover"]
    if roles.get("volume") == roles.get("turnover"):
        roles.pop("volume", None)


def _settle_dialects(columns: Mapping[str, str], roles: dict[str, str]) -> None:
    """Change ``roles`` where an exchange uses names in its own way; ``columns`` by plain name."""
    # Poloniex: the volume is in dollars, the quote volume in coins.
    if {"weightedaverage", "quotevolume", "volume"} <= columns.keys():
        roles["volume"], roles["turnover"] = columns["quotevolume"], columns["volume"]
    # HTX: seconds are called id, and the volume is in dollars.
    if {"id", "amount", "vol", "count"} <= columns.keys() and "time" not in roles:
        roles.update(time=columns["id"], volume=columns["amount"], turnover=columns["vol"])


def volume_unit(roles: Mapping[str, str], yahoo: bool) -> str:
    """Return the volume's unit, as far as the columns show it: coins, usd or unknown.

    Args:
        roles: Column by role.
        yahoo: Whether a column is there that only Yahoo writes; its volume is in dollars.
    """
    if "volume" not in roles:
        return "quote" if "turnover" in roles else "unknown"
    if yahoo:
        return "quote"
    text = re.sub(r"[^a-z0-9]", "", roles["volume"].lower())
    named = text.startswith("volume") and len(text) > 6 and text[6:] not in QUOTE_NAMES
    return "coins" if named or "turnover" in roles else "unknown"


def are_enough(roles: Mapping[str, str]) -> bool:
    """Tell whether the roles make candles or trades: a time, and four prices or one."""
    return "time" in roles and (set(PRICES) <= roles.keys() or "price" in roles)


def missing_columns(names: Sequence[str], given: Mapping[str, str] | None = None) -> UnreadableFile:
    """Return the error for a table without the columns of candles or trades.

    Args:
        names: Column names as the file has them.
        given: Column by role, as the user says.

    Raises:
        UnreadableFile: As ``roles_by_name`` does.
    """
    roles = roles_by_name(names, given)
    absent = [role for role in ("time", *PRICES) if role not in roles]
    return UnreadableFile(
        f"A price file needs a line that names its columns ({EXAMPLE_HEADER}), or an "
        f"exchange's known columns of numbers. No column for {', '.join(absent)} was found. "
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
    known = {plain_name(name) for name in names}
    named = known >= BITMEX_NAMES or known == TRADESTATION_NAMES
    return named and not time.startswith(("open", "start"))


def is_foreign(names: Sequence[str]) -> bool:
    """Tell whether at least two names are of a language with decimal commas."""
    return len({plain_name(name) for name in names} & COMMA_NAMES) >= 2
