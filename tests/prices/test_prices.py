"""The package as a whole."""

from __future__ import annotations

import subprocess
import sys


def test_importing_and_simulating_loads_nothing_heavy() -> None:
    program = (
        "import sys; from cryptoforecast.prices import LivePrices, read, simulate\n"
        "simulate('BTC')\n"
        "heavy = {'yfinance', 'curl_cffi', 'scipy', 'tensorflow', 'sklearn', 'peewee'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
