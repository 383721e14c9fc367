"""Which code a process runs. Workers of other code or other libraries would give other figures."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
from dataclasses import dataclass
from pathlib import Path

from cryptoforecast.errors import WorkersUnavailable

PACKAGE = Path(__file__).resolve().parent.parent
#: The libraries that shape a figure. TensorFlow has one of two names.
LIBRARIES = ("keras", "numpy", "pandas", "scikit-learn", "tensorflow", "tensorflow-cpu")


@dataclass(frozen=True)
class Code:
    """What a process runs.

    Attributes:
        digest: Hash of the source of the package, 16 hexadecimal digits.
        versions: Versions of Python and of the libraries that shape a figure, by name.
    """

    digest: str
    versions: tuple[tuple[str, str], ...]

    def difference(self, other: Code) -> str:
        """Say in a few words how another process differs; ``""`` if it does not."""
        own, others = dict(self.versions), dict(other.versions)
        parts = [
            f"{name} {others.get(name, 'absent')} in place of {own.get(name, 'absent')}"
            for name in sorted({*own, *others})
            if own.get(name) != others.get(name)
        ]
        if self.digest != other.digest:
            parts.insert(0, f"code {other.digest} in place of {self.digest}")
        return ", ".join(parts)


@functools.cache
def own() -> Code:
    """Return what this process runs."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    versions = {"python": ".".join(platform.python_version_tuple()[:2])}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Code(digest.hexdigest()[:16], tuple(versions.items()))


def check(where: str, worker: Code, expected: Code | None = None) -> None:
    """Refuse a worker that runs something else.

    Args:
        where: Names the worker.
        worker: What it runs.
        expected: What it must run; by default what this process runs.

    Raises:
        WorkersUnavailable: If it does not.
    """
    difference = (own() if expected is None else expected).difference(worker)
    if difference:
        raise WorkersUnavailable(
            "Every worker must run the same code and libraries as the process that gives the "
            f"tasks, else its figures may differ. Received: {where} has {difference}. Install the "
            "same version there, and start the worker again."
        )
