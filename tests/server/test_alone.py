"""The API by itself: its workers, its log, its metrics, its headers and its end."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx2
import pytest

from tests import serving
from tests.api.description import Description

KEY = "a-key-0123456789"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("alone")


@pytest.fixture(scope="module")
def server(folder):
    options = ("--workers=2", "--cors=https://friend.example")
    with serving.alone(folder, *options, CRYPTOFORECAST_API_PREDICTIONS="50") as address:
        yield address


def test_streamlit_is_not_loaded():
    code = "import sys, cryptoforecast.server.alone as alone; alone.create(); "
    code += (
        "print(*(name for name in ('streamlit', 'tensorflow', 'plotly') if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == ""


def test_several_workers_answer_and_their_metrics_add_up(server, folder):
    line = r'cryptoforecast_requests_total\{method="GET",route="/api/v1/coins",status="200"\} (\S+)'
    logged = r"[0-9a-f]{32} GET /api/v1/coins 200 \d+ bytes [\d.]+ ms"

    def counted():
        match = re.search(line, httpx2.get(f"{server}/api/v1/metrics").text)
        return float(match[1]) if match else 0.0

    def lines():
        return len(re.findall(logged, (folder / "server.log").read_text("utf-8")))

    before, earlier = counted(), lines()
    for _ in range(30):
        assert httpx2.get(f"{server}/api/v1/coins").status_code == 200
    assert {counted() - before for _ in range(5)} == {30.0}
    assert _in_time(lambda: lines() - earlier == 30)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("place", ["docs", "docs/swagger-ui.css", "docs/start.js", "coins"])
def test_head_is_answered_wherever_get_is(server, place, encoding):
    answer = httpx2.head(f"{server}/api/v1/{place}", headers={"Accept-Encoding": encoding})
    assert (answer.status_code, answer.content) == (200, b"")


def test_every_exchange_is_counted_under_a_route(server):
    httpx2.get(f"{server}/api/v1/docs/swagger-ui.css")
    assert httpx2.get(f"{server}/api/v1/nothing").status_code == 404
    assert 'route=""' not in httpx2.get(f"{server}/api/v1/metrics").text


@pytest.mark.parametrize("path", ["/api/v1/models/%0A", "/api/%0D%0Ax", "/api/v1/coins%00"])
def test_an_odd_path_is_a_problem_too(server, path):
    answer = httpx2.get(f"{server}{path}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("place", "kind", "status"),
    [("models/naive/forecast", "application/json", 413), ("backtests", "text/plain", 415),
     ("coins", "application/json", 405), ("none", "application/json", 404)],
)  # fmt: skip
def test_a_client_that_sends_all_of_a_large_body_reads_why_it_is_refused(
    server, place, kind, status
):
    host = server.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(host, timeout=20)) as connection:
        headers = {"Content-Type": kind, "Connection": "close"}
        connection.request("POST", f"/api/v1/{place}", b" " * 9_000_000, headers)
        answer = connection.getresponse()
        assert answer.status == status
        assert json.load(answer)["status"] == status


def test_the_log_has_the_id_that_a_client_sent(server, folder):
    request_id = str(uuid.uuid4())
    answer = httpx2.get(f"{server}/api/v1/coins", headers={"X-Request-ID": request_id})
    assert answer.headers["x-request-id"] == request_id
    line = f"{request_id} GET /api/v1/coins 200"
    assert _in_time(lambda: line in (folder / "server.log").read_text("utf-8"))


def _in_time(holds):
    """Return whether something comes true soon: a line is logged after its answer was sent."""
    until = time.monotonic() + 10
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()


def test_the_seeds_client_is_answered_to_the_letter(server):
    closes = [61_000 + 25.5 * (7 * i % 11) for i in range(60)]
    answer = httpx2.post(f"{server}/predict", json={"prices": closes})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"predicted_next_hour_price"}
    refused = httpx2.post(f"{server}/predict", json={"prices": closes[1:]})
    assert refused.status_code == 422
    assert refused.json().keys() == {"detail"}


@pytest.mark.parametrize("path", ["/", "/none", "/api/v1/none", "/predict", "/_stcore/health"])
def test_everything_that_is_not_there_is_a_problem(server, path):
    answer = httpx2.get(server + path)
    assert answer.status_code in (404, 405)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_of_sites_that_are_named_may_ask_and_no_others(server):
    def answer_to(origin):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST",
                   "Access-Control-Request-Headers": "Content-Type"}  # fmt: skip
        return httpx2.options(f"{server}/api/v1/models/naive/forecast", headers=headers)

    allowed = answer_to("https://friend.example")
    assert allowed.headers["access-control-allow-origin"] == "https://friend.example"
    assert "access-control-allow-origin" not in answer_to("https://evil.example").headers
    body = {"series": [{"id": "a", "closes": [1.0, 2.0]}]}
    for origin, status in (("https://friend.example", 200), ("https://evil.example", 403)):
        answer = httpx2.post(
            f"{server}/api/v1/models/naive/forecast", json=body, headers={"Origin": origin}
        )
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--allow-training"], "needs a key"),
        (["--key=short"], "at least 16"),
        ([f"--key={KEY},{KEY}"], "no comma. Received: one in a key of 33 characters."),
        (["--cors=friend.example"], "scheme"),
        (["--workers=0"], "--workers"),
        (["--port=0"], "65535"),
    ],
)
def test_options_outside_the_rules_are_refused_in_one_line(options, reason):
    done = subprocess.run(
        [sys.executable, "-m", "cryptoforecast", "serve", *options],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_an_address_that_is_taken_is_refused_in_one_line(server):
    port = server.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "cryptoforecast", "serve", "--port", port],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: The address to listen on must be free")
    assert f"Received: 127.0.0.1:{port} (" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_trainer_that_dies_is_replaced_and_ctrl_c_ends_all_processes(tmp_path):
    port = serving.free_port()
    command = [sys.executable, "-m", "cryptoforecast", "serve", f"--port={port}", "--workers=1",
               f"--key={KEY}", "--allow-training"]  # fmt: skip
    environ = {**os.environ, "CRYPTOFORECAST_HOME": str(tmp_path), "CRYPTOFORECAST_LIVE": "0"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environ, start_new_session=True
        )
        try:
            serving.wait(process, f"http://127.0.0.1:{port}/api/v1/health/live", tmp_path / "log")
            os.kill(_trainer(process.pid), signal.SIGKILL)
            ordered = httpx2.post(
                f"http://127.0.0.1:{port}/api/v1/backtests",
                json={"settings": {"network": "cone"}, "days": 90},
                headers={"Authorization": f"Bearer {KEY}"},
            )
            assert ordered.status_code == 202
            headers = {"Authorization": f"Bearer {KEY}"}
            url = f"http://127.0.0.1:{port}{ordered.json()['links']['self']}"
            until = time.monotonic() + 90
            while httpx2.get(url, headers=headers).json()["state"] in ("queued", "running"):
                assert time.monotonic() < until
                time.sleep(0.3)
            assert httpx2.get(url, headers=headers).json()["state"] == "done"
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)
    text = (tmp_path / "log").read_text("utf-8")
    assert "The process that trains ended with status -9. Another starts." in text
    assert "Traceback" not in text
    assert KEY not in text
    until = time.monotonic() + 20
    while _group_lives(process.pid):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_trainer_whose_server_has_ended_meanwhile_ends_too(tmp_path):
    server = subprocess.Popen([sys.executable, "-c", ""])
    server.wait()
    command = [sys.executable, "-m", "cryptoforecast.server.trainer", str(server.pid)]
    environ = {**os.environ, "CRYPTOFORECAST_HOME": str(tmp_path)}
    assert subprocess.run(command, env=environ, timeout=60).returncode == 0


def _trainer(group):
    """Return the id of the process that trains."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            if b"server.trainer" in command and os.getpgid(int(folder.name)) == group:
                return int(folder.name)
    raise AssertionError("Nothing trains.")


