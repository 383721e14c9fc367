"""The examples of the documentation are run as they stand, against running servers."""

import json
import shutil
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest

from tests import markdown
from tests.api.conftest import KEY
from tests.test_docs import PAGES

pytestmark = pytest.mark.slow
APP, ALONE = "http://localhost:8501", "http://localhost:8000"
BLOCKS = markdown.blocks(PAGES["docs/api.md"])
CURLS = [line for kind, block in BLOCKS if kind == "bash" for line in markdown.commands(block)
         if line.startswith("curl")]  # fmt: skip
PYTHON = [block for kind, block in BLOCKS if kind == "python"]


@pytest.fixture
def addresses(open_server, locked_server):
    """A folder with closes, and an address for each of the two that the documentation names."""
    folder, app = open_server
    closes = {"prices": [61_000 + 25.5 * (7 * i % 11) for i in range(60)]}
    (folder / "closes.json").write_text(json.dumps(closes))
    return folder, app, locked_server[1]


def test_there_are_examples_of_both_kinds():
    assert len(CURLS) >= 6
    assert len(PYTHON) >= 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("line", CURLS)
def test_each_call_from_a_shell_is_answered(addresses, line):
    folder, app, alone = addresses
    if "jobs/ID" in line:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        body = b'{"settings": {"network": "cone"}, "days": 30}'
        with urlopen(Request(f"{alone}/api/v1/backtests", body, headers)) as answer:
            line = line.replace("jobs/ID", f"jobs/{json.load(answer)['id']}")
    command = line.replace(APP, app).replace(ALONE, alone)
    done = subprocess.run(
        ["bash", "-c", command.replace("curl ", "curl --fail-with-body ", 1)],
        cwd=folder, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    if "-sN" in line:
        assert "event: done" in done.stdout
    else:
        answer = json.loads(done.stdout)
        assert answer
        assert [one["problem"] for one in answer.get("series", [])] in ([], [None])


@pytest.mark.parametrize("code", PYTHON)
def test_each_program_runs(addresses, code):
    done = subprocess.run(
        [sys.executable, "-c", code.replace(APP, addresses[1])],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
