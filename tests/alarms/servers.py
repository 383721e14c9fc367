"""Servers that take messages: over HTTP and over SMTP, well or badly."""

from __future__ import annotations

import contextlib
import http.server
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator

#: Seconds that a server hangs: longer than any limit of the tests, but not for ever.
HANG = 5.0


class Webhook(http.server.ThreadingHTTPServer):
    """Takes messages as JSON; ``behave`` says how it answers.

    ``answer`` takes them, a number is the status that it answers with, ``stall`` never answers, and
    ``drip`` sends an answer that never ends. Both stop after a while; ``outlasted`` counts
    the senders who were still there then.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.messages: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.behave: str | int = "answer"
        self.on_message: Callable[[], None] = lambda: None
        self.over = threading.Event()
        self.outlasted = 0

    @property
    def url(self) -> str:
        return f"json://user:pa55word@127.0.0.1:{self.server_port}/s3cret?+X-Key=hu5h"


class _Hook(http.server.BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        behave = self.server.behave
        if behave == "stall":
            self.server.outlasted += not self.server.over.wait(HANG)
            return
        if behave == "drip":
            with contextlib.suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                until = time.monotonic() + HANG
                while not self.server.over.wait(0.2):
                    if time.monotonic() > until:
                        self.server.outlasted += 1
                        return
                    self.wfile.write(b".")
            return
        if behave == "answer":
            self.server.messages.append(json.loads(body))
            self.server.on_message()
        self.send_response(behave if isinstance(behave, int) else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, *args: object) -> None:
        pass


class Mail(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails: list[str] = []

    @property
    def url(self) -> str:
        return (
            f"mailto://127.0.0.1:{self.server_address[1]}?mode=insecure&from=me@home.example"
            "&to=you@home.example"
        )


class _Conversation(socketserver.StreamRequestHandler):
    server: Mail

    def handle(self) -> None:
        self.say("220 mail.example")
        while line := self.rfile.readline().decode().strip():
            word = line.partition(" ")[0].upper()
            if word == "DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(lines).decode())
            self.say("221 bye" if word == "QUIT" else "250 good")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextlib.contextmanager
def served(server: Webhook | Mail) -> Iterator[Webhook | Mail]:
    """Run a server in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        if isinstance(server, Webhook):
            server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
