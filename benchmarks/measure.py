"""Whole processes measured side by side: in turns, in one run, as medians and ratios.

A benchmark gives each contender a command. They run one after the other, round after round, so
that a noisy machine is noisy to all of them, and ratios are taken within a round.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptoforecast.settings import ROOT

RESULTS = ROOT / "benchmarks" / "results"
_MB = 2**20 if sys.platform == "darwin" else 2**10


@dataclass(frozen=True)
class Outcome:
    """One process that ended well.

    Attributes:
        seconds: Seconds from its start to its end.
        megabytes: The most memory that it had resident.
        output: The JSON object on the last line of its output; empty if there is none.
    """

    seconds: float
    megabytes: float
    output: Mapping[str, float]


def run(command: Sequence[str | Path]) -> Outcome:
    """Run one process to its end, in the project's root.

    Raises:
        SystemExit: If it fails; shows the end of its output.
    """
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command], stdout=out, stderr=subprocess.STDOUT, cwd=ROOT
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode(errors="replace").strip()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))[:300]} failed:\n{text[-2000:]}")
    last = text.splitlines()[-1] if text else ""
    output = json.loads(last) if last.startswith("{") and last.endswith("}") else {}
    return Outcome(seconds, used.ru_maxrss / _MB, output)


def rounds(commands: Mapping[str, Sequence[str | Path]], repeats: int) -> dict[str, list[Outcome]]:
    """Run every command ``repeats`` times, in turns."""
    outcomes: dict[str, list[Outcome]] = {name: [] for name in commands}
    for number in range(repeats):
        for name, command in commands.items():
            print(f"round {number + 1} of {repeats}: {name} ...", file=sys.stderr, flush=True)
            outcomes[name].append(run(command))
    return outcomes


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Write median and range, as ``"1.20 (1.10-1.40)"``."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Write rows as a Markdown table; the first one's keys are the header."""
    header = list(rows[0])
    lines = [header, ["---"] * len(header), *([row[name] for name in header] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def publish(name: str, command: str, rows: Sequence[Mapping[str, str]], raw: object) -> None:
    """Print the table, and write it with every measurement to ``results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    result = {
        "command": command,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "rows": list(rows),
        "raw": raw,
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(table(rows))
    print(f"\nEvery measurement: {path.relative_to(ROOT)}")
