"""The process that trains for the workers of the API; it ends when the server does.

    python -m cryptoforecast.server.trainer PROCESS

``PROCESS`` is the number of the server's process. The parent of this process is another one if the
server ended while this one started.
"""

from __future__ import annotations

import os
import signal
import sys

from cryptoforecast.server import log, preload
from cryptoforecast.service import Service, trainer
from cryptoforecast.service.orders import OrderBook


def main() -> None:
    """Do orders until the server has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the server, which ends this
    log.set_up()
    server = int(sys.argv[1])
    settings = preload.read_settings()
    book = OrderBook(settings.home / "orders.sqlite")
    trainer.work(Service(settings), book, lambda: os.getppid() == server)


if __name__ == "__main__":
    main()
