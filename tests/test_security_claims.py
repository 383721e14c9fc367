"""SECURITY.md: each claim has a test that exists, and each limit is the one in the code."""

from __future__ import annotations

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cryptoforecast.api.options import Options
from cryptoforecast.settings import Settings
from tests import markdown

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "SECURITY.md").read_text("utf-8")
ROWS = [row for table in markdown.tables(TEXT) for row in table]
LIMITS = [row for row in ROWS if len(row) == 4]
#: What a number is multiplied by to become the one in the code, by the unit behind it.
UNITS = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "minutes": 60, "hours": 3600}


@cache
def names_of_tests(path: Path) -> frozenset[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse(path.read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def test_there_are_claims_and_limits() -> None:
    assert len(ROWS) > 30
    assert len(LIMITS) > 10


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_claim_names_tests_that_exist(row: list[str]) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[-1])
    assert named, "no test is named"
    for path, name in named:
        assert name in names_of_tests(ROOT / path), (path, name)


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[0][:40])
def test_every_limit_is_the_one_in_the_code(row: list[str]) -> None:
    _, limit, place, _ = row
    number, unit = re.fullmatch(r"([\d,.]+)(?: (.+))?", limit).groups()  # type: ignore[union-attr]
    stated = float(number.replace(",", ""))
    dotted = re.fullmatch(r"`(cryptoforecast[\w.]+)`(?:, `CRYPTOFORECAST_\w+`)?", place)
    assert dotted, place
    actual = value(dotted[1])
    assert actual in (stated, stated * UNITS.get(unit, 1)), (limit, actual)


def value(dotted: str) -> float:
    """Return the number that a dotted name in the package stands for."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            value_: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            value_ = getattr(value_, name)
        assert isinstance(value_, int | float)
        return value_
    raise LookupError(dotted)


class Recorded(dict[str, str]):
    """An environment that remembers which variables were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: object = None) -> Any:
        self.names.add(key)
        return super().get(key, default)


def test_every_setting_named_here_is_read_and_every_one_is_described() -> None:
    environment = Recorded()
    Settings.from_environment(environment)
    Options.from_environment(environment)
    described = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    assert set(re.findall(r"CRYPTOFORECAST_\w+", TEXT)) <= environment.names
    assert {name for name in environment.names if name not in described} == set()