def _group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_stalled_sender_holds_up_nobody(server):
    host, port = server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as stalled:
        stalled.sendall(
            b"POST /api/v1/models/naive/forecast HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
        assert httpx2.get(f"{server}/api/v1/health/live", timeout=10).status_code == 200


def test_requests_with_one_name_of_the_server_are_answered_alone(server):
    host, port = server.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port))
    connection.request("GET", "/api/v1/coins", headers={"Host": "a b"})
    answer = connection.getresponse()
    assert answer.status == 400
    assert json.loads(answer.read())["status"] == 400
    connection.close()


def test_answers_of_the_running_server_are_as_described(server):
    description = Description(httpx2.get(f"{server}/api/v1/openapi.json").json())
    for place in ("", "/health/live", "/health/ready", "/coins", "/models", "/models/har",
                  "/models/naive/forecast?horizon=2&above=60000&touch=70000", "/metrics",
                  "/models/none", "/models/naive/forecast?x=1", f"/jobs/{'0' * 32}"):  # fmt: skip
        description.check(httpx2.get(f"{server}/api/v1{place}", timeout=30))


def test_workers_count_the_requests_of_a_client_together(server):
    body = {"prices": [60_000.0 + number for number in range(60)]}
    answers = [httpx2.post(f"{server}/predict", json=body) for _ in range(60)]
    assert 40 <= sum(answer.status_code == 200 for answer in answers) <= 50
    assert "At most 50 requests" in answers[-1].json()["detail"]
