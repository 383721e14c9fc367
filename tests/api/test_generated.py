"""Requests made from the description, sent to a running server: every answer is as described."""

import pytest

from benchmarks import fuzz_api
from tests import serving

pytestmark = pytest.mark.slow
KEY = "a-key-0123456789"


def test_generated_requests_are_answered_as_described(tmp_path):
    with serving.alone(tmp_path, "--allow-training", f"--key={KEY}") as address:
        counts = fuzz_api.run(address, 4, KEY)
    assert len(counts) >= 16
    for label, counter in counts.items():
        succeeded = sum(count for status, count in counter.items() if status < 300)
        assert succeeded >= sum(counter.values()) / 2, (label, counter)
    assert "Traceback" not in (tmp_path / "server.log").read_text("utf-8")
