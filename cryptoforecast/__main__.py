"""Entry of ``python -m cryptoforecast``."""

from __future__ import annotations

import os
import sys


def run() -> None:
    """Run the command line and end the process with its status."""
    try:
        from cryptoforecast.cli import main

        status = main()
    except KeyboardInterrupt:  # while the libraries were being imported
        status = 130
    if status == 130:
        # The interrupted work may still hold a thread in native code: don't wait for it.
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
