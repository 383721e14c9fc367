"""Signals of the pages' users: each for its session alone, and bounded."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import open_signals
from cryptoforecast.service.open_signals import KEEP_SECONDS, MAX_SIGNALS, MAX_VALUES, OpenSignals
from cryptoforecast.service.signals import check_own_name, missing_files, share_known
from cryptoforecast.signals.series import from_series
from cryptoforecast.types import Signal, User
from tests import synthetic

ANNA, BEN = User("anna", owner=False), User("ben", owner=True)


def signal(name: str = "mood", values: int = 10) -> Signal:
    times = pd.date_range("2024-01-01", periods=values, freq="h", tz="UTC")
    return from_series(name, pd.Series(1.0, index=times), "a test")


def test_a_signal_is_seen_by_its_session_alone() -> None:
    opened = OpenSignals()
    opened.add(signal(), ANNA)
    newer = signal(values=20)
    opened.add(newer, ANNA)
    opened.add(signal(values=30), BEN)
    assert opened.of(ANNA) == (newer,)
    opened.remove("mood", BEN)
    assert opened.of(BEN) == ()
    assert opened.of(ANNA) == (newer,)


def test_signals_are_bounded_for_a_session_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = OpenSignals()
    with pytest.raises(InvalidInput, match=r"100,000 values here. Received: 100,001"):
        opened.add(signal(values=MAX_VALUES + 1), ANNA)
    for number in range(MAX_SIGNALS):
        opened.add(signal(f"s{number}"), ANNA)
    with pytest.raises(InvalidInput, match=r"4 signals of its own\. Received: one more"):
        opened.add(signal("more"), ANNA)
    opened.add(signal("s0", values=12), ANNA)  # in place of another
    monkeypatch.setattr(open_signals, "MAX_VALUES_IN_ALL", 42 + 7)
    with pytest.raises(InvalidInput, match="all users' signals"):
        opened.add(signal(values=8), BEN)
    opened.add(signal(values=7), BEN)


def test_signals_of_sessions_that_have_left_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = OpenSignals()
    opened.add(signal(), ANNA)
    monkeypatch.setattr(open_signals, "KEEP_SECONDS", 0.0)
    opened.add(signal(), BEN, lambda session: session == "ben")
    assert opened.of(ANNA) == ()
    assert len(opened.of(BEN)) == 1


def test_signals_wait_for_an_idle_session_whose_connection_drops_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, present, now = OpenSignals(), ["anna", "ben"], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    opened.add(signal(), ANNA, present.__contains__)
    for _ in range(2):
        now[0] += 3600  # idle for an hour
        present.remove("anna")
        opened.add(signal(), BEN, present.__contains__)
        now[0] += KEEP_SECONDS - 1
        opened.add(signal(), BEN, present.__contains__)
        present.append("anna")
        assert len(opened.of(ANNA)) == 1
    present.remove("anna")
    assert len(opened.of(BEN)) == 1
    now[0] += KEEP_SECONDS
    opened.add(signal(), BEN, present.__contains__)
    assert opened.of(ANNA) == ()


def test_names_and_values_are_those_of_a_file() -> None:
    for known in ("fear_greed", "eth"):
        with pytest.raises(InvalidInput, match=f"Call it my_{known}"):
            check_own_name(known)
    check_own_name("mood")
    history = synthetic.history(48)
    features = ("return", "signal:dvol", "signal:eth", "signal:mood", "signal:other")
    assert missing_files(features, history, [signal()]) == ["other"]
    times = history.candles.index[24:]
    late = from_series("late", pd.Series(1.0, index=times), "a test", lag=pd.Timedelta(0))
    assert share_known(late, history) == pytest.approx(25 / 48)
