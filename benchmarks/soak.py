"""Many users of one server for minutes: nothing of one is seen by another, and nothing is lost.

    python -m benchmarks.soak [--sessions 30] [--minutes 20] [--phases 2] [--kill]

A real server with a home of its own, on which nobody is the owner. Each session is a websocket
that speaks as a browser does. It changes coins and candle lengths, reloads, uploads a price file
with a mark in its name, trains, cancels, leaves in the middle, comes back by its link, saves,
opens the links of others and asks `/predict`. Whatever arrives is searched for the marks of others.
After each phase everyone leaves. The memory, the threads and the descriptors that are then left are
compared with those after the first phase. With `--kill` a phase ends when the server is killed,
and it starts again: what had been trained and saved must still be there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks import measure, server
from benchmarks.page_client import PageClient
from benchmarks.pages import NO_XSRF
from benchmarks.soak_session import (
    PAGE_PATIENCE,
    PRICES,
    TRAINING_PATIENCE,
    Record,
    Session,
    Tab,
)

#: Memory that may be left afterwards, relative to what is left after the first phase.
MAX_GROWTH = 1.15
#: Threads and descriptors that may be left afterwards, on top of those after the first phase.
MAX_MORE = 16
#: Trainings that may have ended since one whose link is opened; the cache keeps 60.
MAX_YOUNGER = 30


@dataclass(frozen=True)
class Footprint:
    """What a server holds after everyone has left."""

    megabytes: float
    threads: int
    descriptors: int


def phase(
    one: server.Server, sessions: int, seconds: float, record: Record, first: int, *, kill: bool
) -> None:
    """Let sessions use a server for a while, until each has left or the server is killed."""
    ends = time.monotonic() + seconds

    def live(number: int) -> None:
        try:
            Session(number, one.url, record, ends).live()
        except Exception as error:  # could not even come, or not leave
            record.fault(f"session {number}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=live, args=(first + i,)) for i in range(sessions)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    if kill:
        time.sleep(max(0.0, ends - 1 - time.monotonic()))
        record.down = True
        os.kill(one.pid, signal.SIGKILL)
    for thread in threads:
        thread.join()


def settle(one: server.Server, seconds: float) -> Footprint:
    """Wait until the server has forgotten the sessions, and measure what it still holds.

    Streamlit keeps a session for two minutes after its connection has ended, in case it comes
    back, and forgets it when the next session comes.
    """
    time.sleep(seconds)
    with PageClient(one.url, PAGE_PATIENCE) as tab:
        tab.open("data")
    time.sleep(2)
    return Footprint(one.megabytes(), one.threads(), one.descriptors())


def check_losses(one: server.Server, record: Record) -> None:
    """Look for all that was saved, and for the latest trainings, also those still running."""
    names = {
        model["name"]
        for model in requests.get(f"{one.url}/api/v1/models", timeout=30).json()["models"]
    }
    for name in set(record.saved) - names:
        record.fault(f"the saved model {name} is lost")
    until = time.monotonic() + TRAINING_PATIENCE
    with Tab(one.url, set(), record) as tab:
        for key in [*record.running, *record.trained[::-1]][:MAX_YOUNGER]:
            shown = tab.open("", **PRICES, model=f"run-{key}")
            while shown.trains and time.monotonic() < until:
                time.sleep(1)
                shown = tab.rerun()
            record.add("trainings looked up by their link")
            if not tab.has_trained:
                record.fault(f"the training {key} is lost: {shown.messages}")
    record.trained += record.running
    record.running.clear()


def run(
    sessions: int, seconds: float, phases: int, *, kill: bool, settling: float
) -> tuple[Record, list[Footprint], float]:
    """Soak a server.

    Returns:
        What was done and found, what was left after each phase, and the peak of memory in MB.
    """
    record, footprints, peak = Record(), [], 0.0
    os.environ["CRYPTOFORECAST_OWNER_KEY"] = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        home = Path(folder)
        one = stack.enter_context(server.app(NO_XSRF, home=home))
        for number in range(phases):
            killed = kill and number < phases - 1
            phase(one, sessions, seconds / phases, record, number * sessions, kill=killed)
            _read_log(one, record)
            if killed:
                stack.close()
                one = stack.enter_context(server.app(NO_XSRF, home=home))
                record.start_again()
            check_losses(one, record)
            if not killed:
                footprints.append(settle(one, settling))
                peak = max(peak, one.peak())
            print(f"phase {number + 1}:", dict(record.counts), file=sys.stderr)
    if not kill:
        compare(footprints, record)
    return record, footprints, peak


def _read_log(one: server.Server, record: Record) -> None:
    """Look for errors in the log of a server, and show its end if there was a fault."""
    text = one.log.read_text("utf-8", errors="replace")
    if not record.down and "Traceback (most recent call last)" in text:
        record.fault("the server's log has a traceback")
    if record.faults:
        print(text[-6_000:], file=sys.stderr)


def compare(footprints: list[Footprint], record: Record) -> None:
    """Compare what is left at the end with what was left after the first phase."""
    first, last = footprints[0], footprints[-1]
    if last.megabytes > MAX_GROWTH * first.megabytes:
        record.fault(f"memory grew from {first.megabytes:.0f} to {last.megabytes:.0f} MB")
    for what in ("threads", "descriptors"):
        if getattr(last, what) > getattr(first, what) + MAX_MORE:
            record.fault(f"{what} grew from {getattr(first, what)} to {getattr(last, what)}")


def main() -> int:
    """Soak a server, print and write the report; 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30, help="at the same time")
    parser.add_argument("--minutes", type=float, default=20.0, help="of all phases")
    parser.add_argument("--phases", type=int, default=2, help="everyone leaves after each")
    parser.add_argument("--kill", action="store_true", help="kill the server between phases")
    parser.add_argument("--settling", type=float, default=130.0, help="seconds after each phase")
    args = parser.parse_args()
    record, footprints, peak = run(
        args.sessions, args.minutes * 60, args.phases, kill=args.kill, settling=args.settling
    )
    counts = record.counts
    columns = ["sessions at a time", "pages", "trainings accepted", "trainings ended"]
    counts["sessions at a time"], counts["faults"] = args.sessions, len(record.faults)
    rows = [
        {"": what, "count": f"{counts[what]:,}"}
        for what in [*columns, *sorted(set(counts) - set(columns))]
    ]
    rows.append({"": "median of a page, s", "count": f"{statistics.median(record.seconds):.2f}"})
    rows.append(
        {
            "": "MB left after each phase",
            "count": ", ".join(f"{one.megabytes:.0f}" for one in footprints),
        }
    )
    rows.append({"": "MB at the peak", "count": f"{peak:.0f}"})
    command = f"python -m benchmarks.soak --sessions {args.sessions} --minutes {args.minutes:g}"
    command += f" --phases {args.phases}" + (" --kill" if args.kill else "")
    measure.publish(
        "soak", command, rows, {"faults": record.faults, "left": [vars(one) for one in footprints]}
    )
    return 1 if record.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
