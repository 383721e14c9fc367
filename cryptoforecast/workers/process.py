"""A worker process: ``python -m cryptoforecast.workers.process ADDRESS``.

It connects to the process that started it, and does tasks until that connection ends. Then it ends
at once, so that no worker outlives the process that started it.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Client

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.types import Monitor, PriceHistory, Progress
from cryptoforecast.workers import code, messages
from cryptoforecast.workers.channel import SECRET, Channel, unpack

#: Histories that a worker process remembers.
MAX_HISTORIES = 32
#: Seconds between two reports of progress.
REPORT = 0.3


def main() -> None:
    """Do tasks until the connection ends."""
    secret = sys.stdin.buffer.read(SECRET)
    os.dup2(2, 1)  # what libraries print goes to the log
    _Worker(Channel(Client(sys.argv[1], authkey=secret))).run()


class _Worker(Mapping[str, PriceHistory]):
    """Does one task after another; as a mapping it is the prices by name."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stopped = threading.Event()
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._histories: OrderedDict[str, PriceHistory] = OrderedDict()
        self._reported = 0.0

    def run(self) -> None:
        """Do tasks until the connection ends, which ends the process."""
        threading.Thread(target=self._read, name="input", daemon=True).start()
        self._channel.send(messages.Hello(code.own()))
        while True:
            message = self._inbox.get()
            if isinstance(message, messages.Start):
                self._channel.send(self._do(message))

    def _read(self) -> None:
        """Pass messages on; the end of the connection ends the process."""
        while True:
            try:
                message = self._channel.receive()
            except (EOFError, OSError):
                os._exit(0)
            if isinstance(message, messages.Stop):
                self._stopped.set()
            else:
                if isinstance(message, messages.Start):
                    self._stopped.clear()
                self._inbox.put(message)

    def _do(self, message: messages.Start) -> messages.Done:
        try:
            result = message.task.run(self, Monitor(self._report, self._stopped.is_set))
        except CryptoForecastError as error:
            return messages.Done(error=type(error)(*error.args))
        except Exception:  # shown by the process that gave the task
            return messages.Done(failure=traceback.format_exc())
        return messages.Done(result)

    def _report(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._reported >= REPORT:
            self._reported = now
            self._channel.send(messages.Report(progress))

    def __getitem__(self, name: str) -> PriceHistory:
        if name not in self._histories:
            self._channel.send(messages.Wanted(name))
            message = self._inbox.get()
            if not isinstance(message, messages.Prices) or message.name != name:
                raise KeyError(name)
            self._histories[name] = unpack(message.content)
            while len(self._histories) > MAX_HISTORIES:
                self._histories.popitem(last=False)
        self._histories.move_to_end(name)
        return self._histories[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._histories)

    def __len__(self) -> int:
        return len(self._histories)


if __name__ == "__main__":
    # Classes that are pickled must have the name of the module, not "__main__".
    from cryptoforecast.workers import process

    process.main()
