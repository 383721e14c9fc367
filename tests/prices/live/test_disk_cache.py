"""The price cache on disk: what goes in comes out, whatever happens to the file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow.parquet as pq
import pytest

from cryptoforecast import whole_files
from cryptoforecast.prices.live.disk_cache import Entry, PriceCache
from cryptoforecast.prices.simulation.market import simulate

NOW = pd.Timestamp("2024-06-01 12:34:56.789", tz="UTC")


def entry(rows: int = 100, since: pd.Timestamp | None = None, source: str = "yahoo") -> Entry:
    candles = simulate("BTC", end=pd.Timestamp("2022-02-01", tz="UTC")).candles.iloc[:rows]
    return Entry(candles, NOW, since, source, "quote")


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    since = pd.Timestamp("2021-05-01", tz="UTC")
    PriceCache(tmp_path, 10).store(("yahoo", "BTC-USD", "1h"), entry(since=since))
    loaded_entry = PriceCache(tmp_path, 10).load(("yahoo", "BTC-USD", "1h"))
    assert loaded_entry is not None
    pd.testing.assert_frame_equal(loaded_entry.candles, entry().candles, check_freq=False)
    assert loaded_entry.candles.index.dtype == "datetime64[ns, UTC]"
    assert (loaded_entry.fetched_at, loaded_entry.since) == (NOW, since)
    assert (loaded_entry.source, loaded_entry.volume_unit) == ("yahoo", "quote")


def test_prices_far_below_one_come_out_too(tmp_path: Path) -> None:
    key, tiny = ("yahoo", "SHIB-USD", "1h"), entry().candles / 1e9
    PriceCache(tmp_path, 10).store(key, replace(entry(), candles=tiny))
    loaded_entry = PriceCache(tmp_path, 10).load(key)
    assert loaded_entry is not None
    pd.testing.assert_frame_equal(loaded_entry.candles, tiny, check_freq=False)


def test_an_entry_stays_the_same_object_until_its_file_changes(tmp_path: Path) -> None:
    cache = PriceCache(tmp_path, 10)
    cache.store(("yahoo", "BTC-USD", "1h"), entry())
    first = cache.load(("yahoo", "BTC-USD", "1h"))
    assert cache.load(("yahoo", "BTC-USD", "1h")) is first
    time.sleep(0.02)
    PriceCache(tmp_path, 10).store(("yahoo", "BTC-USD", "1h"), entry(rows=50))
    again = cache.load(("yahoo", "BTC-USD", "1h"))
    assert again is not None
    assert len(again.candles) == 50


def test_a_file_of_the_same_time_is_another_file(tmp_path: Path) -> None:
    """Two processes may write within one tick of the clock of a file system."""
    cache, key = PriceCache(tmp_path, 10), ("yahoo", "BTC-USD", "1h")
    cache.store(key, entry(100))
    written = cache.path(key).stat().st_mtime_ns
    PriceCache(tmp_path, 10).store(key, entry(50))
    os.utime(cache.path(key), ns=(written, written))
    assert len(cache.load(key).candles) == 50  # type: ignore[union-attr]


def test_symbols_and_intervals_are_kept_apart(tmp_path: Path) -> None:
    cache = PriceCache(tmp_path, 10)
    cache.store(("yahoo", "BTC-USD", "1h"), entry(10))
    cache.store(("yahoo", "BTC-USD", "1d"), entry(20))
    cache.store(("yahoo", "^GSPC", "1d"), entry(30))
    fresh = PriceCache(tmp_path, 10)
    keys = [("yahoo", "BTC-USD", "1h"), ("yahoo", "BTC-USD", "1d"), ("yahoo", "^GSPC", "1d")]
    assert [len(fresh.load(key).candles) for key in keys] == [10, 20, 30]  # type: ignore[union-attr]
    assert fresh.load(("yahoo", "ETH-USD", "1h")) is None


@pytest.mark.parametrize("damage", ["garbage", "cut", "empty", "foreign", "folder"])
def test_a_damaged_file_counts_as_absent_and_is_replaced(tmp_path: Path, damage: str) -> None:
    cache = PriceCache(tmp_path, 10)
    cache.store(("yahoo", "BTC-USD", "1h"), entry())
    path = cache.path(("yahoo", "BTC-USD", "1h"))
    content = path.read_bytes()
    path.unlink()
    if damage == "foreign":
        entry().candles.to_parquet(path)
    elif damage == "folder":
        path.mkdir()
    else:
        path.write_bytes({"garbage": b"x" * 999, "cut": content[:-40], "empty": b""}[damage])
    assert PriceCache(tmp_path, 10).load(("yahoo", "BTC-USD", "1h")) is None
    if damage != "folder":
        PriceCache(tmp_path, 10).store(("yahoo", "BTC-USD", "1h"), entry(7))
        loaded_entry = PriceCache(tmp_path, 10).load(("yahoo", "BTC-USD", "1h"))
        assert loaded_entry is not None
        assert len(loaded_entry.candles) == 7


@pytest.mark.parametrize("error", [PermissionError(13, "no"), OSError(5, "I/O error")])
def test_a_file_that_can_not_be_read_counts_as_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    PriceCache(tmp_path, 10).store(("yahoo", "BTC-USD", "1h"), entry())

    def refuse(*args: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("pyarrow.parquet.read_table", refuse)
    assert PriceCache(tmp_path, 10).load(("yahoo", "BTC-USD", "1h")) is None


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize("row", [0, 50, -1])
def test_one_price_that_can_not_be_makes_the_file_worthless(
    tmp_path: Path, price: float, row: int
) -> None:
    wrong = entry().candles.copy()
    wrong.iloc[row, wrong.columns.get_loc("close")] = price
    key = ("yahoo", "BTC-USD", "1h")
    PriceCache(tmp_path, 10).store(key, replace(entry(), candles=wrong))
    assert PriceCache(tmp_path, 10).load(key) is None


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 1, 1]])
def test_times_that_do_not_rise_make_the_file_worthless(tmp_path: Path, order: list[int]) -> None:
    key = ("yahoo", "BTC-USD", "1h")
    wrong = entry().candles.iloc[order]
    PriceCache(tmp_path, 10).store(key, replace(entry(), candles=wrong))
    assert PriceCache(tmp_path, 10).load(key) is None


def test_a_file_of_another_version_counts_as_absent(tmp_path: Path) -> None:
    """An update of the app that keeps the version keeps the prices that were fetched before it."""
    key = ("yahoo", "BTC-USD", "1h")
    PriceCache(tmp_path, 10).store(key, entry())
    (path,) = tmp_path.glob("*.parquet")
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[b"cryptoforecast"])
    assert about["version"] == 3
    other = {b"cryptoforecast": json.dumps(about | {"version": 2}).encode()}
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **other}), path)
    assert PriceCache(tmp_path, 10).load(key) is None


def test_the_least_recently_used_files_go_first(tmp_path: Path) -> None:
    cache = PriceCache(tmp_path, 3)
    for symbol in ("A-USD", "B-USD", "C-USD"):
        cache.store(("yahoo", symbol, "1h"), entry(5))
        time.sleep(0.02)
    cache.load(("yahoo", "A-USD", "1h"))
    time.sleep(0.02)
    cache.store(("yahoo", "D-USD", "1h"), entry(5))
    names = sorted(path.name for path in tmp_path.glob("*.parquet"))
    assert names == [f"yahoo_{letter}-USD_1h.parquet" for letter in "ACD"]


def test_a_folder_that_cannot_be_written_keeps_prices_in_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    cache = PriceCache(blocked / "prices", 3)
    fetched = entry()
    cache.store(("yahoo", "BTC-USD", "1h"), fetched)
    assert cache.load(("yahoo", "BTC-USD", "1h")) is fetched


def test_killing_the_writer_never_damages_the_file(tmp_path: Path) -> None:
    PriceCache(tmp_path, 10).store(("yahoo", "BTC-USD", "1h"), entry(10))
    program = (
        "import sys; from pathlib import Path; import pandas as pd\n"
        "from cryptoforecast.prices.live.disk_cache import Entry, PriceCache\n"
        "from cryptoforecast.prices.simulation.market import simulate\n"
        "candles = simulate('BTC', end=pd.Timestamp('2022-12-01', tz='UTC')).candles\n"
        "entry = Entry(candles, pd.Timestamp.now('UTC'), None, 'yahoo', 'usd')\n"
        "cache = PriceCache(Path(sys.argv[1]), 10)\n"
        "while True:\n"
        "    cache.store(('yahoo', 'BTC-USD', '1h'), entry); print('stored', flush=True)\n"
    )
    for pause in (0.0, 0.007):
        writer = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        loaded_entry = PriceCache(tmp_path, 10).load(("yahoo", "BTC-USD", "1h"))
        assert loaded_entry is not None
        assert len(loaded_entry.candles) > 7000


@pytest.mark.parametrize("name", [".a.parquet.1.tmp", ".cryptoforecast-1.tmp"])
def test_what_a_killed_writer_left_is_removed_at_the_next_start(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"half")
    PriceCache(tmp_path, 10)
    assert list(tmp_path.iterdir()) == []


def test_what_is_being_written_is_left_alone(tmp_path: Path) -> None:
    with whole_files.create(whole_files.temporary_names(tmp_path)) as file:
        PriceCache(tmp_path, 10)
        assert Path(file.name).exists()


def test_a_folder_is_found_writable_without_removing_an_open_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows removes no file that is open."""
    files, create, unlink = [], whole_files.create, Path.unlink

    def remember(names: Iterable[Path]) -> BinaryIO:
        files.append(create(names))
        return files[-1]

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if any(Path(file.name) == path and not file.closed for file in files):
            raise PermissionError(13, "Another process uses the file", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(whole_files, "create", remember)
    monkeypatch.setattr(Path, "unlink", refuse)
    whole_files.check_writable(tmp_path)
    assert len(files) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    cache = PriceCache(tmp_path, 10)
    cache.store(("yahoo", "BTC-USD", "1h"), entry(5))
    assert list(tmp_path.iterdir()) == []
    assert cache.load(("yahoo", "BTC-USD", "1h")) is not None


def test_a_candle_that_opens_when_it_was_fetched_makes_the_file_worthless(tmp_path: Path) -> None:
    key = ("yahoo", "BTC-USD", "1h")
    last = entry().candles.index[-1]
    for fetched_at, is_sound in ((last, False), (last + pd.Timedelta(1, "ns"), True)):
        PriceCache(tmp_path / str(is_sound), 10).store(key, replace(entry(), fetched_at=fetched_at))
        loaded_entry = PriceCache(tmp_path / str(is_sound), 10).load(key)
        assert (loaded_entry is not None) is is_sound


def test_the_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    cache = PriceCache(tmp_path / "home" / "prices", 10)
    cache.store(("yahoo", "BTC-USD", "1h"), entry(5))
    assert cache.path(("yahoo", "BTC-USD", "1h")).is_file()


@pytest.mark.parametrize(
    ("ahead", "is_dated_ahead", "is_fresh"),
    [("-130s", False, False), ("-120s", False, False), ("-119999999us", False, True),
     ("-60s", False, True), ("290s", False, True), ("300s", False, True),
     ("300000001us", True, False), ("310s", True, False), ("400D", True, False)],
)  # fmt: skip
def test_a_clock_that_was_set_back_drops_nothing(
    tmp_path: Path, ahead: str, is_dated_ahead: bool, is_fresh: bool
) -> None:
    key = ("yahoo", "BTC-USD", "1h")
    now = pd.Timestamp.now("UTC")
    PriceCache(tmp_path, 10).store(key, replace(entry(), fetched_at=now + pd.Timedelta(ahead)))
    loaded_entry = PriceCache(tmp_path, 10).load(key)
    assert loaded_entry is not None
    assert loaded_entry.is_dated_ahead(now) is is_dated_ahead
    assert loaded_entry.is_fresh(now, pd.Timedelta("2min")) is is_fresh
    assert loaded_entry.age(now) == max(pd.Timedelta(0), -pd.Timedelta(ahead))


@pytest.mark.parametrize(("ahead", "rows"), [("290s", 100), ("310s", 7)])
def test_what_is_dated_ahead_is_replaced(tmp_path: Path, ahead: str, rows: int) -> None:
    key = ("yahoo", "BTC-USD", "1h")
    now = pd.Timestamp.now("UTC")
    cache = PriceCache(tmp_path, 10)
    cache.store(key, replace(entry(), fetched_at=now + pd.Timedelta(ahead)))
    cache.store(key, replace(entry(7), fetched_at=now))
    loaded_entry = cache.load(key)
    assert loaded_entry is not None
    assert len(loaded_entry.candles) == rows


@pytest.mark.parametrize(("others", "is_same"), [(15, True), (16, False)])
def test_sixteen_entries_stay_in_memory(tmp_path: Path, others: int, is_same: bool) -> None:
    cache = PriceCache(tmp_path, 30)
    keys = [("yahoo", f"{letter}-USD", "1h") for letter in "ABCDEFGHIJKLMNOPQ"]
    for key in keys:
        cache.store(key, entry(5))
    first = cache.load(keys[0])
    for key in keys[1 : others + 1]:
        cache.load(key)
    assert (cache.load(keys[0]) is first) is is_same


def test_reaching_back() -> None:
    year = pd.Timestamp("2023-01-01", tz="UTC")
    assert entry(since=None).reaches(None)
    assert entry(since=None).reaches(year)
    assert entry(since=year).reaches(year)
    assert not entry(since=year).reaches(None)
    assert not entry(since=year).reaches(year - pd.Timedelta("1h"))


def test_an_answer_that_comes_late_replaces_no_later_one(tmp_path: Path) -> None:
    cache = PriceCache(tmp_path, 10)
    key = ("yahoo", "BTC-USD", "1h")
    cache.store(key, entry(50))
    cache.store(key, replace(entry(10), fetched_at=NOW - pd.Timedelta("1s")))
    loaded_entry = PriceCache(tmp_path, 10).load(key)
    assert loaded_entry is not None
    assert len(loaded_entry.candles) == 50


def test_sources_are_kept_apart_and_notes_come_back(tmp_path: Path) -> None:
    cache = PriceCache(tmp_path, 10)
    cache.store(("yahoo", "BTC-USD", "1h"), entry(10))
    cache.store(
        ("coinbase", "BTC-USD", "1h"),
        replace(entry(20), notes=("Why.", "How."), access_notes=("Why.",)),
    )
    fresh = PriceCache(tmp_path, 10)
    yahoo = fresh.load(("yahoo", "BTC-USD", "1h"))
    coinbase = fresh.load(("coinbase", "BTC-USD", "1h"))
    assert yahoo is not None
    assert coinbase is not None
    assert (len(yahoo.candles), len(coinbase.candles)) == (10, 20)
    assert (yahoo.notes, coinbase.notes) == ((), ("Why.", "How."))
    assert (yahoo.access_notes, coinbase.access_notes) == ((), ("Why.",))


def test_a_clock_that_was_wrong_spoils_nothing_for_ever(tmp_path: Path) -> None:
    """Candles that open after they were fetched are nobody's."""
    key = ("yahoo", "BTC-USD", "1h")
    wrong = replace(entry(), fetched_at=pd.Timestamp("2020-01-01", tz="UTC"))
    PriceCache(tmp_path, 10).store(key, wrong)
    cache = PriceCache(tmp_path, 10)
    assert cache.load(key) is None
    cache.store(key, entry(7))
    assert len(cache.load(key).candles) == 7  # type: ignore[union-attr]


@pytest.mark.parametrize("ahead", [None, pd.Timedelta(0), pd.Timedelta(seconds=-1.5)])
def test_the_clock_of_the_source_comes_back(tmp_path: Path, ahead: pd.Timedelta | None) -> None:
    key = ("yahoo", "BTC-USD", "1h")
    since = entry().candles.index[3]
    PriceCache(tmp_path, 10).store(
        key, replace(entry(), since=since, quote="EUR", clock_ahead=ahead)
    )
    loaded_entry = PriceCache(tmp_path, 10).load(key)
    assert loaded_entry is not None
    assert loaded_entry.clock_ahead == ahead
    assert (loaded_entry.since, loaded_entry.quote) == (since, "EUR")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="There are no pipes with a name here.")
def test_nobody_waits_for_a_pipe_in_the_place_of_a_file(tmp_path: Path) -> None:
    cache, key = PriceCache(tmp_path, 10), ("yahoo", "BTC-USD", "1h")
    os.mkfifo(cache.path(key))
    loaded: list[Entry | None] = []
    thread = threading.Thread(target=lambda: loaded.append(cache.load(key)), daemon=True)
    thread.start()
    thread.join(5)
    try:
        assert loaded == [None]
    finally:
        if thread.is_alive():  # it goes on when somebody opens the other end
            os.close(os.open(cache.path(key), os.O_WRONLY | os.O_NONBLOCK))


@pytest.mark.parametrize("files", [2, 3])
def test_as_many_files_as_allowed_are_kept(tmp_path: Path, files: int) -> None:
    cache = PriceCache(tmp_path, 3)
    for letter in "ABC"[:files]:
        cache.store(("yahoo", f"{letter}-USD", "1h"), entry(5))
    assert len(list(tmp_path.glob("*.parquet"))) == files
