"""Checks that the ledger is as it was written, and counts anew what is stored beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from cryptoforecast.errors import InvalidInput
from cryptoforecast.ledger import chain, rows, series_store, sums, tables
from cryptoforecast.ledger.store import head, last_until
from cryptoforecast.ledger.sums import SeriesSums
from cryptoforecast.types.ledger import LedgerHead, SeriesName, Verification

#: Problems that are described; all are counted.
MAX_PROBLEMS = 20
#: Entries that are read at once.
_PAGE = 2000
_KINDS = {
    chain.FORECAST: tables.forecasts, chain.OUTCOME: tables.outcomes, chain.CLOCK: tables.clocks,
}  # fmt: skip
#: When an entry of each kind was written.
_TIME = {chain.FORECAST: "made_at", chain.OUTCOME: "graded_at", chain.CLOCK: "set_at"}


@dataclass
class _Walk:
    """What is met on the way from the first entry to the last."""

    problems: list[str] = field(default_factory=list)
    count: int = 0
    entries: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0))
    hashes: dict[int, str] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    counted: dict[SeriesName, SeriesSums] = field(default_factory=dict)

    def report(self, problem: str) -> None:
        self.count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


def verify(connection: sa.Connection, published: LedgerHead | None = None) -> Verification:
    """Read every entry, compute its hash anew, and count again.

    Args:
        connection: To one state of the ledger.
        published: A head that was published before. A chain that was computed anew, or cut off,
            does not lead to it.

    Raises:
        InvalidInput: If a published position is below 1.
    """
    if published is not None and published.position < 1:
        raise InvalidInput(f"`at` must be 1 or more. Received: {published.position}.")
    walk = _walk(connection, published)
    if published is not None:
        _compare_head(walk, published)
    if walk.count == 0:
        _compare_sums(connection, walk)
    return Verification(
        head=head(connection),
        forecasts=walk.entries[chain.FORECAST],
        outcomes=walk.entries[chain.OUTCOME],
        clock_corrections=walk.entries[chain.CLOCK],
        problems=tuple(walk.problems),
        count=walk.count,
    )


def rebuild(connection: sa.Connection) -> None:
    """Count everything anew from the entries.

    Raises:
        InvalidInput: If the ledger was rewritten.
    """
    walk = _walk(connection, None)
    if walk.count:
        raise InvalidInput(
            f"Only an intact ledger can be counted anew. Received: one with {walk.count:,} "
            f"problems, such as: {walk.problems[0]} Restore it from a copy."
        )
    for table in (tables.waiting, tables.tallies, tables.series):
        connection.execute(sa.delete(table))
    numbers: dict[SeriesName, int] = {}
    for name, counted in walk.counted.items():
        numbers[name] = series_store.insert(connection, name, counted)
        series_store.write(connection, numbers[name], counted)
    for page in _pages(sorted(walk.waiting)):
        forecasts = connection.execute(
            sa.select(tables.forecasts).where(tables.forecasts.c.position.in_(page))
        ).mappings()
        waiting = [
            {"forecast": row["position"], "series": numbers[rows.series_of(row)],
             "due_at": row["due_at"]}
            for row in forecasts
        ]  # fmt: skip
        connection.execute(sa.insert(tables.waiting), waiting)


def _walk(connection: sa.Connection, published: LedgerHead | None) -> _Walk:
    walk = _Walk()
    everywhere = (tables.chain, *_KINDS.values())
    ends = [
        connection.execute(sa.select(sa.func.min(table.c.position), sa.func.max(table.c.position)))
        .one()
        for table in everywhere
    ]  # fmt: skip
    if any(low is not None and low < 1 for low, _ in ends):
        walk.report("There is an entry before the first one.")
    last = max((high for _, high in ends if high is not None), default=0)
    previous, time = chain.BEGINNING, ""
    for first in range(1, last + 1, _PAGE):
        links, written = _page(connection, first)
        sums_of = _Counting(connection, walk, first)
        for position in range(first, min(first + _PAGE, last + 1)):
            link = links.get(position)
            if (
                link is not None
                and link["kind"] == chain.CLOCK
                and position in written[chain.CLOCK]
            ):
                time = _set_back(connection, walk, written[chain.CLOCK][position], time)
            previous, time = _check(walk, position, link, written, previous, time)
            if published is not None and position == published.position:
                walk.hashes[position] = previous
            if walk.count == 0 and link is not None:
                _count(sums_of, walk, link["kind"], written[link["kind"]][position])
    return walk


def _page(
    connection: sa.Connection, first: int
) -> tuple[dict[int, rows.Row], dict[str, dict[int, rows.Row]]]:
    """Read the links and the rows of some positions, by position."""

    def read(table: sa.Table) -> dict[int, rows.Row]:
        position = table.c.position
        statement = sa.select(table).where(position >= first, position < first + _PAGE)
        return {row["position"]: dict(row) for row in connection.execute(statement).mappings()}

    return read(tables.chain), {kind: read(table) for kind, table in _KINDS.items()}


def _check(
    walk: _Walk,
    position: int,
    link: rows.Row | None,
    written: dict[str, dict[int, rows.Row]],
    previous: str,
    time: str,
) -> tuple[str, str]:
    """Check one position, and return the hash and the time that the next one follows."""
    there = [kind for kind in _KINDS if position in written[kind]]
    if link is None:
        walk.report(
            f"Entry {position:,} is missing." if not there
            else f"Entry {position:,} is not part of the chain."
        )  # fmt: skip
        return previous, time
    if there != [link["kind"]]:
        walk.report(f"Entry {position:,} is missing, or there are two of it.")
        return link["hash"], time
    row = written[link["kind"]][position]
    walk.entries[link["kind"]] += 1
    if link["previous"] != previous:
        walk.report(f"Entry {position:,} does not follow the one before it.")
    digest = chain.entry_hash(link["previous"], link["kind"], dict(row))
    if digest != link["hash"]:
        walk.report(f"Entry {position:,}, a {link['kind']}, is not as it was written.")
        return link["hash"], time
    now = str(row[_TIME[link["kind"]]])
    if now < time:
        walk.report(f"Entry {position:,} is older than the one before it.")
    return digest, max(now, time)


def _set_back(connection: sa.Connection, walk: _Walk, row: rows.Row, time: str) -> str:
    """Return the time that the entries after one that sets the clock back must not precede."""
    position, set_at = row["position"], str(row["set_at"])
    if set_at >= time or last_until(connection, set_at, position) != row["after"]:
        walk.report(f"Entry {position:,} sets the clock back without a cause.")
        return time
    # Even a clock that was ahead knew no candle of the future, so real candles bound how far back
    # it may be set.
    forecasts = tables.forecasts.c
    newest = connection.execute(
        sa.select(sa.func.max(forecasts.origin)).where(
            forecasts.position > row["after"],
            forecasts.position < position,
            forecasts.simulated == 0,
        )
    ).scalar()
    if newest is not None and newest > set_at:
        walk.report(f"Entry {position:,} sets the clock back to before candles that were known.")
    return set_at


def _count(counting: _Counting, walk: _Walk, kind: str, row: rows.Row) -> None:
    """Count an entry whose hash is right; its content may still not be ours."""
    try:
        counting.add(kind, row)
    except Exception as error:  # whatever foreign content leads to is a problem of the ledger
        walk.report(f"Entry {row['position']:,} can't be read: {error!r:.100}")


def _compare_head(walk: _Walk, published: LedgerHead) -> None:
    there = walk.hashes.get(published.position)
    if there is None:
        walk.report(
            f"The published head is that of {published.position:,} entries. There are only "
            f"{sum(walk.entries.values()):,}."
        )
    elif there != published.hash:
        walk.report(
            f"The entries up to {published.position:,} do not lead to the published head: "
            f"they lead to {there}."
        )


class _Counting:
    """Counts entries anew; reads the forecasts of a page's outcomes at once."""

    def __init__(self, connection: sa.Connection, walk: _Walk, first: int) -> None:
        self._walk = walk
        position = tables.outcomes.c.position
        joined = tables.forecasts.join(
            tables.outcomes, tables.outcomes.c.forecast == tables.forecasts.c.position
        )
        statement = sa.select(tables.forecasts).select_from(joined)
        forecasts = connection.execute(
            statement.where(position >= first, position < first + _PAGE)
        ).mappings()
        self._forecasts = {row["position"]: row for row in forecasts}

    def add(self, kind: str, row: rows.Row) -> None:
        if kind == chain.FORECAST:
            forecast = rows.forecast_of(row)
            if forecast.made_at >= forecast.closes_at(1):
                self._walk.report(
                    f"Entry {row['position']:,} was recorded after its first candle had closed."
                )
            name = forecast.series
            self._walk.counted.setdefault(name, SeriesSums(name.horizon)).recorded += 1
            self._walk.waiting.add(row["position"])
            return
        if kind == chain.CLOCK:
            return
        if row["forecast"] not in self._walk.waiting:
            self._walk.report(f"Entry {row['position']:,} is an outcome without a forecast.")
            return
        forecast = rows.forecast_of(self._forecasts[row["forecast"]])
        self._walk.counted[forecast.series].add(forecast, rows.outcome_of(row))
        self._walk.waiting.discard(row["forecast"])


def _compare_sums(connection: sa.Connection, walk: _Walk) -> None:
    """Compare what is stored beside the entries with what was counted anew."""
    stored: dict[SeriesName, SeriesSums] = {}
    numbers: dict[int, SeriesName] = {}
    for row in connection.execute(sa.select(tables.series)).mappings():
        name = rows.series_of(row)
        stored[name], numbers[row["id"]] = series_store.read(row), name
    for row in connection.execute(sa.select(tables.tallies)).mappings():
        if row["series"] in numbers:
            stored[numbers[row["series"]]].weeks[row["week"]] = sums.values(row["figures"])
    waiting = set(connection.execute(sa.select(tables.waiting.c.forecast)).scalars())
    same = stored.keys() == walk.counted.keys() and waiting == walk.waiting
    if not same or not all(each.equals(stored[name]) for name, each in walk.counted.items()):
        walk.report(
            "What is counted beside the entries does not follow from them. `ledger rebuild` "
            "counts anew."
        )


def _pages(positions: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(positions), 500):
        yield positions[first : first + 500]
