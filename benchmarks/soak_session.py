"""One user of a soaked server, and the record of what all of them did and found."""

from __future__ import annotations

import contextlib
import io
import random
import re
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import requests

from benchmarks.page_client import PageClient, Shown
from cryptoforecast.prices.candles.coins import COINS
from cryptoforecast.ui import inputs

MARK = re.compile(rb"mark[0-9a-f]{12}")
#: Seconds that a page, and that a training with all before it, may take.
PAGE_PATIENCE, TRAINING_PATIENCE = 120.0, 900.0
#: The prices of trainings; the seed tells one training from another.
PRICES = {"coin": "BTC", "interval": "1h", "history_1h": "90 days"}
#: What a page says when a limit refuses something; these are answers, not faults.
REFUSED = re.compile(r"queue|wait|full|at most|limit|Too many|quota|busy", re.IGNORECASE)


@dataclass
class Record:
    """What all sessions did and found; filled by many threads.

    Attributes:
        counts: How often each thing was done.
        faults: What went wrong, in words.
        seconds: How long each run of a page took.
        trained: Keys of the trainings that have ended, in this order.
        running: Keys of those whose users left before the end.
        saved: Names of the models that were saved.
        files: Names of the opened files, as they stand in links, and their marks.
        down: Whether the server has been killed: what then fails is no fault.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    trained: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    down: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str) -> None:
        """Count something."""
        with self.lock:
            self.counts[what] += 1

    def fault(self, what: str) -> None:
        """Remember a fault, unless the server has been killed."""
        if self.down:
            return
        with self.lock:
            self.counts["faults"] += 1
            self.faults.append(what[:500])
        print(f"fault: {what[:300]}", file=sys.stderr, flush=True)

    def start_again(self) -> None:
        """Forget what a kill ends by its nature: opened files, and trainings without an end."""
        self.down = False
        self.counts["kills"] += 1
        self.counts["trainings ended by a kill"] += len(self.running)
        self.running.clear()
        self.files.clear()


class Tab(PageClient):
    """A tab that looks for the marks of others in all that it receives.

    Args:
        url: Of the server.
        own: Marks of this user's files.
        record: Takes the faults.
    """

    def __init__(self, url: str, own: set[bytes], record: Record) -> None:
        self.watch(own, record)
        super().__init__(url, PAGE_PATIENCE)

    def watch(self, own: set[bytes], record: Record) -> None:
        """Look for other marks than one's own from now on."""
        self._own, self._record = own, record
        self.seen: set[bytes] = set()

    def received(self, frame: bytes) -> None:
        """Search a message for marks."""
        marks = set(MARK.findall(frame))
        self.seen |= marks
        for mark in marks - self._own:
            self._record.fault(f"cross-talk: {mark.decode()} was seen by another session")


