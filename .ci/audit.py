"""Ask the OSV database for known vulnerabilities of every locked package, and count the answers.

A package counts as audited only if the database answered for it. Where an answer is missing, the
package is listed as not audited, and the command fails.

    .venv/bin/python .ci/audit.py

Exit status: 0 if every package was audited and none has a known vulnerability, 1 if one has, 2 if
a package was not audited.
"""

from __future__ import annotations

import argparse
import json
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
#: Packages in one request; the database allows 1,000.
MAX_QUERIES = 200
MAX_BYTES = 10_000_000


class Package(NamedTuple):
    """A locked package."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def main() -> int:
    """Audit the locks, print the counts, return the exit status."""
    parser = argparse.ArgumentParser(description="Known vulnerabilities of every locked package.")
    parser.add_argument("locks", nargs="*", type=Path, default=[ROOT / name for name in LOCKS])
    parser.add_argument("--url", default="https://api.osv.dev/v1/querybatch")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds of one request")
    chosen = parser.parse_args()

    packages = sorted({one for path in chosen.locks for one in locked(path.read_text("utf-8"))})
    known: dict[Package, list[str]] = {}
    for start in range(0, len(packages), MAX_QUERIES):
        batch = packages[start : start + MAX_QUERIES]
        try:
            known |= vulnerabilities(batch, chosen.url, chosen.timeout)
        except (OSError, ValueError) as error:
            print(f"The database did not answer for {len(batch)} packages: {error}")
    return report(packages, known)


def locked(text: str) -> list[Package]:
    """Return the packages of a lock, also those of other systems."""
    return [Package(*one) for one in re.findall(r"^([\w.-]+)==([\w.!+-]+)", text, re.MULTILINE)]


def vulnerabilities(
    packages: Sequence[Package], url: str, timeout: float
) -> dict[Package, list[str]]:
    """Ask for the identifiers of what is known about each package.

    Returns:
        A list for each package that has an answer. A package whose answer is not whole or not
        understood is left out.

    Raises:
        OSError: If the database cannot be reached.
        ValueError: If it answers something else.
    """
    queries = [
        {"package": {"name": one.name, "ecosystem": "PyPI"}, "version": one.version}
        for one in packages
    ]
    body = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        answer = json.loads(response.read(MAX_BYTES))
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != len(packages):
        raise ValueError("it must give one result for each package.")
    return {
        package: [str(one["id"]) for one in result.get("vulns", [])]
        for package, result in zip(packages, results, strict=True)
        if _whole(result)
    }


def _whole(result: object) -> bool:
    """Return whether a result is one we understand, and has no further page."""
    if not isinstance(result, dict) or result.keys() - {"vulns"}:
        return False
    entries = result.get("vulns", [])
    return isinstance(entries, list) and all(
        isinstance(one, dict) and "id" in one for one in entries
    )


def report(packages: Sequence[Package], known: dict[Package, list[str]]) -> int:
    """Print what was audited and what was not; return the exit status."""
    skipped = [one for one in packages if one not in known]
    vulnerable = {one: names for one, names in known.items() if names}
    for package, names in vulnerable.items():
        print(f"{package}: {', '.join(names)}")
    if skipped:
        print(f"Not audited: {', '.join(map(str, skipped))}")
    print(
        f"{len(packages)} packages: {len(known)} audited, {len(skipped)} skipped, "
        f"{len(vulnerable)} with known vulnerabilities"
    )
    if vulnerable:
        return 1
    if skipped or not packages:
        print("Nothing is known about the skipped packages: this audit has failed.")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
