"""The main journeys on a machine like a free one: one core, 1 GB, a read-only folder of code.

    python -m benchmarks.small_machine [--megabytes 1024] [--rows 71000]

Linux and root alone: the server runs in a control group of its own, which the kernel ends when it
needs more memory, and sees one core. The group also pays for the pages of the libraries, which are
copied for it. The code is a copy without compiled files, and nothing can be written into it. At
the end the server starts again with an empty disk. No user is the owner. For each step the table
has the seconds, the most memory that was resident during it (pages of libraries included, which
the kernel can drop), and what the page said where it refused. The exit status is 1 if the kernel
has ended a server, or if a step failed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import requests

from benchmarks import measure, server
from benchmarks.page_client import PageClient, Shown
from benchmarks.pages import NO_XSRF, price_file
from cryptoforecast.settings import ROOT

CODE = ("app.py", "cryptoforecast", "models", "pages", ".streamlit")
#: Groups of version 1 first: where both versions are there, version 1 limits the memory.
GROUPS = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
LIMITS = "memory.limit_in_bytes", "memory.max"
KILLS = "memory.oom_control", "memory.events"
PATIENCE = 1_800.0
#: What can't be trained in 1 GB: an LSTM that reads many candles before each target.
LOOKBACK, WINDOWS = 240.0, {"string_array_value": {"data": ["windows"]}}
#: Candles of a file that can't be read in the memory that is left then.
MINUTES = 900_000
#: Joins the group and copies the libraries, so that the group pays for their pages.
COPY = 'echo $$ > "$1/cgroup.procs" && cp -r "$2" "$3"'
#: Makes the code read-only for this process alone, joins the group, keeps one core.
START = (
    'echo $$ > "$1/cgroup.procs" && mount --bind "$2" "$2" && mount -o remount,ro,bind "$2" '
    '&& cd "$2" && shift 2 && exec taskset -c 0 "$@"'
)


class Refused(Exception):
    """A limit refused what was asked for, before it started."""


@dataclass
class Steps:
    """What was done so far.

    Args:
        one: The server.
    """

    one: server.Server
    rows: list[dict[str, str]] = field(default_factory=list)
    failed: bool = False

    def measure(self, what: str, do: Callable[[], Shown | None]) -> None:
        """Do a step; note its seconds and the peak of memory during it."""
        began, note, peak = time.perf_counter(), "", "–"
        try:
            # From here on the kernel keeps a new peak.
            Path(f"/proc/{self.one.pid}/clear_refs").write_text("5", encoding="ascii")
            shown = do()
            peak = f"{self.one.peak():.0f}"
            if shown is not None and not shown.figures:
                note = " ".join(shown.messages)[:160]
        except Refused as refusal:
            note = f"refused: {refusal}"[:300]
        except Exception as error:  # the server is gone, or the page failed
            self.failed, note = True, f"FAILED: {type(error).__name__}: {error}"[:300]
        self.add(what, f"{time.perf_counter() - began:.1f}", peak, note)

    def add(self, what: str, seconds: str, peak: str, note: str) -> None:
        """Add a row, and show it."""
        self.rows.append({"": what, "s": seconds, "MB": peak, "the page said": note})
        print(*self.rows[-1].values(), sep=" | ", file=sys.stderr, flush=True)


def journeys(steps: Steps, rows: int) -> None:
    """Use everything once, as one user does."""
    url = steps.one.url
    with PageClient(url, PATIENCE) as tab:
        steps.measure("Forecast page, first", tab.open)
        for page in ("market", "data", "models", "backtest"):
            steps.measure(f"{page.capitalize()} page", partial(tab.open, page))
        for network in ("lstm", "dense"):
            steps.measure(f"train {network}, 1 year of hours", partial(_train, tab, network))
        steps.measure("save it", partial(_save, tab))
        steps.measure("Models page with it", partial(tab.open, "models"))
        steps.measure(f"upload {rows:,} candles", partial(_upload, tab, rows))
        coin = tab.file()
        steps.measure("Forecast of the file", partial(tab.open, coin=coin))
        steps.measure("Backtest of the file", partial(tab.open, "backtest", coin=coin))
        for network in ("lstm", "dense"):
            what = f"train {network} on the file"
            steps.measure(what, partial(_train, tab, network, coin=coin))
        large: dict[str, Mapping[str, object]] = {
            "training": WINDOWS,
            "lookback": {"double_array_value": {"data": [LOOKBACK]}},
        }
        what = f"train lstm on windows of {LOOKBACK:.0f} candles of the file"
        steps.measure(what, partial(_train, tab, "lstm", large, coin=coin))
        steps.measure("Market page after it", partial(tab.open, "market"))
        steps.measure(f"upload {MINUTES:,} minutes", partial(_upload_minutes, tab))
    steps.measure("POST /predict", partial(_ask, f"{url}/predict", [6e4 + i for i in range(60)]))
    for path in ("models", "models/global-1h-lstm/forecast"):
        steps.measure(f"GET /api/v1/{path}", partial(_ask, f"{url}/api/v1/{path}"))


def _upload(tab: PageClient, rows: int) -> Shown:
    tab.open("data")
    return tab.upload("upload", "BTCUSDT-1h.csv", price_file(rows))


def _upload_minutes(tab: PageClient) -> Shown:
    tab.open("data")
    steps = np.random.default_rng(0).normal(0, 1e-3, MINUTES)
    close = 100 * np.exp(np.cumsum(steps))
    lines = (
        f"{1577836800 + 60 * i},{x:.2f},{x:.2f},{x:.2f},{x:.2f},1" for i, x in enumerate(close)
    )
    content = "\n".join(["time,open,high,low,close,volume", *lines]).encode()
    return tab.upload("upload", "BTCUSDT-1m.csv", content)


def _train(
    tab: PageClient,
    network: str,
    changes: Mapping[str, Mapping[str, object]] | None = None,
    **query: str,
) -> Shown:
    """Train as the form proposes but for some changes, and wait for the end.

    Args:
        tab: The user.
        network: Its kind.
        changes: What to set, by field of the form: the field of ``WidgetState``, and its value.
        query: Which prices.
    """
    tab.open(model="naive", **query)
    shown = tab.train(network, **(changes or {}))
    if not tab.has_trained:
        raise Refused(" ".join(shown.messages))
    while shown.trains:
        time.sleep(1)
        shown = tab.rerun()
    if not tab.has_trained:
        raise RuntimeError(f"The training ended without a network: {shown.messages}")
    return shown


def _save(tab: PageClient) -> None:
    tab.click("save")
    tab.fill("Name", string_value="of-a-small-machine")
    shown = tab.click("FormSubmitter:save-Save")
    if not any("Saved" in text for text in shown.messages):
        raise RuntimeError(f"The model was not saved: {shown.messages}")


def _ask(url: str, prices: list[float] | None = None) -> None:
    answer = (
        requests.post(url, json={"prices": prices}, timeout=60)
        if prices
        else requests.get(url, timeout=60)
    )
    answer.raise_for_status()


@contextlib.contextmanager
def group(megabytes: int) -> Iterator[Path]:
    """Make a control group with so much memory.

    Raises:
        SystemExit: If this machine does not allow it.
    """
    for folder, limit in zip(GROUPS, LIMITS, strict=True):
        path = folder / f"cryptoforecast-{os.getpid()}"
        try:
            path.mkdir()
        except OSError:
            continue
        try:
            (path / limit).write_text(str(megabytes * 2**20), encoding="ascii")
            yield path
        finally:
            time.sleep(1)
            path.rmdir()
        return
    raise SystemExit("This needs root on Linux, with control groups that may be made.")


def kills(group_folder: Path) -> int:
    """Count how often the kernel has ended a process of the group."""
    for name in KILLS:
        with contextlib.suppress(OSError):
            words = (group_folder / name).read_text(encoding="ascii").split()
            return int(words[words.index("oom_kill") + 1])
    return 0


def run(megabytes: int, rows: int) -> tuple[list[dict[str, str]], bool]:
    """Go through everything in so much memory; return the table, and whether all was well."""
    os.environ["CRYPTOFORECAST_OWNER_KEY"] = secrets.token_urlsafe(24)
    table: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder, group(megabytes) as group_folder:
        code = Path(folder) / "code"
        code.mkdir()
        for name in CODE:
            source = ROOT / name
            if source.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, code / name, ignore=ignore)
            else:
                shutil.copy(source, code)
        libraries = Path(folder) / "site-packages"
        installed = sysconfig.get_path("purelib")
        subprocess.run(["sh", "-c", COPY, "copy", group_folder, installed, libraries], check=True)
        os.environ["PYTHONPATH"] = str(libraries)
        before = ["unshare", "--mount", "sh", "-c", START, "small", str(group_folder), str(code)]
        words = ["streamlit", "run", "app.py", NO_XSRF]
        for again in (False, True):
            with server.serve(words, "--server.port={}", folder=code, before=before) as one:
                steps = Steps(one, table)
                steps.add(
                    "restart, the disk is empty" if again else "start",
                    f"{one.seconds:.1f}",
                    f"{one.peak():.0f}",
                    "",
                )
                if again:
                    with PageClient(one.url, PATIENCE) as tab:
                        steps.measure("Forecast page, first", tab.open)
                        gone = partial(tab.open, model="run-0123456789abcdef")
                        steps.measure("link to a training that is gone", gone)
                else:
                    journeys(steps, rows)
            if steps.failed:
                break
        ended = kills(group_folder)
        table.append({"": "ended by the kernel", "s": "", "MB": "", "the page said": str(ended)})
    return table, not (steps.failed or ended)


def main() -> int:
    """Run it, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1024, help="memory of the machine")
    parser.add_argument("--rows", type=int, default=71_000, help="hours in the uploaded file")
    args = parser.parse_args()
    table, well = run(args.megabytes, args.rows)
    command = f"python -m benchmarks.small_machine --megabytes {args.megabytes}"
    measure.publish(f"small_machine_{args.megabytes}", command, table, None)
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main())
