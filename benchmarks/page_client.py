"""A user without a browser: speaks Streamlit's own protocol to a real server.

Only the server is timed, and the size of what arrives can be measured.
"""

from __future__ import annotations

import http.client
import re
import socket
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import parse_qs, urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Block_pb2 import Block
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

#: Bytes of one message, at most.
_MAX_BYTES = 300_000_000
#: How the heading of a training begins that waits, starts or runs.
_TRAINS = re.compile(r"\d+ trainings? comes? first|It starts now|Starting|\d+ %( ·|$)")
#: How the dialog writes the kinds of networks.
_NETWORKS = {"lstm": "LSTM", "dense": "Dense"}
#: How a run can end well.
_FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass(frozen=True)
class Shown:
    """What one run of a page sent.

    Attributes:
        seconds: Seconds from asking for it until the script had finished.
        bytes: Bytes of all its messages.
        figures: Bytes of JSON by the key of the chart.
        messages: Texts of its message boxes, toasts, headings and progress bars.
    """

    seconds: float
    bytes: int
    figures: dict[str, int]
    messages: list[str]

    @property
    def trains(self) -> bool:
        """Whether the Forecast page shows a training that waits or runs."""
        return any(map(_TRAINS.match, self.messages))


class PageClient:
    """One tab: opens pages, sets widgets by their key, uploads.

    Args:
        url: URL of the server.
        wait: Seconds that a run may take.
        through: Port on this machine to connect to instead of that of the URL.
        origin: Origin of the page; by default that of the URL.
    """

    def __init__(
        self, url: str, wait: float = 120.0, through: int | None = None, origin: str | None = None
    ) -> None:
        self._wait = wait
        self._host = urlsplit(url).netloc
        there = None if through is None else socket.create_connection(("127.0.0.1", through))
        self._open = ExitStack()
        connection = connect(
            f"ws://{self._host}/_stcore/stream",
            sock=there,
            origin=Origin(url if origin is None else origin),
            subprotocols=[Subprotocol("streamlit")],
            max_size=_MAX_BYTES,
            compression=None,
        )
        self._socket = self._open.enter_context(connection)
        self._page, self._query = "", ""
        self._session = ""
        self._ids: dict[str, str] = {}
        self._fragments: dict[str, str] = {}
        self._states: dict[str, WidgetState] = {}

    def __enter__(self) -> PageClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def open(self, page: str = "", **query: str) -> Shown:
        """Open a page by its name in the address; "" is the landing page."""
        self._page, self._query = page, urlencode(query)
        self._states.clear()
        return self.rerun()

    def unfold(self, key: str) -> Shown:
        """Open what is folded, and let the page draw what is in it."""
        self.fill(key, bool_value=True)
        return self.rerun()

    def fill(self, key: str, **value: object) -> None:
        """Set a widget, to be sent with the next run.

        Args:
            key: Key of the widget.
            value: Field of Streamlit's ``WidgetState`` and what it holds.
        """
        identity = self._id(key)
        self._states[identity] = WidgetState(id=identity, **value)  # type: ignore[arg-type]

    def click(self, key: str) -> Shown:
        """Press a button; one that is in a fragment lets the fragment alone run."""
        pressed = WidgetState(id=self._id(key), trigger_value=True)
        return self.rerun(pressed, fragment=self._fragments.get(key, ""))

    def train(self, network: str = "lstm", **settings: Mapping[str, object]) -> Shown:
        """Train from the dialog of the Forecast page.

        Args:
            network: Its kind.
            settings: What to set, by field of ``ModelSpec``: a field of ``WidgetState`` and its
                value.
        """
        self.click("customise")
        self.fill(self._setting("network"), string_array_value={"data": [_NETWORKS[network]]})
        for name, value in settings.items():
            self.fill(self._setting(name), **value)
        shown = self.click("train")
        self._states.clear()
        return shown

    @property
    def has_trained(self) -> bool:
        """Whether the address still names a training; the page then has its network."""
        return self.query.get("model", "").startswith("run-")

    def ask_for_place(self, name: str) -> FileURLs:
        """Ask where a file is to be sent, as an uploader does."""
        request = BackMsg()
        request.file_urls_request.request_id = uuid.uuid4().hex
        request.file_urls_request.file_names.append(name)
        request.file_urls_request.session_id = self._session
        self._socket.send(request.SerializeToString())
        while True:
            message = self._receive()[0]
            if message.WhichOneof("type") == "file_urls_response":
                return message.file_urls_response.file_urls[0]

    def upload(self, key: str, name: str, content: bytes) -> Shown:
        """Give a file to an uploader."""
        to = self.ask_for_place(name)
        self._put(to, name, content)
        state = WidgetState(id=self._id(key))
        file = state.file_uploader_state_value.uploaded_file_info.add()
        file.file_id, file.name, file.size = to.file_id, name, len(content)
        file.file_urls.CopyFrom(to)
        self._states[state.id] = state
        shown = self.rerun()
        del self._states[state.id]  # the uploader has left the page, and its state with it
        return shown

    @property
    def query(self) -> dict[str, str]:
        """What the address says now."""
        return {name: values[0] for name, values in parse_qs(self._query).items()}

    def received(self, frame: bytes) -> None:
        """Look at each message as it arrives; a subclass may."""

    def file(self) -> str:
        """Return the price file that the address names.

        Raises:
            RuntimeError: If it names none.
        """
        if "file" not in self.query:
            raise RuntimeError("The address names no price file.")
        return self.query["file"]

    def send(self, **query: str) -> None:
        """Ask for the landing page, and do not wait for it."""
        self._page, self._query = "", urlencode(query)
        request = BackMsg()
        request.rerun_script.query_string, request.rerun_script.page_name = self._query, ""
        self._socket.send(request.SerializeToString())

    def rerun(self, *pressed: WidgetState, fragment: str = "") -> Shown:
        """Let the page run, and wait until it has finished."""
        request = BackMsg()
        state = request.rerun_script
        state.query_string, state.page_name = self._query, self._page
        state.fragment_id = fragment
        state.widget_states.widgets.extend([*self._states.values(), *pressed])
        began = time.perf_counter()
        self._socket.send(request.SerializeToString())
        size, figures, texts = 0, {}, []
        while True:
            message, length = self._receive()
            size += length
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self._session = message.new_session.initialize.session_id
            elif kind == "page_info_changed":
                self._query = message.page_info_changed.query_string
            elif kind == "delta":
                element = message.delta.new_element
                self._note(element, message.delta.fragment_id)
                self._note(message.delta.add_block, message.delta.fragment_id)
                shape = element.WhichOneof("type")
                if shape == "plotly_chart":
                    chart = element.plotly_chart
                    figures[_key(chart.id)] = len(chart.spec.encode())
                elif shape == "alert":
                    texts.append(element.alert.body)
                elif shape == "toast":
                    texts.append(element.toast.body)
                elif shape == "heading":
                    texts.append(element.heading.body)
                elif shape == "progress":
                    texts.append(element.progress.text)
                elif shape == "exception":
                    raise RuntimeError(f"{element.exception.type}: {element.exception.message}")
            elif kind == "script_finished":
                if message.script_finished in _FINISHED:
                    return Shown(time.perf_counter() - began, size, figures, texts)
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise RuntimeError("The page could not be compiled.")

    def _receive(self) -> tuple[ForwardMsg, int]:
        frame = self._socket.recv(timeout=self._wait, decode=False)
        self.received(frame)
        message = ForwardMsg()
        message.ParseFromString(frame)
        return message, len(frame)

    def _note(self, element: Element | Block, fragment: str) -> None:
        """Remember the identity of a widget by its key, or by its label if it has none."""
        kind = element.WhichOneof("type")
        own = getattr(element, kind) if kind else None
        identity = getattr(own, "id", "")
        if identity:
            key = _key(identity)
            key = getattr(own, "label", "") if key == "None" else key
            self._ids[key], self._fragments[key] = identity, fragment

    def _setting(self, field: str) -> str:
        """Return the key of a training's setting; it ends in how often it was renewed."""
        start = f"setting-{field}-"
        return max(
            (key for key in self._ids if key.startswith(start)),
            key=lambda key: int(key[len(start) :]),
        )

    def _id(self, key: str) -> str:
        if key not in self._ids:
            raise RuntimeError(f"No widget has the key {key}. There are: {sorted(self._ids)}.")
        return self._ids[key]

    def _put(self, to: FileURLs, name: str, content: bytes) -> None:
        border = uuid.uuid4().hex
        head = (
            f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{border}--\r\n".encode()
        connection = http.client.HTTPConnection(self._host, timeout=self._wait)
        kind = {"Content-Type": f"multipart/form-data; boundary={border}"}
        connection.request("PUT", to.upload_url, body, kind)
        answer = connection.getresponse()
        if answer.status >= 300:
            raise RuntimeError(f"The upload was refused: {answer.status} {answer.read()[:200]!r}.")
        connection.close()


def _key(identity: str) -> str:
    """Return the key a widget was given; its identity ends in it."""
    return identity.split("-", 2)[-1]
