"""A client cannot fill the log."""

from __future__ import annotations

import logging

from cryptoforecast.server.log_limit import PAUSE, OncePerMinute


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


def test_messages_that_are_never_the_same_take_no_memory():
    once = OncePerMinute(lambda: 0.0)
    for number in range(10_000):
        once.filter(logging.LogRecord("a", logging.WARNING, "", 0, f"{number}", None, None))
    assert len(once._next) <= 100
