"""The real servers, over real HTTP: the dashboard and the API from one process."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from cryptoforecast import __version__
from tests import serving

ROOT = Path(__file__).resolve().parents[2]
CLOSES = [61_000 + 25.5 * (7 * i % 11) for i in range(60)]
PATHS = ("/predict", "/api/predict")

shipped = pytest.mark.skipif(
    not (ROOT / "models/btc-1h-lstm-close/bundle.json").is_file(),
    reason="models/btc-1h-lstm-close is not shipped yet",
)


@pytest.fixture(scope="module", params=["streamlit", "uvicorn"])
def server(request, tmp_path_factory):
    """Serve in the ways that the documentation names."""
    with getattr(serving, request.param)(tmp_path_factory.mktemp(request.param)) as address:
        yield address


def post(url, body):
    return httpx2.post(url, content=body, headers={"content-type": "application/json"}, timeout=30)


@shipped
def test_predict_answers_at_both_paths_with_the_same_number(server):
    answers = [post(server + path, json.dumps({"prices": CLOSES})) for path in PATHS]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].headers["content-type"] == "application/json"
    assert answers[0].json() == answers[1].json()
    assert answers[0].json().keys() == {"predicted_next_hour_price"}
    assert answers[0].json()["predicted_next_hour_price"] == pytest.approx(CLOSES[-1], rel=0.05)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (json.dumps({"prices": CLOSES[1:]}), "59"),
        (json.dumps({"prices": [*CLOSES, 1.0]}), "61"),
        (json.dumps({"prices": [*CLOSES[1:], float("nan")]}), "NaN"),
        (json.dumps({"prices": CLOSES[1:]})[:-2] + ", 1e999]}", "1e999"),
        (json.dumps({"prices": [*CLOSES[1:], True]}), "true"),
        (json.dumps({"prices": [*CLOSES[1:], "1"]}), "'1'"),
        (json.dumps({"prices": [*CLOSES[1:], 0]}), "0"),
        (json.dumps({"prices": [*CLOSES[1:], -1]}), "-1"),
        ("", "no body"),
        ("[" * 60_000, "nested"),
        ("9" * 10_000_000, "10000000"),
    ],
)
def test_anything_else_is_refused_with_what_arrived(server, path, body, shown):
    answer = post(server + path, body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    assert "prices" in answer.json()["detail"]
    assert shown in answer.json()["detail"]


def test_predictions_are_posted_and_pages_are_beside_them(server):
    answer = httpx2.get(f"{server}/predict", timeout=30)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert httpx2.get(f"{server}/", timeout=30).status_code == 200
    assert httpx2.get(f"{server}/_stcore/health", timeout=30).text == "ok"


def test_a_tab_has_the_projects_own_icon(server):
    icon = httpx2.get(f"{server}/favicon.png", timeout=30)
    assert icon.headers["content-type"] == "image/png"
    assert icon.content == (ROOT / ".streamlit" / "icon.png").read_bytes()
    assert 'rel="shortcut icon" href="./favicon.png"' in httpx2.get(server, timeout=30).text


def test_style_and_font_are_the_apps_own_and_named_in_the_head_of_each_page(server):
    for path, file, kind in (
        ("/style.css", ROOT / "cryptoforecast" / "ui" / "style.css", "text/css"),
        ("/fonts/Inter.woff2", ROOT / ".streamlit" / "Inter.woff2", "font/woff2"),
    ):
        answer = httpx2.get(f"{server}{path}", timeout=30)
        assert answer.content == file.read_bytes()
        assert answer.headers["content-type"].startswith(kind)
    for path in ("/", "/models?card=x"):
        for encoding in ("gzip", "identity"):
            headers = {"accept": "text/html,*/*;q=0.8", "accept-encoding": encoding}
            page = httpx2.get(f"{server}{path}", headers=headers, timeout=30).text
            head, _, body = page.partition("</head>")
            assert '<link rel="stylesheet" href="/style.css">' in head
            assert "</html>" in body


def test_the_api_says_its_version_and_documents_itself(server):
    for path in ("/api/v1/health/live", "/api/health", "/health"):
        answer = httpx2.get(server + path, timeout=30, follow_redirects=True)
        assert answer.json()["version"] == __version__
    answer = httpx2.get(f"{server}/openapi.json", timeout=30, follow_redirects=True)
    assert {"/predict", "/api/v1/models", "/api/v1/models/{name}/forecast"} <= (
        answer.json()["paths"].keys()
    )
    page = httpx2.get(f"{server}/docs", timeout=30, follow_redirects=True)
    assert page.headers["content-type"].startswith("text/html")
    assert httpx2.get(f"{server}/api/v1/docs/swagger-ui.css", timeout=30).status_code == 200


@pytest.mark.parametrize("path", ["/api/none", "/api/v1/none", "/api/", "/api/v1/models/none"])
def test_everything_below_api_is_json_also_beside_pages(server, path):
    answer = httpx2.get(server + path, timeout=30)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@shipped
def test_models_are_the_same_as_on_the_command_line(server):
    command = [sys.executable, "-m", "cryptoforecast", "models", "list", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    cards = httpx2.get(f"{server}/api/v1/models", timeout=30).json()["models"]
    assert [{k: v for k, v in card.items() if k not in ("version", "links")} for card in cards] == (
        json.loads(done.stdout)
    )


@shipped
def test_a_forecast_with_no_network_is_simulated_and_says_so(server):
    url = f"{server}/api/v1/models/btc-1h-lstm-close/forecast?coin=BTC"
    forecast = httpx2.get(url, timeout=30).json()
    assert forecast["data"]["simulated"] is True
    assert forecast["steps"][0]["median"] > 0


def test_the_dashboard_opens_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMLIT_SERVER_HEADLESS", "true")
    home, folder = tmp_path / "home", tmp_path / "elsewhere"
    folder.mkdir()
    with serving.dashboard(home, folder) as address:
        assert (
            httpx2.get(f"{address}/api/v1/health/live", timeout=30).json()["version"] == __version__
        )
        icon = httpx2.get(f"{address}/favicon.png", timeout=30)
        assert icon.content == (ROOT / ".streamlit" / "icon.png").read_bytes()
    # Without the project's configuration Streamlit counts its users, and says so.
    assert "usage statistics" not in (home / "server.log").read_text("utf-8")
    assert list(folder.iterdir()) == []


def test_a_sender_that_stalls_holds_up_nobody(server):
    host, port = server.removeprefix("http://").split(":")
    head = (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 5000\r\n\r\n{"
    )
    senders = [socket.create_connection((host, int(port)), timeout=10) for _ in range(40)]
    try:
        for sender in senders:
            sender.sendall(head)
        assert post(f"{server}/predict", "[]").status_code == 422
        assert httpx2.get(f"{server}/api/v1/health/live", timeout=10).status_code == 200
    finally:
        for sender in senders:
            sender.close()
