"""A name cannot forge an entry of the server's log, or control the terminal that shows it."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptoforecast.server import log

FORGED = "BTC\n2026-01-01 ERROR the owner has left\x1b[2J\r\u202e"


@pytest.fixture
def factory() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(before)


def written(message: str, *args: object, error: Exception | None = None) -> str:
    """Return what a logger writes with the present kind of entries."""
    stream, logger = io.StringIO(), logging.Logger("example")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.warning(message, *args, exc_info=error)
    return stream.getvalue()


def failure() -> Exception:
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        return error


@pytest.mark.parametrize(
    ("message", "args", "error"),
    [
        ("A job failed: %s", (FORGED,), None),
        ("A job failed: %s", (ValueError(FORGED),), None),
        (f"A job failed: {FORGED}", (), None),
        ("A job failed", (), failure()),
    ],
)
def test_what_is_quoted_is_indented_and_visible(factory, message, args, error):
    plain = written(message, *args, error=error)
    assert "\n2026-01-01 ERROR" in plain  # entries of Python's own are forged
    assert "\x1b" in plain
    log.set_up()
    text = written(message, *args, error=error)
    first, *others = text.rstrip("\n").split("\n")
    assert first.startswith("WARNING A job failed")
    assert all(line.startswith(log.MARGIN) for line in others)
    assert "the owner has left\\x1b[2J\\r\\u202e" in text
    assert all(line.isprintable() for line in text.splitlines())


def test_a_plain_entry_stays_as_it_is(factory):
    before = written("Serving %d pages of %s", 5, "Bitcoin")
    log.set_up()
    assert written("Serving %d pages of %s", 5, "Bitcoin") == before


def test_an_entry_is_short_and_names_no_session(factory):
    log.set_up()
    session = str(uuid.uuid4())
    text = written("Refused %s of %s", "x" * 100_000, session)
    assert len(text) <= log.MAX_TEXT + 20
    assert session not in text
    assert "characters left out" in text
    error = ValueError(f"{'y' * 100_000} {session} is the end")
    text = written("A job failed %s", "x" * 100_000, error=error)
    assert len(text) <= log.MAX_TEXT + 20
    assert session not in text
    assert text.rstrip().endswith("is the end")


def test_the_server_logs_so():
    code = "import app, logging; print(logging.getLogRecordFactory().__module__)"
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "cryptoforecast.server.log"
