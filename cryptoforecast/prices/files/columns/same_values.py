"""Several columns for one role: any of them may be read if all have the same values."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.choice import SPARE, rivals
from cryptoforecast.prices.files.table import Table
from cryptoforecast.prices.files.values.numbers import read_numbers
from cryptoforecast.types import Array

# Numbers that differ by less than this share are one number, written with more or fewer digits.
_EQUAL = 1e-9


def settle_rivals(
    table: Table, roles: Sequence[str], mark: str, decisions: dict[str, str]
) -> tuple[Table, dict[str, Array]]:
    """Read columns of numbers, and choose one where several may be meant.

    Args:
        table: The raw columns and their roles.
        roles: Roles to read.
        mark: The decimal mark.
        decisions: Gains which volume was taken, where the first is zero everywhere.

    Returns:
        The table with one column a role, and `(n,)` numbers by role, NaN where absent.

    Raises:
        UnreadableFile: If columns that may play one role differ.
    """
    if SPARE in table.roles or any(rivals(table.roles, role) for role in ("time", *roles)):
        return _settled(table, roles, mark, decisions)
    return table, {role: read_numbers(table, role, mark) for role in roles}


def _settled(
    table: Table, roles: Sequence[str], mark: str, decisions: dict[str, str]
) -> tuple[Table, dict[str, Array]]:
    """Read the columns of each role; the arguments are as in ``settle_rivals``."""
    own_roles = dict(table.roles)
    _settle_times(table)
    columns = {}
    for role in roles:
        own_roles[role], columns[role] = _one_of(table, role, mark)
    if "volume" in columns and SPARE in own_roles and not np.nansum(np.abs(columns["volume"])):
        ticks = read_numbers(table, SPARE, mark)
        if np.nansum(ticks) > 0:
            decisions["volume"] = (
                f"{own_roles[SPARE]}, because {own_roles['volume']} is 0 everywhere"
            )
            own_roles["volume"], columns["volume"] = own_roles[SPARE], ticks
    names = [rival for role in ("time", *roles) for rival in rivals(own_roles, role)]
    for name in (*names, SPARE):
        own_roles.pop(name, None)
    return dataclasses.replace(table, roles=own_roles), columns


def _one_of(table: Table, role: str, mark: str) -> tuple[str, Array]:
    """Return the column of a role and its numbers, if no other column has other numbers."""
    readable: list[tuple[str, Array]] = []
    failure: UnreadableFile | None = None
    for each in (role, *rivals(table.roles, role)):
        try:
            renamed = dataclasses.replace(table, roles={**table.roles, role: table.roles[each]})
            readable.append((table.roles[each], read_numbers(renamed, role, mark)))
        except UnreadableFile as error:
            # A column of words is no price, whatever it is called.
            failure = failure or error
    if not readable:
        raise failure or UnreadableFile(f"No column has the {role}.")
    name, numbers = readable[0]
    for other, values in readable[1:]:
        different = np.abs(values - numbers) > _EQUAL * np.abs(numbers)
        if different.any():
            raise _conflict(table, role, (name, other), int(np.argmax(different)))
        numbers = np.where(np.isnan(numbers), values, numbers)
    return name, numbers


def _settle_times(table: Table) -> None:
    """Refuse columns of times that differ."""
    own = table.column("time").astype("str").str.strip()
    for rival in rivals(table.roles, "time"):
        other = table.column(rival).astype("str").str.strip()
        different = (own != other).to_numpy(dtype=bool, na_value=False)
        if different.any():
            names = (table.roles["time"], table.roles[rival])
            raise _conflict(table, "time", names, int(np.argmax(different)))


def _conflict(table: Table, role: str, names: tuple[str, str], row: int) -> UnreadableFile:
    """Return the error for two columns that both may play a role and differ."""
    one, other = names
    return UnreadableFile(
        f"Each column must be there once. Received: {one[:60]!r} and {other[:60]!r}, which differ "
        f"({table.where(row)}). Say which is the {role} (Columns on the Data page; --columns "
        f"{role}=NAME on the command line, columns= in Python)."
    )
