"""Commands in a process of their own, and a small network that they train."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
unix = pytest.mark.skipif(sys.platform == "win32", reason="needs a Unix shell and signals")
TINY = [
    "--network=dense", "--lookback=8", "--units=4", "--epochs=2", "--horizon=2",
    "--features=return,range", "--final=0",
]  # fmt: skip
FIGURES = {
    "mae", "rmse", "mape", "smape", "mase", "directional_accuracy", "pinball", "coverage_80",
    "coverage_95",
}  # fmt: skip


def process(*args, **environ):
    return subprocess.run(
        [sys.executable, "-m", "cryptoforecast", *map(str, args)],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
