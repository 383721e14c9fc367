"""What the README promises: its commands, its links."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """Return the command lines of a shell block, continuations joined, comments left out."""
    joined = text.replace("\\\n", " ")
    return [line for line in map(str.strip, joined.splitlines()) if line and line[0] != "#"]


def section(heading: str) -> str:
    """Return what stands between a heading of the second level and the next."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"README has no heading: ## {heading}"
    return found[1]


@pytest.mark.parametrize(
    ("heading", "requirements", "last"),
    [
        ("Open the app", "requirements.txt", "streamlit run app.py"),
        ("Run the tests", "requirements-dev.txt", "pytest"),
    ],
)
def test_section_is_one_command(heading: str, requirements: str, last: str) -> None:
    blocks = FENCE.findall(section(heading))
    assert [language for language, _ in blocks] == ["bash"]
    (command,) = commands(blocks[0][1])
    make, install, run = command.split(" && ")
    assert make == "python3 -m venv .venv"
    assert install.startswith(".venv/bin/python -m pip install ")
    assert install.endswith(f" -r {requirements}")
    assert run == f".venv/bin/python -m {last}"


def documented() -> list[str]:
    """Return every ``python -m cryptoforecast …`` in a shell block of the README."""
    lines = [line for kind, text in FENCE.findall(README) if kind == "bash" for line in
             commands(text)]  # fmt: skip
    pattern = re.compile(r"^(?:\S*/)?python3? -m cryptoforecast( .*)?$")
    return [line for line in lines if pattern.match(line)]


def test_documented_commands_are_understood() -> None:
    if not documented():
        pytest.skip("the README documents no command yet")
    from cryptoforecast.cli import options

    parser = options.parser()
    for line in documented():
        words = shlex.split(line, comments=True)
        words = words[words.index("cryptoforecast") + 1 :]
        shell = [i for i, word in enumerate(words) if word in {">", "|", "<", "2>", "&&"}]
        parser.parse_args(words[: min(shell, default=len(words))])


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", README)
    assert targets
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}
    for target in targets:
        path, _, anchor = target.partition("#")
        if path.startswith(("http://", "https://")):
            continue
        assert not path or (ROOT / path).exists(), target
        assert path or anchor in anchors, target


def test_python_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert "Python 3.11, 3.12 or 3.13" in section("Open the app")
