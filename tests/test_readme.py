"""What the README promises: its two commands, and that it stays short."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests import markdown

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
MAX_LINES = 150


def section(heading: str) -> str:
    """Return what stands between a heading of the second level and the next."""
    match = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert match, f"README has no heading: ## {heading}"
    return match[1]


@pytest.mark.parametrize(
    ("heading", "requirements", "last"),
    [
        ("Open the app", "requirements.txt", "streamlit run app.py"),
        ("Run the tests", "requirements-dev.txt", "pytest -n 2 --dist loadfile"),
    ],
)
def test_section_is_one_command(heading: str, requirements: str, last: str) -> None:
    blocks = markdown.blocks(section(heading))
    assert [language for language, _ in blocks] == ["bash"]
    (command,) = markdown.commands(blocks[0][1])
    make, install, run = command.split(" && ")
    assert make == "python3 -m venv .venv"
    assert install.startswith(".venv/bin/python -m pip install ")
    assert install.endswith(f" -r {requirements}")
    assert run == f".venv/bin/python -m {last}"


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= MAX_LINES


def test_python_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert "Python 3.11, 3.12 or 3.13" in section("Open the app")
