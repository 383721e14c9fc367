"""Tasks that need no network, for tests of what runs them."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import Progress


@dataclass(frozen=True)
class Sum:
    """Adds a number to the sum of all closes, and says which process did it."""

    prices: tuple[str, ...]
    number: int
    effort: float = 1.0

    def run(self, histories, monitor):
        print("what libraries print must not disturb", flush=True)
        monitor.report(Progress(1, 1, 0.5, 0.0))
        total = sum(histories[name].candles["close"].sum() for name in self.prices)
        return float(total) + self.number, os.getpid()


@dataclass(frozen=True)
class Linger:
    """Leaves its process number in a folder, and goes on until it is cancelled."""

    folder: Path
    deaf: bool = False
    prices: tuple[str, ...] = ()
    effort: float = 1.0

    def run(self, histories, monitor):
        (self.folder / str(os.getpid())).touch()
        while self.deaf or not monitor.cancelled():
            time.sleep(0.02)
        return "stopped by itself"


@dataclass(frozen=True)
class Refuse:
    """Fails: as a user may see it, or not."""

    expected: bool
    prices: tuple[str, ...] = ()
    effort: float = 1.0

    def run(self, histories, monitor):
        raise (InvalidInput if self.expected else ValueError)("the reason")


@dataclass(frozen=True)
class Deadly:
    """Kills its process, as the system does where memory is short: always, or only once."""

    folder: Path
    once: bool = False
    prices: tuple[str, ...] = ()
    effort: float = 1.0

    def run(self, histories, monitor):
        marker = self.folder / "dead"
        if self.once and marker.exists():
            return "survived"
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
        return None
