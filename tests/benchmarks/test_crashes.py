"""Nothing is lost or half there: short forms of ``crashes`` and ``retrain_kills``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_kills_full_disks_and_two_processes_lose_nothing(tmp_path: Path) -> None:
    memory = Path("/dev/shm")  # where there is one, no test waits for a busy disk
    folder = memory if memory.is_dir() and os.access(memory, os.W_OK) else tmp_path
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.crashes", "--short", "--folder", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "save_new               killed" in done.stdout
    assert "2 processes, 1000 operations each: 0 failures" in done.stdout


@pytest.mark.slow
def test_a_renewal_that_is_killed_leaves_a_whole_model() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.retrain_kills", "--kills", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "undisturbed: renewed" in done.stdout
    assert "1 kills: {'" in done.stdout
    assert "0 with a loss" in done.stdout
