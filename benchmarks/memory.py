"""Resident memory of the whole server: idle, visited, training, and after many trainings.

    python -m benchmarks.memory [--repeats 1] [--trainings 40]

Linux alone, whose ``/proc`` says how much a process has resident. *Ten users* open every page
at once, each with a coin, a candle length and a history of its own, and stay. An LSTM trains on a
file of 115,000 hourly candles, in a server without other users and in one with those ten; the
peak is that of the process. In a third server one network after another is trained on 90 days of
hours.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks import measure, server
from benchmarks.page_client import PageClient, Shown
from benchmarks.pages import NO_XSRF, price_file
from cryptoforecast.prices.candles.coins import COINS
from cryptoforecast.ui import inputs

CLIENTS, ROWS, EARLY = 10, 115_000, 5
#: Megabytes that a free cloud machine gives at most.
MACHINE = 2_700
#: Epochs of the trainings: memory grows no more after the first.
EPOCHS = 3
_SETTLE = 8.0
_PATIENCE = 900.0


def main() -> None:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1, help="rounds")
    parser.add_argument("--trainings", type=int, default=40, help="one after another")
    args = parser.parse_args()
    if args.trainings <= EARLY:
        parser.error(f"--trainings must be above {EARLY}. Received: {args.trainings}.")
    measured: dict[str, list[float]] = {}
    many: list[list[float]] = []
    for number in range(args.repeats):
        print(f"round {number + 1} of {args.repeats} ...", file=sys.stderr, flush=True)
        for what, megabytes in (*_alone().items(), *_visited().items()):
            measured.setdefault(what, []).append(megabytes)
        many.append(_trainings(args.trainings))
    rows = [{"": what, "MB": measure.spread(values, 0)} for what, values in measured.items()]
    early = [one[EARLY - 1] for one in many]
    last = [one[-1] for one in many]
    growth = measure.ratio(last, early)
    rows += [
        {"": f"after training {EARLY} of {args.trainings}", "MB": measure.spread(early, 0)},
        {
            "": f"after training {args.trainings}, {growth:.2f} times that",
            "MB": measure.spread(last, 0),
        },
        {
            "": f"left of {MACHINE:,} MB at the highest peak",
            "MB": f"{MACHINE - max(max(values) for values in (*measured.values(), *many)):.0f}",
        },
    ]
    raw = {"server": measured, "trainings": many}
    measure.publish("memory", "python -m benchmarks.memory", rows, raw)


def _alone() -> dict[str, float]:
    """Let one server idle, then train on a long file for its only user."""
    with server.app(NO_XSRF) as one:
        time.sleep(_SETTLE)
        idle = one.megabytes()
        with PageClient(one.url, _PATIENCE) as trainer:
            _upload(trainer)
            uploaded = one.megabytes()
            _train(trainer, seed=1)
        return {
            "idle": idle,
            f"after uploading {ROWS:,} candles": uploaded,
            "peak, LSTM trained on them": one.peak(),
            "afterwards": one.megabytes(),
        }


def _visited() -> dict[str, float]:
    """Let users open every page of one server, then train while they are there."""
    with server.app(NO_XSRF) as one, ExitStack() as tabs:
        time.sleep(_SETTLE)
        clients = [tabs.enter_context(PageClient(one.url, _PATIENCE)) for _ in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(_browse, clients, range(CLIENTS)))
        visited = one.megabytes()
        trainer = tabs.enter_context(PageClient(one.url, _PATIENCE))
        _upload(trainer)
        _train(trainer, seed=1)
        return {
            f"after {CLIENTS} users on all pages": visited,
            "peak, the same training with them there": one.peak(),
        }


def _upload(client: PageClient) -> None:
    """Upload the long file, and open the Forecast page on it."""
    client.open("data")
    client.upload("upload", "BTCUSDT-1h.csv", price_file(ROWS))
    client.open(coin=client.file(), model="naive")


def _browse(client: PageClient, number: int) -> None:
    """Open every page twice, with a coin, candles and a history of this user's own."""
    interval = list(inputs.WINDOWS)[number % len(inputs.WINDOWS)]
    window = list(inputs.WINDOWS[interval])[-1 - number // len(inputs.WINDOWS)]
    query = {"coin": list(COINS)[number], "interval": interval, f"history_{interval}": window}
    for _ in range(2):
        client.open(**query)
        client.open("market", **query)
        client.open("data")
        client.open("models")


def _trainings(count: int) -> list[float]:
    """Return the megabytes after each of so many trainings in one server."""
    megabytes = []
    with server.app() as one, PageClient(one.url, _PATIENCE) as client:
        time.sleep(_SETTLE)
        for seed in range(count):
            client.open(history_1h="90 days", model="naive")
            _train(client, seed)
            megabytes.append(one.megabytes())
            print(f"training {seed + 1}: {megabytes[-1]:.0f} MB", file=sys.stderr, flush=True)
    return megabytes


def _train(client: PageClient, seed: int) -> Shown:
    """Send the training form of the page that is open, and wait for the answer.

    Raises:
        SystemExit: If there is none.
    """
    shown = client.train(
        epochs={"double_array_value": {"data": [float(EPOCHS)]}},
        seed={"double_value": float(seed)},
    )
    until = time.monotonic() + _PATIENCE
    while shown.trains or not client.has_trained:
        if time.monotonic() > until:
            sys.exit(f"The training gave no answer. The page says: {shown.messages}")
        time.sleep(0.5)
        shown = client.rerun()
    return shown


if __name__ == "__main__":
    main()
