"""What is written comes back, once, in order, and before its outcome."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from cryptoforecast.alarms import tables as alarm_tables
from cryptoforecast.errors import InvalidInput, LedgerUnavailable
from cryptoforecast.ledger import chain, reading, rows, tables, verification
from cryptoforecast.ledger.database import EARLIER, REVISION, Database
from cryptoforecast.types.ledger import GRADED, OPEN, LedgerFuture, LedgerHead
from tests.ledger import making


def test_a_forecast_and_its_outcome_come_back(url):
    ledger, database, clock = making.opened(url)
    forecast = making.forecast()
    assert ledger.record([forecast]) == [1]
    with database.reading() as connection:
        (entry,) = reading.entries(connection, None, 10)
        assert reading.due(connection, clock.now, 10) == []
    assert (entry.position, entry.state) == (1, OPEN)
    assert entry.forecast.series == forecast.series
    assert entry.forecast.made_at == clock.now
    assert entry.forecast.last_close == forecast.last_close
    np.testing.assert_allclose(entry.forecast.quantiles, forecast.quantiles, rtol=5e-8)
    assert ledger.head() == LedgerHead(1, entry.hash)

    clock.now = forecast.due_at
    with database.reading() as connection:
        (due,) = reading.due(connection, clock.now, 10)
    assert ledger.grade([making.outcome(1, due.forecast)]) == [2]
    with database.reading() as connection:
        (entry,) = reading.entries(connection, making.SERIES, 10)
        assert reading.due(connection, clock.now, 10) == []
        (series,) = reading.series(connection)
    assert entry.state == GRADED
    assert entry.outcome.graded_at == clock.now
    np.testing.assert_array_equal(
        entry.outcome.actual, making.HISTORY.candles["close"].iloc[101:104]
    )
    assert (series.recorded, series.open, series.settled, series.void) == (1, 0, 1, 0)


def test_the_same_forecast_and_the_same_outcome_are_written_once(url):
    ledger, _, clock = making.opened(url)
    forecast = making.forecast()
    assert ledger.record([forecast, making.forecast(shift=0.5)]) == [1, None]
    assert ledger.record([forecast]) == [None]
    for change in ({"model": "other"}, {"predictor": "har"}, {"coin": "ETH"}, {"simulated": True}):
        other = dataclasses.replace(making.SERIES, **change)
        assert ledger.record([making.forecast(series=other)]) != [None]
    clock.now = forecast.due_at
    outcome = making.outcome(1, forecast)
    assert ledger.grade([outcome, outcome]) == [6, None]
    assert ledger.grade([outcome]) == [None]


def test_a_forecast_is_recorded_before_its_outcome_or_refused(url):
    ledger, _, clock = making.opened(url)
    forecast = making.forecast()
    clock.now = forecast.closes_at(1) - pd.Timedelta(seconds=1)
    assert ledger.record([forecast]) == [1]
    later = making.forecast(101)
    clock.now = later.closes_at(1)
    with pytest.raises(
        InvalidInput, match=r"before its first candle closes\. Received: one of BTC"
    ):
        ledger.record([making.forecast(102), later])
    assert ledger.head().position == 1  # nothing of a refused call is written


def test_a_clock_that_went_back_is_refused(url):
    ledger, database, clock = making.opened(url)
    ledger.record([making.forecast()])
    clock.now -= pd.Timedelta(seconds=3)  # as between two machines
    ledger.record([making.forecast(series=dataclasses.replace(making.SERIES, coin="ETH"))])
    clock.now -= pd.Timedelta(minutes=10)
    with pytest.raises(InvalidInput, match="in the order of time"):
        ledger.record([making.forecast(series=dataclasses.replace(making.SERIES, coin="LTC"))])
    with database.reading() as connection:
        assert verification.verify(connection).intact


def test_a_clock_behind_the_candles_is_refused(url):
    ledger, _, clock = making.opened(url)
    clock.now = making.forecast().known_at - pd.Timedelta(minutes=1)
    with pytest.raises(InvalidInput, match="after its last known candle has closed"):
        ledger.record([making.forecast()])


def test_a_forecast_without_a_range_is_refused(url):
    ledger, _, _ = making.opened(url)
    hole = making.forecast().cone.copy()
    hole[1, 3] = np.nan
    with pytest.raises(InvalidInput, match="has a range at every step"):
        ledger.record([making.forecast(cone=hole)])


def test_an_outcome_needs_its_forecast(url):
    ledger, _, _ = making.opened(url)
    with pytest.raises(InvalidInput, match="position 7"):
        ledger.grade([making.outcome(7, making.forecast())])


def test_entries_come_the_newest_first(url):
    ledger, database, clock = making.opened(url)
    making.fill(ledger, clock, 12)
    with database.reading() as connection:
        names = [each.name for each in reading.series(connection)]
        of_one = reading.entries(connection, making.SERIES, 50)
        both = reading.entries(connection, None, 50)
        newest = reading.newest(connection, names, 7)
        newest_of_one = reading.newest(connection, [making.SERIES], 7)
    origins = [entry.forecast.origin for entry in of_one]
    assert origins == sorted(origins, reverse=True)
    assert len(set(origins)) == 12
    assert len(both) == 24
    positions = [entry.position for entry in both]
    assert positions == sorted(positions, reverse=True)
    assert [entry.position for entry in newest] == positions[:7]
    assert [entry.position for entry in newest_of_one] == [e.position for e in of_one[:7]]


@pytest.mark.parametrize("step", [1, 3])
def test_forecasts_apart_do_not_overlap(url, step):
    ledger, database, clock = making.opened(url)
    making.fill(ledger, clock, 20)
    with database.reading() as connection:
        entries = reading.entries(connection, making.SERIES, 50)
        apart = reading.apart(connection, making.SERIES, step, 5)
        none = dataclasses.replace(making.SERIES, coin="ETH")
        assert reading.apart(connection, none, step, 5) == []
    assert [each.position for each in apart] == [each.position for each in entries[::step][:5]]
    for newer, older in itertools.pairwise(apart):
        assert older.forecast.closes_at(step) == newer.forecast.known_at


def test_series_are_chosen_before_they_are_limited(url, monkeypatch):
    """The rarest series is found by its name among more than an answer has."""
    ledger, database, _ = making.opened(url)
    monkeypatch.setattr(reading, "MAX_SERIES", 2)
    for coin, quote, count in (("ETH", "USD", 3), ("SOL", "USD", 2), ("BTC", "EUR", 1)):
        series = dataclasses.replace(making.SERIES, coin=coin, quote=quote)
        ledger.record([
            making.forecast(series=dataclasses.replace(series, predictor=f"p{number}"))
            if number else making.forecast(series=series) for number in range(count)
        ])  # fmt: skip
    with database.reading() as connection:
        assert len(reading.series(connection)) == 2
        for coin, count in (("BTC", 1), ("btc-eur", 1), ("BTC-USD", 0), ("ETH-USD", 2)):
            series = reading.series(connection, coin=coin)
            assert len(series) == count
            assert {each.name.coin for each in series} <= {coin[:3].upper()}
        assert len(reading.series(connection, predictor="p1", coin="SOL", interval="1h")) == 1
        assert reading.series(connection, model="none") == []


def test_what_is_due_comes_in_pages(url):
    ledger, database, clock = making.opened(url)
    for row in range(100, 105):
        clock.now = making.HISTORY.candles.index[row] + 2 * making.HOUR - pd.Timedelta(minutes=1)
        ledger.record([making.forecast(row, series=dataclasses.replace(making.SERIES, coin=coin))
                       for coin in ("BTC", "ETH")])  # fmt: skip
    clock.now += 9 * making.HOUR
    pages, last = [], None
    with database.reading() as connection:
        while page := reading.due(connection, clock.now, 3, after=last):
            pages.append([entry.position for entry in page])
            last = page[-1]
    assert pages == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]]


def test_what_is_counted_can_be_made_anew(url):
    ledger, database, clock = making.opened(url)
    making.fill(ledger, clock, 30)
    tables_of_sums = (tables.series, tables.tallies, tables.waiting)

    def counted(connection):
        rows = [connection.execute(sa.select(each)).mappings().all() for each in tables_of_sums]
        return [sorted(str({**row, "id": 0, "series": 0}) for row in each) for each in rows]

    with database.reading() as connection:
        before = counted(connection)
    with database.writing() as connection:
        for each in tables_of_sums:
            connection.execute(sa.delete(each))
    with database.reading() as connection:
        damaged = verification.verify(connection)
    assert not damaged.intact
    assert "ledger rebuild" in damaged.problems[0]
    with database.writing() as connection:
        verification.rebuild(connection)
    with database.reading() as connection:
        assert verification.verify(connection).intact
        assert counted(connection) == before


def test_the_migrations_make_the_tables_that_the_code_uses(url):
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from cryptoforecast.ledger import database as module

    database = making.database(url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection)
        everything = [tables.metadata, alarm_tables.metadata]
        assert compare_metadata(context, everything) == []
    config = Config()
    config.set_main_option("script_location", str(module._MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == REVISION
    earlier = {None} | {script.revision for script in scripts.walk_revisions()} - {REVISION}
    assert earlier == set(EARLIER)


def test_a_ledger_of_a_newer_version_is_left_alone(url):
    database = making.database(url)
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '999'"))
    with (
        pytest.raises(LedgerUnavailable, match=rf"version {REVISION} or older\. Received: 999"),
        making.database(url).reading(),
    ):
        pass


def test_a_writer_that_never_ends_is_not_waited_for_without_bound(url, monkeypatch):
    monkeypatch.setattr("cryptoforecast.ledger.database.MAX_WAIT", 1)
    ledger, _, _ = making.opened(url)
    ledger.head()
    with (
        making.locked(url),
        pytest.raises(LedgerUnavailable, match=r"database is locked|lock timeout"),
    ):
        ledger.record([making.forecast()])
    assert ledger.record([making.forecast()]) == [1]


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path):
    (tmp_path / "ledger.sqlite").write_text("these are no tables" * 100)
    with (
        pytest.raises(LedgerUnavailable, match="file is not a database"),
        making.database(f"sqlite:///{tmp_path}/ledger.sqlite").reading(),
    ):
        pass


@pytest.mark.parametrize(
    "url", ["", "ledger.sqlite", "mysql://root@host/name", "sqlite://", "sqlite:///:memory:"]
)
def test_other_databases_are_refused(url):
    with pytest.raises(InvalidInput, match="CRYPTOFORECAST_LEDGER must be sqlite"):
        Database(url)


def test_no_message_shows_the_password():
    database = making.database("postgresql+psycopg://me:secret@127.0.0.1:9/none?connect_timeout=2")
    with pytest.raises(LedgerUnavailable) as caught, database.reading():
        pass
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_times_sort_as_their_texts():
    times = pd.date_range("2025-12-31 22:00", periods=50, freq="17min", tz="Europe/Berlin")
    texts = [rows.time_text(time) for time in times]
    assert texts == sorted(texts)
    assert rows.time_of(texts[0]) == times[0]


def test_recording_goes_on_after_an_entry_of_the_future(url):
    """A clock that was ahead by 30 days once; a part of it twice."""
    ledger, database, clock = making.opened(url)
    simulated = dataclasses.replace(making.SERIES, simulated=True)
    right = clock.now
    ledger.record([making.forecast()])
    assert (ledger.future(), ledger.set_clock_back()) == (None, None)
    ledger.grade([making.outcome(1, making.forecast())])
    heads = [ledger.head()]
    clock.now = right + pd.Timedelta(days=9)
    ledger.record([making.forecast(316, series=simulated)])
    ahead, clock.now = clock.now, right + making.HOUR
    with pytest.raises(InvalidInput, match="in the order of time"):
        ledger.record([making.forecast(101)])
    assert ledger.future() == LedgerFuture(ahead.floor("s"), 2, simulated=True)
    assert ledger.set_clock_back() == 4
    assert ledger.set_clock_back() is None
    heads.append(ledger.head())
    assert ledger.record([making.forecast(101)]) == [5]
    # It happens again, and by more: the entry that sets the clock back is not of the future.
    clock.now = right + pd.Timedelta(days=10)
    ledger.record([making.forecast(340, series=simulated)])
    clock.now = right + 2 * making.HOUR
    assert ledger.future().after == 5
    assert ledger.set_clock_back() == 7
    assert ledger.record([making.forecast(102)]) == [8]
    with database.reading() as connection:
        for head in heads:
            result = verification.verify(connection, head)
            assert result.intact
            assert (result.forecasts, result.outcomes, result.clock_corrections) == (5, 1, 2)


def test_a_clock_that_goes_back_before_known_candles_is_found(url):
    """Else forecasts could be added later that look older than they are."""
    ledger, database, clock = making.opened(url)
    early = clock.now
    making.fill(ledger, clock, 40)
    clock.now = early
    ledger.set_clock_back()
    late = dataclasses.replace(making.SERIES, model="too-good")
    ledger.record([making.forecast(series=late)])
    with database.reading() as connection:
        result = verification.verify(connection)
    assert not result.intact
    assert any("before candles that were known" in each for each in result.problems)


@pytest.mark.parametrize("of_real_prices", [True, False])
def test_the_future_of_simulated_prices_is_told_apart(url, of_real_prices):
    ledger, _, clock = making.opened(url)
    simulated = dataclasses.replace(making.SERIES, simulated=True)
    made = making.forecast(series=making.SERIES if of_real_prices else simulated)
    ledger.record([made])
    right, clock.now = clock.now, made.due_at + pd.Timedelta(days=5)
    ledger.grade([making.outcome(1, made)])
    clock.now = right
    assert ledger.future().simulated is not of_real_prices


@pytest.mark.parametrize("changes", ["later", "earlier", "none of the future"])
def test_a_clock_that_is_set_back_without_a_cause_is_found(url, changes):
    """Whoever wants to write old forecasts today, and computes the chain anew for it."""
    ledger, database, clock = making.opened(url)
    for row in (100, 101, 102):
        clock.now = making.forecast(row).known_at + pd.Timedelta(minutes=1)
        ledger.record([making.forecast(row)])
    times = {
        "later": clock.now - making.HOUR,
        "earlier": clock.now - making.HOUR,
        "none of the future": clock.now + making.HOUR,
    }
    after = {"later": 1, "earlier": 3, "none of the future": 3}[changes]
    row = {"position": 4, "set_at": rows.time_text(times[changes]), "after": after}
    head = ledger.head()
    digest = chain.entry_hash(head.hash, chain.CLOCK, row)
    with database.writing() as connection:
        connection.execute(sa.insert(tables.clocks), [row])
        link = {"position": 4, "kind": chain.CLOCK, "previous": head.hash, "hash": digest}
        connection.execute(sa.insert(tables.chain), [link])
    with database.reading() as connection:
        result = verification.verify(connection)
    assert "Entry 4 sets the clock back without a cause." in result.problems