class Session:
    """A user, who does one thing after another until time is up.

    Args:
        number: Of the session; decides what it does.
        url: Of the server.
        record: Takes what was done and found.
        ends: When to leave, on the monotonic clock.
    """

    def __init__(self, number: int, url: str, record: Record, ends: float) -> None:
        self.random = random.Random(number)
        self.url, self.record, self.ends = url, record, ends
        self.number, self.turn = number, 0
        self.own: set[bytes] = set()
        self.training = ""
        self.tab = Tab(url, self.own, record)
        self.actions: dict[Callable[[], None], int] = {
            self.browse: 8, self.reload: 2, self.upload: 3, self.train: 2, self.cancel: 1,
            self.leave: 1, self.foreign: 2, self.predict: 2,
        }  # fmt: skip

    def live(self) -> None:
        """Do things until time is up, then leave."""
        for action in self._plan():
            if self.record.down:
                break
            name = action.__name__
            self.record.add(name)
            try:
                action()
            except Exception as error:  # whatever a user would see
                kind = type(error).__name__
                self.record.fault(f"session {self.number}, {name}: {kind}: {error}")
                self._again()
            time.sleep(self.random.uniform(0.2, 2.0))
        with contextlib.suppress(Exception):
            self.tab.__exit__(None, None, None)

    def _plan(self) -> Iterator[Callable[[], None]]:
        first = [self.browse, self.upload, self.train, self.cancel, self.leave, self.foreign]
        first = first[self.number % len(first) :] + first[: self.number % len(first)]
        while time.monotonic() < self.ends:
            choices, weights = list(self.actions), list(self.actions.values())
            self.turn += 1
            yield first.pop() if first else self.random.choices(choices, weights)[0]

    def browse(self) -> None:
        """Open a page with another coin, candle length and history."""
        interval = self.random.choice(list(inputs.WINDOWS))
        window = self.random.choice(list(inputs.WINDOWS[interval]))
        query = {"coin": self.random.choice(list(COINS)), "interval": interval}
        page = self.random.choice(["", "", "market", "data", "models", "backtest"])
        self._open(page, **query, **{f"history_{interval}": window})

    def reload(self) -> None:
        """Leave in the middle of a page, and come back as a new session."""
        with contextlib.suppress(Exception):
            self.tab.send(coin=self.random.choice(list(COINS)))
        self._again()
        self._open("")

    def upload(self) -> None:
        """Open a marked price file, and its forecast in a link."""
        mark = f"mark{secrets.token_hex(6)}".encode()
        self.own.add(mark)
        rows = self.random.choice([800, 3_000, 10_000] * 6 + [71_000])
        self._open("data")
        with contextlib.suppress(RuntimeError):  # the first file is opened without it
            self.tab.click("open-another")
        content = price_file(rows, self.random.randrange(2**32))
        shown = self.tab.upload("upload", f"BTCUSDT-1h-{mark.decode()}.csv", content)
        try:
            name = self.tab.file()
        except RuntimeError:
            self._refused(shown, "an upload gave no prices")
            return
        with self.record.lock:
            self.record.files.append((name, mark))
        self.tab.seen.clear()
        shown = self._open("", coin=name, model="naive")
        if mark not in self.tab.seen or "fan" not in shown.figures:
            self.record.fault(f"session {self.number}: its own file is lost: {shown.messages}")

    def train(self) -> None:
        """Train a network, wait for it, and sometimes save it."""
        if self._submit():
            shown = self._wait(self.tab)
            if shown and self.random.random() < 0.3:
                name = f"soak-{secrets.token_hex(6)}"
                self.tab.click("save")
                self.tab.fill("Name", string_value=name)
                shown = self.tab.click("FormSubmitter:save-Save")
                if any("Saved as" in text for text in shown.messages):
                    self.record.add("saved")
                    with self.record.lock:
                        self.record.saved.append(name)
                else:
                    self._refused(shown, "a model was not saved")

    def cancel(self) -> None:
        """Cancel a training that waits or runs."""
        if self._submit():
            time.sleep(self.random.uniform(0, 3))
            with contextlib.suppress(RuntimeError):  # it may have ended already
                self.tab.rerun()
                self.tab.click("cancel")
            self.training = ""

    def leave(self) -> None:
        """Leave during a training, and come back by its link."""
        if self._submit():
            self._again()
            time.sleep(self.random.uniform(0, 5))
            self._open("", **PRICES, model=f"run-{self.training}")
            self._wait(self.tab)

    def foreign(self) -> None:
        """Open links of others: to a training, to a file, and one that is almost that."""
        with self.record.lock:
            runs, files = self.record.trained[-5:], self.record.files[-20:]
        if runs:
            self._open("", **PRICES, model=f"run-{self.random.choice(runs)}")
        if files:
            name, mark = self.random.choice(files)
            # Whoever was given the link sees the file.
            with Tab(self.url, {mark}, self.record) as tab:
                tab.open("", coin=name, model="naive")
            self._open("", coin=f"{name[:-1]}{'0' if name[-1] != '0' else '1'}", model="naive")

    def predict(self) -> None:
        """Ask for the next price."""
        closes = [60_000.0 + self.number + step for step in range(60)]
        answer = requests.post(f"{self.url}/predict", json={"prices": closes}, timeout=30)
        if answer.status_code != 200:
            self.record.fault(f"/predict answered {answer.status_code}: {answer.text[:200]}")

    def _open(self, page: str, **query: str) -> Shown:
        shown = self.tab.open(page, **query)
        with self.record.lock:
            self.record.counts["pages"] += 1
            self.record.seconds.append(shown.seconds)
        return shown

    def _again(self) -> None:
        if self.record.down:
            return
        with contextlib.suppress(Exception):
            self.tab.__exit__(None, None, None)
        self.tab = Tab(self.url, self.own, self.record)

    def _submit(self) -> bool:
        """Send the training form; return whether the training was accepted."""
        self._open("", **PRICES, model="naive")
        shown = self.tab.train(
            epochs={"double_array_value": {"data": [2.0]}},
            seed={"double_value": float(self.random.randrange(2**30))},
        )
        model = self.tab.query.get("model", "")
        if not model.startswith("run-"):
            self._refused(shown, "a training was not accepted")
            return False
        self.training = model.removeprefix("run-")
        self.record.add("trainings accepted")
        return True

    def _wait(self, tab: Tab) -> Shown | None:
        """Wait for this user's training; it is lost if the page ends without its result."""
        until = time.monotonic() + TRAINING_PATIENCE
        while time.monotonic() < until:
            shown = tab.rerun()
            if not shown.trains and tab.query.get("model") == f"run-{self.training}":
                self.record.add("trainings ended")
                with self.record.lock:
                    self.record.trained.append(self.training)
                return shown
            if not shown.trains:
                break
            if time.monotonic() > self.ends:
                self.record.add("trainings left to go on")
                with self.record.lock:
                    self.record.running.append(self.training)
                return None
            time.sleep(1)
        self.record.fault(f"session {self.number}: lost training {self.training}: {shown.messages}")
        return None

    def _refused(self, shown: Shown, otherwise: str) -> None:
        """Count a refusal by a limit; everything else is a fault."""
        if any(REFUSED.search(text) for text in shown.messages):
            self.record.add("refused by a limit")
        else:
            self.record.fault(f"session {self.number}: {otherwise}: {shown.messages}")


def price_file(rows: int, seed: int) -> bytes:
    """Write a CSV file of random hours."""
    rng = np.random.default_rng(seed)
    close = 30_000 * np.exp(np.cumsum(rng.normal(0, 0.004, rows)))
    frame = pd.DataFrame({"open": close, "high": close * 1.002, "low": close * 0.998})
    frame["close"], frame["volume"] = close, rng.exponential(5, rows)
    end = pd.Timestamp("2025-09-01", tz="UTC")
    frame.index = pd.date_range(end=end, periods=rows, freq="1h", name="time")
    text = io.StringIO()
    frame.to_csv(text, float_format="%.2f")
    return text.getvalue().encode()
