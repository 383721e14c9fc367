"""What the documentation promises: its commands, its links, and the routes of the API."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import cryptoforecast
from tests import markdown

ROOT = Path(__file__).resolve().parent.parent
FILES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in FILES}
COMMANDS = [(page, line) for page, text in PAGES.items() for line in markdown.own_commands(text)]
LINKS = [(page, target) for page, text in PAGES.items() for target in markdown.links(text)]


def test_the_documentation_is_there() -> None:
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/index.md"} <= set(PAGES)
    assert {page for page, _ in COMMANDS} >= {"README.md", "docs/command-line.md"}


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_commands_are_understood(page: str, line: str) -> None:
    from cryptoforecast.cli import options

    words = shlex.split(line, comments=True)
    start = next(i for i, word in enumerate(words) if word.rpartition("/")[2] == "cryptoforecast")
    words = words[start + 1 :]
    shell = [i for i, word in enumerate(words) if word in {">", "|", "<", "2>", "&&"}]
    options.parser().parse_args(words[: min(shell, default=len(words))])


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_links_lead_somewhere(page: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    if path.startswith(("http://", "https://")):
        return
    file = (ROOT / page).parent / path if path else ROOT / page
    assert file.exists()
    assert file.resolve().is_relative_to(ROOT)
    if anchor:
        assert anchor in markdown.anchors(file.read_text("utf-8"))


def test_every_page_is_in_the_index() -> None:
    linked = {f"docs/{target}" for page, target in LINKS if page == "docs/index.md"}
    pages = {page for page in PAGES if page.startswith("docs/")}
    assert linked >= pages - {"docs/index.md"}


def test_benchmarks_exist() -> None:
    named = {
        (page, name)
        for page, text in PAGES.items()
        for name in re.findall(r"python -m benchmarks\.(\w+)", text)
    }
    assert named
    assert [one for one in named if not (ROOT / "benchmarks" / f"{one[1]}.py").is_file()] == []


def test_named_files_exist() -> None:
    folders = "cryptoforecast|tests|pages|models|benchmarks|docs"
    named = {
        (page, path)
        for page, text in PAGES.items()
        for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", text)
        if "NAME" not in path
    }
    assert named
    assert [one for one in named if not (ROOT / one[1]).exists()] == []


def test_every_part_of_the_package_is_in_the_picture_of_the_folders() -> None:
    tree = markdown.blocks(PAGES["docs/architecture.md"])[0][1]
    parts = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / "cryptoforecast").iterdir()
        if path.name != "__main__.py" and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert parts <= set(tree.split())


@pytest.mark.parametrize(
    "code",
    [code for text in PAGES.values() for kind, code in markdown.blocks(text) if kind == "python"],
)
def test_python_is_whole_and_uses_names_of_the_library(code: str) -> None:
    compile(code, "example", "exec")
    assert set(re.findall(r"\bcf\.(\w+)", code)) <= set(cryptoforecast.__all__)


def test_routes_of_the_api_are_listed(tmp_path: Path) -> None:
    from cryptoforecast.api import rest
    from cryptoforecast.api.options import Options
    from cryptoforecast.service import Service
    from cryptoforecast.settings import Settings

    schema = rest.create(Service(Settings(tmp_path, live=False)), Options(metrics=True)).openapi()
    real = {f"{method.upper()} {path}" for path, item in schema["paths"].items() for method in item}
    cells = [row[0] for row in markdown.tables(PAGES["docs/api.md"])[0]]
    listed = [route for cell in cells for route in re.findall(r"`([A-Z]+ [^`]+)`", cell)]
    assert sorted(listed) == sorted({*real, "GET /api/v1/openapi.json", "GET /api/v1/docs"})


def test_slow_tests_are_named_as_they_are() -> None:
    from tests import conftest

    assert [name for name in conftest.SLOW if not (conftest.TESTS / name).exists()] == []
