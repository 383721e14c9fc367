"""The real server with few open files, and more slow connections than that."""

from __future__ import annotations

import math
import shutil
import sys
import time
from pathlib import Path

import pytest

from benchmarks import connections
from tests import serving

FILES = 700


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit, of util-linux")
def test_slow_connections_beyond_the_open_files_hold_up_nobody(tmp_path: Path) -> None:
    limit = ("prlimit", f"--nofile={FILES}:{FILES}", sys.executable, "-m", "streamlit")
    with serving.started(tmp_path, *limit) as address:
        port = int(address.rpartition(":")[2])
        assert connections.predict(port) < math.inf  # the models are loaded
        for kind in ("half-header", "dead-websocket"):
            slow = connections.KINDS[kind](port)
            with connections.Crowd(port, slow, 2 * FILES):
                time.sleep(1)
                assert connections.predict(port) < 5
                assert connections.page(address) < 20
        text = (tmp_path / "server.log").read_text("utf-8")
        assert "Too many open files" not in text
        assert len(text) < 5_000
