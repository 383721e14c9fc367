"""``POST /predict`` over HTTP: against an endpoint as tutorials write it, and while busy.

    pip install -r requirements-dev.txt     # Playwright, for the page in use
    python -m benchmarks.serve [--repeats 5] [--seconds 20]

*Throughput*: eight keep-alive connections, each asking again as soon as it is answered; the peer
is ``benchmarks/plain_endpoint.py``. *Latency*: 50 requests a second, sent when they are due
whether or not earlier ones are answered, counted from then; server idle, while the Forecast page
is clicked through, and while a network trains in the server. The client is a process of its own on
the same machine. So is a browser, which takes more than a core where it may; a user's runs on
another machine. Hence a page is used by a user without a browser, by a browser that keeps to
one core and by one that does not; and the last one uses another server as well, while this one is
idle, to tell what it takes from the machine from what it asks of the server.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks import browser, measure, server
from benchmarks.page_client import PageClient

CONNECTIONS, RATE = 8, 50
WINDOWS = ("90 days", "1 year", "2 years")
OURS, PEER = "CryptoForecast", "FastAPI and model.predict"
#: Seconds for the warm-up of the landing page to end, and for a training to begin.
_SETTLE, _PATIENCE = 5.0, 120.0


def main() -> None:
    """Run everything in turns, print two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds")
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--use", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.use:
        _USERS[args.use[0]](args.use[1])
        return
    flooded, paced = [], []
    for number in range(args.repeats):
        print(f"round {number + 1} of {args.repeats} ...", file=sys.stderr, flush=True)
        flooded.append(_throughput(args.seconds))
        paced.append({name: _latency(user, args.seconds) for name, user in _BUSY.items()})
    raw = {"throughput": flooded, "latency": paced}
    measure.publish("serve", "python -m benchmarks.serve", _rows(flooded, paced), raw)


def _rows(
    flooded: list[dict[str, dict[str, float]]], paced: list[dict[str, dict[str, float]]]
) -> list[dict[str, str]]:
    own = [one[OURS]["requests_per_second"] for one in flooded]
    rows = []
    for name in (OURS, PEER):
        rate = [one[name]["requests_per_second"] for one in flooded]
        cost = statistics.median(one[name]["cpu_ms"] for one in flooded)
        rows.append(
            {
                "": f"throughput: {name}",
                "requests/s": measure.spread(rate, 1),
                "ours / theirs": f"{measure.ratio(own, rate):.1f}",
                "server CPU, ms each": f"{cost:.1f}",
                "p50, ms": "",
                "p99, ms": "",
                "worst, ms": "",
            }
        )
    for name in _BUSY:
        results = {key: [one[name][key] for one in paced] for key in ("p50", "p99", "worst")}
        rows.append(
            {
                "": f"latency: {name}",
                "requests/s": str(RATE),
                "ours / theirs": "",
                "server CPU, ms each": "",
                "p50, ms": measure.spread(results["p50"], 1),
                "p99, ms": measure.spread(results["p99"], 1),
                "worst, ms": measure.spread(results["worst"], 1),
            }
        )
    return rows


def _throughput(seconds: float) -> dict[str, dict[str, float]]:
    """Flood both servers, one after the other."""
    plain = ["uvicorn", "benchmarks.plain_endpoint:app", "--log-level=warning"]
    servers = {OURS: server.app(), PEER: server.serve(plain, "--port={}")}
    results = {}
    for name, started in servers.items():
        with started as one:
            time.sleep(_SETTLE)
            _load(one, "flood", 1, CONNECTIONS)
            began = one.cpu()
            load = _load(one, "flood", seconds, CONNECTIONS)
            requests = load["requests_per_second"] * (seconds + load["warm_up"])
            results[name] = {**load, "cpu_ms": 1e3 * (one.cpu() - began) / requests}
    return results


def _latency(
    user: Callable[[server.Server], contextlib.AbstractContextManager[None]], seconds: float
) -> dict[str, float]:
    """Ask at a steady rate while the server is in use."""
    with server.app() as one:
        time.sleep(_SETTLE)
        with user(one):
            return _load(one, "pace", seconds, RATE)


def _load(one: server.Server, how: str, seconds: float, many: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.load", str(one.port), how]
    return dict(measure.run([*command, str(seconds), str(many)]).output)


@contextlib.contextmanager
def _idle(_: server.Server) -> Iterator[None]:
    yield


def _used_by(name: str) -> Callable[[server.Server], contextlib.AbstractContextManager[None]]:
    """Let a process of its own, one of ``_USERS``, use the page until the measurement ends."""

    @contextlib.contextmanager
    def using(one: server.Server) -> Iterator[None]:
        command = [sys.executable, "-m", "benchmarks.serve", "--use", name, one.url]
        reading, writing = os.pipe()
        process = subprocess.Popen(command, stdout=writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as output:
            if not output.readline():
                sys.exit(f"The {name} did not get to the page.")
            try:
                yield
                if process.poll() is not None:
                    sys.exit(f"The {name} left before the measurement ended.")
            finally:
                process.terminate()
                process.wait()

    return using


@contextlib.contextmanager
def _another_in_use(_: server.Server) -> Iterator[None]:
    """Let a browser use the page of another server."""
    with server.app() as other:
        time.sleep(_SETTLE)
        with _used_by("browser")(other):
            yield


@contextlib.contextmanager
def _training(one: server.Server) -> Iterator[None]:
    """Train an LSTM for longer than the measurement, with nobody watching."""
    with PageClient(one.url) as client:
        client.open(history_1h="2 years")
        shown = client.train(epochs={"double_array_value": {"data": [200.0]}})
        until = time.monotonic() + _PATIENCE
        while not any(re.match(r"\d+ %( ·|$)", text) for text in shown.messages):
            if time.monotonic() > until:
                sys.exit(f"No training began. The page says: {shown.messages}")
            time.sleep(0.5)
            shown = client.rerun()
        yield
        if not client.rerun().trains:
            sys.exit("The training ended before the measurement did.")


def _click_on_one_core(url: str) -> None:
    """Click through the Forecast page in a browser that keeps to one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    _click(url)


def _click(url: str) -> None:
    """Click through the Forecast page until stopped."""
    with browser.tab() as page:
        page.goto(url)
        page.locator(".js-plotly-plot").first.wait_for()
        print("there", flush=True)
        while True:
            for window in WINDOWS:
                page.get_by_role("radio", name=window).click()
                page.wait_for_timeout(200)
                page.locator('[data-test-script-state="notRunning"]').wait_for()


def _ask(url: str) -> None:
    """Open the Forecast page again and again until stopped, as fast as clicks follow."""
    with PageClient(url) as client:
        client.open()
        print("there", flush=True)
        while True:
            for window in WINDOWS:
                client.open(history_1h=window)
                time.sleep(0.2)


@contextlib.contextmanager
def _used_while_training(one: server.Server) -> Iterator[None]:
    with _training(one), _used_by("client")(one):
        yield


_USERS = {"client": _ask, "browser on one core": _click_on_one_core, "browser": _click}
_BUSY: dict[str, Callable[[server.Server], contextlib.AbstractContextManager[None]]] = {
    "idle": _idle,
    "a page in use, without a browser": _used_by("client"),
    "a page in use, browser on one core": _used_by("browser on one core"),
    "a page in use, browser on all cores": _used_by("browser"),
    "idle, browser on all cores at another server": _another_in_use,
    "while a network trains": _training,
    "a page in use while a network trains": _used_while_training,
}


if __name__ == "__main__":
    main()
