"""The soak in its short form: four users of a real server for a quarter of a minute."""

from __future__ import annotations

import pytest

from benchmarks import soak
from benchmarks.page_client import Shown
from benchmarks.soak_session import Record, Tab


def test_four_users_see_nothing_of_each_other_and_lose_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CRYPTOFORECAST_OWNER_KEY", "set by the soak")  # and taken back afterwards
    record, footprints, _ = soak.run(4, 6, 1, kill=False, settling=0)
    assert record.faults == []
    assert record.counts["pages"] > 4
    assert record.counts["trainings accepted"] > 0
    assert record.counts["trainings looked up by their link"] > 0
    assert len(footprints) == 1


def test_a_mark_of_another_user_is_a_fault() -> None:
    record, own = Record(), b"mark0123456789ab"
    tab = Tab.__new__(Tab)
    tab.watch({own}, record)
    tab.received(b"...BTCUSDT-1h-mark0123456789ab.csv...")
    assert record.faults == []
    tab.received(b"...BTCUSDT-1h-markba9876543210.csv...")
    assert [fault[:28] for fault in record.faults] == ["cross-talk: markba9876543210"]


def test_what_is_lost_or_grows_is_a_fault() -> None:
    record = Record()
    first = soak.Footprint(megabytes=500, threads=20, descriptors=30)
    soak.compare([first, soak.Footprint(megabytes=570, threads=30, descriptors=40)], record)
    assert record.faults == []
    soak.compare([first, soak.Footprint(megabytes=580, threads=40, descriptors=50)], record)
    assert len(record.faults) == 3


def test_a_kill_is_no_fault_but_what_comes_after_it_is() -> None:
    record = Record()
    record.down = True
    record.fault("the connection was closed")
    record.start_again()
    record.fault("a saved model is lost")
    assert record.faults == ["a saved model is lost"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("1 training comes first", True),
        ("41 % · 12 s left", True),
        ("80 % likely: $1 to $2", False),
        ("Gone", False),
    ],
)
def test_a_training_that_waits_or_runs_is_seen(message: str, expected: bool) -> None:
    assert Shown(0.1, 10, {}, [message]).trains is expected
