"""The server's process: turns are short, and freed memory is given back."""

import subprocess
import sys

import pytest

from cryptoforecast.server import process

#: Frees many large arrays below one that stays: glibc by itself would keep them all.
FREEING = """
import sys
import numpy as np
from cryptoforecast.server import process
if sys.argv[1] == "prepared":
    process.set_up()
def resident():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
np.ones(500_000)
before = resident()
arrays = [np.ones(250_000) for _ in range(100)]
del arrays[:-1]
print(sys.getswitchinterval(), resident() - before)
"""


def freed(how: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", FREEING, how], capture_output=True, text=True, check=True
    )
    turn, growth = done.stdout.split()
    return float(turn), float(growth)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_prepared_process_takes_short_turns_and_gives_memory_back():
    turn, growth = freed("prepared")
    assert turn == pytest.approx(process.SWITCH_INTERVAL)
    assert growth < 20
    assert freed("as it is")[0] > turn


def test_setting_up_twice_is_setting_up_once():
    before = sys.getswitchinterval()
    try:
        process.set_up()
        process.set_up()
        assert sys.getswitchinterval() == pytest.approx(process.SWITCH_INTERVAL)
    finally:
        sys.setswitchinterval(before)
