"""Several columns of times: those that say their zone win over those of some local clock.

Epochs and times with an offset can be read in one way. Local times beside them are the same times
as a clock on a wall showed them; read as UTC they would move every candle by hours.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.choice import rivals
from cryptoforecast.prices.files.columns.dialects import plain_name
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.times import Times, read_times

# Clocks differ from UTC by quarters of an hour, by so many hours at most, ns.
_QUARTER, _MAX_OFFSET = 900 * 10**9, 15 * 3600 * 10**9
# By how much the offset of one zone changes, ns.
_MAX_CHANGE = 2 * 3600 * 10**9


def settle_times(table: Table, corrections: Corrections) -> Table:
    """Choose the column of times where several may be meant, and note why.

    Args:
        table: The raw columns and their roles.
        corrections: How dates are read.

    Returns:
        The table with the column that says its zone, if one shows the same times as the first.
        Columns of times of other names, which show other times, have no role any more.
    """
    others = rivals(table.roles, "time")
    if not others:
        return table
    corrections = dataclasses.replace(corrections, zone=None)
    own = _read(table, table.roles["time"], corrections)
    roles = dict(table.roles)
    for role in others if own is None or own.local else ():
        name = table.roles[role]
        times = _read(table, name, corrections)
        if times is None or times.local or not _are_same(own, times):
            continue
        roles = {each: column for each, column in roles.items() if each not in (*others, "clock")}
        table.decisions["times"] = (
            f"column {name[:40]!r}, which is in UTC or says its zone; "
            f"{table.roles['time'][:40]!r} is of some local clock"
        )
        return dataclasses.replace(table, roles=roles | {"time": name})
    for role in others:
        if plain_name(table.roles[role]) != plain_name(table.roles["time"]):
            del roles[role]
    return dataclasses.replace(table, roles=roles)


def _read(table: Table, name: str, corrections: Corrections) -> Times | None:
    """Read one column of times; ``None`` if it can't be read."""
    roles = {role: column for role, column in table.roles.items() if role != "clock"}
    if name == table.roles["time"]:
        roles = dict(table.roles)
    try:
        needed = np.zeros(len(table.frame), dtype=bool)
        return read_times(
            dataclasses.replace(table, roles=roles | {"time": name}), needed, corrections
        )
    except UnreadableFile:
        return None


def _are_same(own: Times | None, other: Times) -> bool:
    """Return whether two columns show the same times, one of them by a local clock.

    Args:
        own: The local times, read as UTC; ``None`` if they can't be read without their zone.
        other: Times in UTC.
    """
    if own is None:
        return bool(other.index.notna().any())
    both = np.asarray(own.index.notna() & other.index.notna())
    if not both.any() or (both.sum() < own.index.notna().sum()):
        return False
    offsets = own.index.asi8[both] - other.index.asi8[both]
    within = np.abs(offsets).max() <= _MAX_OFFSET and np.ptp(offsets) <= _MAX_CHANGE
    return bool(within) and not (offsets % _QUARTER).any()
