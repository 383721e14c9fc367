"""The audit of the locks: what it asks, what it counts, and that silence is never called clean."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
AUDIT = ROOT / ".ci" / "audit.py"
LOCK = """
alpha==1.0 \\
    --hash=sha256:00
    # via beta
beta==2.0.post1 ; sys_platform == 'win32' \\
    --hash=sha256:00
gamma-delta==3 \\
    --hash=sha256:00
"""

Answer = Callable[[list[dict[str, Any]]], bytes]


@contextmanager
def database(answer: Answer) -> Iterator[str]:
    """Serve an advisory database; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content = answer(body["queries"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/querybatch"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK, "utf-8")
    return path


def audit(lock: Path, url: str) -> tuple[int, str]:
    """Run the audit; return its exit status and what it prints."""
    command = [sys.executable, str(AUDIT), str(lock), "--url", url, "--timeout", "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def clean(queries: list[dict[str, Any]]) -> bytes:
    return json.dumps({"results": [{} for _ in queries]}).encode()


def test_every_locked_package_is_asked_for(lock: Path) -> None:
    queries_: list[dict[str, Any]] = []

    def answer(queries: list[dict[str, Any]]) -> bytes:
        queries_.extend(queries)
        return clean(queries)

    with database(answer) as url:
        status, output = audit(lock, url)
    names = [(one["package"]["name"], one["version"]) for one in queries_]
    assert names == [("alpha", "1.0"), ("beta", "2.0.post1"), ("gamma-delta", "3")]
    assert {one["package"]["ecosystem"] for one in queries_} == {"PyPI"}
    assert output == "3 packages: 3 audited, 0 skipped, 0 with known vulnerabilities\n"
    assert status == 0


def test_a_known_vulnerability_is_named(lock: Path) -> None:
    def answer(queries: list[dict[str, Any]]) -> bytes:
        vulnerability = {"vulns": [{"id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z"}]}
        results = [vulnerability if one["package"]["name"] == "beta" else {} for one in queries]
        return json.dumps({"results": results}).encode()

    with database(answer) as url:
        status, output = audit(lock, url)
    assert "beta 2.0.post1: PYSEC-2026-1\n" in output
    assert "3 audited, 0 skipped, 1 with known vulnerabilities" in output
    assert status == 1


def test_a_database_that_is_away_makes_nothing_clean(lock: Path) -> None:
    with database(clean) as url:
        pass
    status, output = audit(lock, url)
    assert "Not audited: alpha 1.0, beta 2.0.post1, gamma-delta 3\n" in output
    assert "3 packages: 0 audited, 3 skipped" in output
    assert status == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>sign in</html>",
        b"[]",
        b"{}",
        b'{"results": null}',
        b'{"results": [{}, {}]}',
        b'{"results": [null, 1, {"error": "busy"}]}',
        b'{"results": [{"vulns": "none"}, {"vulns": [{}]}, {"next_page_token": "more"}]}',
    ],
)
def test_an_answer_that_is_not_understood_makes_nothing_clean(lock: Path, content: bytes) -> None:
    with database(lambda _: content) as url:
        status, output = audit(lock, url)
    assert "3 packages: 0 audited, 3 skipped" in output
    assert status == 2


def test_a_partial_answer_is_counted_as_partial(lock: Path) -> None:
    with database(lambda _: b'{"results": [{}, {"next_page_token": "more"}, {}]}') as url:
        status, output = audit(lock, url)
    assert "Not audited: beta 2.0.post1\n" in output
    assert "3 packages: 2 audited, 1 skipped" in output
    assert status == 2


def test_an_empty_lock_is_no_clean_lock(tmp_path: Path) -> None:
    path = tmp_path / "empty.lock"
    path.write_text("# nothing\n", "utf-8")
    status, output = audit(path, "http://127.0.0.1:9/")
    assert "0 packages: 0 audited" in output
    assert status == 2
