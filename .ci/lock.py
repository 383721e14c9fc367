"""Write the locks of what pip installs: every package, also those that ours need, with its hashes.

``requirements.lock`` has what ``requirements.txt`` leads to, for Python 3.11 to 3.13 on every
system. ``requirements-dev.lock`` has what ``requirements-dev.txt`` needs on top of it. Versions
that are locked already stay, unless ``--upgrade`` is given.

    pip install uv
    .venv/bin/python .ci/lock.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = (
    *("uv", "pip", "compile", "--quiet", "--no-header", "--universal", "--python-version=3.11"),
    *("--generate-hashes", "--annotation-style=line", "--default-index=https://pypi.org/simple"),
)
HEAD = "# Written by .ci/lock.py. pip installs these versions and refuses a file of another hash.\n"
#: One package: its name and version, its hashes, and what needs it.
BLOCK = re.compile(r"^\S.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def main(options: list[str]) -> None:
    """Write both locks."""
    if shutil.which("uv") is None:
        raise SystemExit("uv writes the locks. It is not installed: pip install uv.")
    app = ROOT / "requirements.lock"
    locked = _locked("requirements.txt", _pins("requirements.txt"), [app], options)
    app.write_text(HEAD + "".join(locked), "utf-8")

    dev = ROOT / "requirements-dev.lock"
    # The app's own versions are requirements here, so that both locks agree.
    known = [_entry(block) for block in locked]
    wanted = [*known, *_pins("requirements-dev.txt")]
    both = _locked("requirements-dev.txt", wanted, [app, dev], options)
    dev.write_text(HEAD + "".join(one for one in both if _entry(one) not in known), "utf-8")


def _pins(name: str) -> list[str]:
    """Return the lines of a requirements file that name a package."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


def _blocks(lock: Path) -> list[str]:
    text = lock.read_text("utf-8") if lock.exists() else ""
    return [block for block in BLOCK.findall(text) if not block.startswith("#")]


def _entry(block: str) -> str:
    """Return the name, version and marker that a block begins with."""
    return block.split("\\")[0].strip()


def _locked(file: str, pins: list[str], known: list[Path], options: list[str]) -> list[str]:
    """Ask uv for all packages that pins lead to.

    Args:
        file: The requirements file that has the pins; the lock names it where it needs a package.
        pins: Its lines.
        known: Locks whose versions and hashes stay where they fit.
        options: Further options of uv.

    Returns:
        One block of lines for each package.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "lock.txt")
        Path(folder, file).write_text("\n".join(pins), "utf-8")
        output.write_text("".join(block for lock in known for block in _blocks(lock)), "utf-8")
        command = [*COMPILE, *options, file, "--output-file", output.name]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return _blocks(output)


if __name__ == "__main__":
    main(sys.argv[1:])
