"""Requests made from the description, sent to a running server: every answer is as described."""

import pytest

from benchmarks import fuzz_api
from tests.api.conftest import KEY

pytestmark = pytest.mark.slow


def test_generated_requests_are_answered_as_described(locked_server):
    folder, address = locked_server
    counts = fuzz_api.run(address, 4, KEY)
    assert len(counts) >= 16
    for label, counter in counts.items():
        succeeded = sum(count for status, count in counter.items() if status < 300)
        assert succeeded >= sum(counter.values()) / 2, (label, counter)
    assert "Traceback" not in (folder / "server.log").read_text("utf-8")
