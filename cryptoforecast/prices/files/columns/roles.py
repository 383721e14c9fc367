"""Which column is what, by its name in many dialects or as a person says.

Imports ``errors`` and its neighbours. Knows no values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.dialects import (
    ALIASES,
    CLOSING_NAMES,
    COMMA_NAMES,
    QUOTE_NAMES,
    YAHOO_NAMES,
    plain_name,
)
from cryptoforecast.prices.files.columns.tickers import roles_by_ticker
from cryptoforecast.prices.files.table import PRICES

#: Columns a file may have, and characters their names may have; indicators make dozens.
MAX_COLUMNS = 1_000
MAX_NAME = 200
#: A header that is understood.
EXAMPLE_HEADER = "time,open,high,low,close,volume"
#: What a person can do where columns aren't recognised.
REMEDY = (
    "Name the columns, or say which is which (Columns on the Data page; on the command line "
    "--columns time=NAME,open=NAME,high=NAME,low=NAME,close=NAME)."
)


def roles_by_name(names: Sequence[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Find which column plays which role by its name; roles without a column are absent.

    Args:
        names: as the file has them.
        given: column by role, as the person says; these win (see ``placed``).

    Raises:
        UnreadableFile: if a column given is not there, a price has two columns, or there are more
            or longer names than a price file has.
    """
    told = given_roles(names, given or {})
    by_plain: dict[str, list[str]] = {}
    for name in names:
        by_plain.setdefault(plain_name(name), []).append(name)
    found: dict[str, str] = {}
    for role, aliases in ALIASES.items():
        match = next((by_plain[alias] for alias in aliases if alias in by_plain), None)
        if match is None or role in told:
            continue
        if role in ("time", *PRICES) and len(match) > 1 and len(set(match)) == 1:
            raise UnreadableFile(
                f"Each column must be there once. Received: {len(match)} columns {match[0]!r}, so "
                "perhaps several coins side by side. Save one coin a file."
            )
        found[role] = match[0]
    if not set(PRICES) <= found.keys() | told.keys() and "price" not in found:
        found |= roles_by_ticker(names)
    _volumes(names, found)
    _dialects({plain_name(name): name for name in names}, found)
    return combine_roles(found, told)


def has_columns(names: Sequence[str], given: Mapping[str, str]) -> bool:
    """Whether these are columns that a person gives roles to; see ``placed``."""
    try:
        given_roles(names, given)
    except UnreadableFile:
        return False
    return True


def given_roles(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Find the columns that a person gives roles to.

    Args:
        names: as the file has them.
        given: name by role; ``"column 3"`` is the third column where no name says so.

    Raises:
        UnreadableFile: if there is no such column; tells those there are. See ``bounded`` too.
    """
    known = unique_names(names)
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


def combine_roles(found: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
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


def unique_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Name every column once; ``"column 3"`` where the third has no name. See ``bounded``."""
    names: list[str] = []
    seen: set[str] = set()
    for i, cell in enumerate(check_names(cells)):
        name = cell or f"column {i + 1}"
        names.append(name if name not in seen else f"{name} (column {i + 1})")
        seen.add(names[-1])
    return tuple(names)


def check_names(names: Sequence[str]) -> Sequence[str]:
    """Return the names if they are of a number and length that price files have.

    Raises:
        UnreadableFile: if they are not, so that no time is spent on what they mean.
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


def _volumes(names: Sequence[str], found: dict[str, str]) -> None:
    """Tell volume in coins from turnover: ``Volume BTC``, ``Volume_(BTC)``, ``Volume USDT``."""
    sided: dict[str, str] = {}
    for name in names:
        text = re.sub(r"[^a-z0-9]", "", str(name).lower())
        if text.startswith("volume") and len(text) > 6:
            sided.setdefault("turnover" if text[6:] in QUOTE_NAMES else "volume", name)
    bare = plain_name(found.get("volume", "")) == "volume" and "(" not in found["volume"]
    if "volume" in sided and not bare:
        found["volume"] = sided["volume"]
    if "turnover" in sided and "turnover" not in found:
        found["turnover"] = sided["turnover"]
    if found.get("volume") == found.get("turnover"):
        found.pop("volume", None)


def _dialects(named: Mapping[str, str], found: dict[str, str]) -> None:
    """Settle what the same names mean in an exchange's own dialect; ``named`` by plain name."""
    # Poloniex: the volume is in dollars, the quote volume in coins.
    if {"weightedaverage", "quotevolume", "volume"} <= named.keys():
        found["volume"], found["turnover"] = named["quotevolume"], named["volume"]
    # HTX: seconds are called id, and the volume is in dollars.
    if {"id", "amount", "vol", "count"} <= named.keys() and "time" not in found:
        found.update(time=named["id"], volume=named["amount"], turnover=named["vol"])


def volume_unit(roles: Mapping[str, str], yahoo: bool) -> str:
    """Tell the volume's unit where the layout tells it: coins, usd or unknown."""
    if "volume" not in roles:
        return "usd" if "turnover" in roles else "unknown"
    if yahoo:
        return "usd"
    text = re.sub(r"[^a-z0-9]", "", roles["volume"].lower())
    named = text.startswith("volume") and len(text) > 6 and text[6:] not in QUOTE_NAMES
    return "coins" if named or "turnover" in roles else "unknown"


def are_enough(roles: Mapping[str, str]) -> bool:
    """Whether the roles make candles or ticks."""
    return "time" in roles and (set(PRICES) <= roles.keys() or "price" in roles)


def missing_columns(names: Sequence[str], given: Mapping[str, str] | None = None) -> UnreadableFile:
    """Make the error for a table without the columns needed; ``given`` as in ``by_name``."""
    found = roles_by_name(names, given)
    absent = [role for role in ("time", *PRICES) if role not in found]
    seen = ", ".join(names)[:200]
    return UnreadableFile(
        f"A price file needs a line that names its columns ({EXAMPLE_HEADER}), or an "
        f"exchange's known columns of numbers. No column for {', '.join(absent)} was found. "
        f"Received: {seen}. {REMEDY}"
    )


def is_yahoo(names: Sequence[str]) -> bool:
    """Whether a column is there that only Yahoo writes."""
    return any(plain_name(name) in YAHOO_NAMES for name in names)


def is_closing(roles: Mapping[str, str]) -> bool:
    """Whether the time column's name says that it is the candle's end."""
    return plain_name(roles.get("time", "")) in CLOSING_NAMES


def is_foreign(names: Sequence[str]) -> bool:
    """Whether the names are of a language with decimal commas."""
    return len({plain_name(name) for name in names} & COMMA_NAMES) >= 2
