"""A client cannot fill the log."""

from __future__ import annotations

import logging
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from cryptoforecast.server.log_limit import MAX_KINDS, PAUSE, OncePerMinute, limit


def test_each_kind_of_message_is_written_once_a_minute_and_counted():
    now = [0.0]
    once = OncePerMinute(lambda: now[0])
    written = []

    def say(text: str, *values: object, name: str = "a") -> None:
        record = logging.LogRecord(name, logging.WARNING, "", 0, text, values, None)
        if once.filter(record):
            written.append(record.getMessage())

    for number in range(1_000):
        say("Refused %d", number)
    say("Something else 100%")
    say("Refused %d", 1, name="b")
    assert written == ["Refused 0", "Something else 100%", "Refused 1"]
    now[0] += PAUSE
    say("Refused %d", 7)
    assert written[3:] == ["Refused 7 (999 more like it in the last minutes)"]


def test_messages_that_are_never_the_same_take_no_memory_and_no_place():
    once = OncePerMinute(lambda: 0.0)

    def passed(numbers: range) -> int:
        return sum(
            once.filter(logging.LogRecord("a", logging.WARNING, "", 0, f"{number}", None, None))
            for number in numbers
        )

    tracemalloc.start()
    try:
        assert passed(range(MAX_KINDS + 1)) <= MAX_KINDS + 1
        before = tracemalloc.get_traced_memory()[0]
        assert passed(range(MAX_KINDS + 1, 10_000)) == 0
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()


@pytest.fixture
def limited() -> Iterator[None]:
    original = logging.getLoggerClass()
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    before = {one: list(one.filters) for one in loggers if isinstance(one, logging.Logger)}
    limit()
    yield
    logging.setLoggerClass(original)
    for logger, filters in before.items():
        logger.filters = filters


def test_every_logger_is_limited_also_one_that_is_made_later(limited, caplog):
    later = logging.getLogger(f"later.{time.monotonic_ns()}")
    for logger in (logging.root, logging.getLogger("streamlit"), later):
        logger.propagate = True
        for number in range(10):
            logger.error("Failed %d", number)
    assert [record.getMessage() for record in caplog.records] == ["Failed 0"] * 3
