"""The real server, and a client that sends messages which no page sends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed

from benchmarks.page_client import PageClient
from cryptoforecast.server.messages import BURST
from cryptoforecast.server.uploads import MAX_ASKING, MAX_PLACES, Quota
from cryptoforecast.ui.messages import MAX_FILES
from tests import serving

pytestmark = pytest.mark.slow


class Forger(PageClient):
    """A page that sends whatever it likes."""

    @property
    def session(self) -> str:
        return self._session

    def say(self, message: BackMsg, times: int = 1) -> None:
        for _ in range(times):
            self._socket.send(message.SerializeToString())

    def heard(self) -> list[str]:
        """Ask for a place as a page does; return the kinds of messages that came until then."""
        self.say(places("last", 1, self.session))
        kinds: list[str] = []
        while True:
            message = self._receive()[0]
            kinds.append(str(message.WhichOneof("type")))
            if message.file_urls_response.response_id == "last":
                return [kind for kind in kinds[:-1] if kind != "session_status_changed"]

    def next_kind(self) -> str:
        return str(self._receive()[0].WhichOneof("type"))

    def rerun_with(self, widget: WidgetState) -> None:
        message = BackMsg()
        message.rerun_script.page_name = "data"
        message.rerun_script.widget_states.widgets.append(widget)
        self.say(message)
        while self.next_kind() != "script_finished":
            pass

    def upload_fields(self) -> list[str]:
        return [identity for key, identity in self._ids.items() if "upload" in key]


def places(name: str, files: int, session: str) -> BackMsg:
    message = BackMsg()
    message.file_urls_request.request_id = name
    message.file_urls_request.session_id = session
    message.file_urls_request.file_names.extend([""] * files)
    return message


def operation(session: str, name: str = "mine") -> BackMsg:
    message = BackMsg()
    message.backend_operation_request.request_id = name
    message.backend_operation_request.session_id = session
    message.backend_operation_request.deferred_file.file_id = "none"
    return message


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[str]:
    with serving.streamlit(home) as address:
        yield address


@pytest.fixture
def page(server: str) -> Iterator[Forger]:
    with Forger(server, wait=30) as client:
        client.open("data")
        yield client


def test_what_no_page_sends_is_dropped(page: Forger) -> None:
    nudge = operation(page.session)
    nudge.backend_operation_request.dismiss_skills_nudge.SetInParent()
    for message in (
        BackMsg(load_git_info=True),
        BackMsg(clear_cache=True),
        BackMsg(set_run_on_save=True),
        places("many", MAX_FILES + 1, page.session),
        places("x" * 1_000, 1, page.session),
        places("million", 200_000, page.session),
        operation("another"),
        operation(page.session, "x" * 1_000),
        nudge,
    ):
        page.say(message)
    assert page.heard() == []


def test_what_a_page_sends_is_answered(page: Forger) -> None:
    page.say(BackMsg(app_heartbeat=True), times=int(BURST) // 2)
    page.say(places("some", MAX_FILES, page.session))
    page.say(operation(page.session))
    kinds = page.heard()
    while "backend_operation_response" not in kinds:
        kinds += [page.next_kind()]
    assert "file_urls_response" in kinds


def test_forged_messages_do_not_fill_the_log(page: Forger, home: Path) -> None:
    log = home / "server.log"
    before = log.stat().st_size
    page.say(operation("z" * 8, "z" * 100_000), times=50)
    page.heard()
    field = page.upload_fields()[0]
    for number in range(20):
        page.rerun_with(WidgetState(id=field, bytes_value=bytes([255, number])))
        page.rerun_with(WidgetState(id="$$ID-abc-None", json_value="{" * number))
    written = log.read_text("utf-8")[before:]
    assert len(written) < 10_000
    assert page.session[:8] not in written


def test_a_flood_of_messages_ends_the_connection_and_delays_nobody(server: str) -> None:
    with Forger(server, wait=30) as client:
        client.open("data")
        with pytest.raises(ConnectionClosed):
            client.say(BackMsg(), times=100_000)
        assert httpx2.get(f"{server}/_stcore/health", timeout=5).status_code == 200


def test_the_places_of_a_session_and_the_sessions_that_ask_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cryptoforecast.ui.uploads.is_active", lambda session: True)
    monkeypatch.setattr("cryptoforecast.ui.uploads.sizes", dict)
    quota = Quota(1, 1)

    def has_place(session: str, file: str) -> bool:
        refusal = quota.refuse(session, file, 0)
        return refusal is None or refusal.status != 404

    for number in range(MAX_PLACES + 1):
        quota.note("one", f"{number}")
    places = [has_place("one", f"{number}") for number in range(MAX_PLACES + 1)]
    assert places == [False, *[True] * MAX_PLACES]
    for number in range(MAX_ASKING):
        quota.note(f"session {number}", "file")
    assert all(has_place(f"session {number}", "file") for number in range(MAX_ASKING))
    assert not any(has_place("one", f"{number}") for number in range(MAX_PLACES + 1))
