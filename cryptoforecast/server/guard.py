"""The middleware before everything that is served, Streamlit's own answers included."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cryptoforecast.server import connections
from cryptoforecast.server.answers import with_security
from cryptoforecast.server.locality import Locality
from cryptoforecast.server.messages import Messages
from cryptoforecast.server.peers import Peers
from cryptoforecast.server.requests import Refusal, Rules
from cryptoforecast.server.turns import Turns
from cryptoforecast.ui import arrival

#: Bytes of an answer that are given to a connection at once. A slow client keeps no more in memory.
CHUNK = 65_536

#: Seconds from the opening of one websocket to that of the next.
PAUSE = 0.005

_MARK = arrival.HEADER.encode()

log = logging.getLogger(__name__)


class Guard:
    """Refuses what no page asks for, marks local requests, and sets the headers of all answers.

    Args:
        app: What is served.
        rules: What is refused.
        posts: What answers ``POST`` at a path by itself, without the layers of the app.
    """

    def __init__(
        self, app: ASGIApp, rules: Rules, posts: Mapping[str, ASGIApp] | None = None
    ) -> None:
        self._app = app
        self._rules = rules
        self._posts = posts or {}
        self._locality = Locality()
        self._peers = Peers()
        self._opening = asyncio.Lock()
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._open(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = _Exchange(scope, receive, send)
        try:
            scope["headers"] = self._marked(scope, self._looks_local(scope))
            refusal = self._rules.refuse(scope["method"], scope["path"], scope["headers"])
            app = self._posts.get(scope["path"]) if scope["method"] == "POST" else None
            if app is not None:  # it computes in the event loop
                await self._turns.wait(exchange.connection)
                if exchange.connection.closed:
                    refusal = Refusal(503, "Too many connections are open.")
            if refusal is None:
                await (app or self._app)(scope, exchange.receive, exchange.send)
            else:
                await exchange.refuse(refusal)
        except Exception:  # the traceback is for the server's log, not for the client
            if exchange.begun:
                raise
            log.exception("A request failed")
            await exchange.refuse(
                Refusal(500, "Something failed here. The server's log says what.")
            )
        finally:
            exchange.end()

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = _Handshake(scope, send)
        local = self._looks_local(scope)
        refusal = self._rules.refuse("WEBSOCKET", scope["path"], scope["headers"])
        connection = connections.current.get()
        if refusal is None and connection is not None:
            async with self._opening:  # a crowd of sessions leaves time for requests between two
                if not connection.closed:
                    await asyncio.sleep(PAUSE)
            if connection.closed:
                refusal = Refusal(503, "Too many pages are open.")
        if refusal is None:
            # Late, because it may read the system's table of connections.
            scope["headers"] = self._marked(scope, local)
            await self._app(scope, Messages(receive, connection).receive, exchange.send)
        else:
            await receive()
            await exchange.refuse(refusal)

    def _looks_local(self, scope: Scope) -> bool:
        """Say whether a request seems to come from this machine; notice a sign of a proxy."""
        proxied = self._locality.proxied
        local = self._locality.is_local(scope.get("client"), scope["headers"])
        if self._locality.proxied and not proxied:
            arrival.forget()
        return local

    def _marked(self, scope: Scope, local: bool) -> list[tuple[bytes, bytes]]:
        """Return the headers with our mark, or without one."""
        headers = [(name, value) for name, value in scope["headers"] if name != _MARK]
        if local and not self._locality.proxied and self._is_ours(scope):
            headers.append((_MARK, arrival.mark().encode()))
        return headers

    def _is_ours(self, scope: Scope) -> bool:
        """Say whether a page on this machine belongs to the user of this process, or may do so."""
        if scope["type"] != "websocket":
            return True
        connection = connections.current.get() or connections.Unwatched()
        return self._peers.is_ours(scope["client"], scope["server"], connection.opened)


class _Exchange:
    """One request and its answer.

    Args:
        scope: What is asked.
        receive: Returns the body of the request.
        send: Sends the answer.

    Attributes:
        connection: On which it came.
        begun: Whether the answer has begun.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._path: str = scope["path"]
        self._receive = receive
        self._send = send
        self.connection = connections.current.get() or connections.Unwatched()
        self._turn = self.connection.begin()
        self._whole = False
        self.begun = False

    async def receive(self) -> Message:
        """Return the next part of the body."""
        if not self._whole:
            self.connection.wait(self._turn)
        message = await self._receive()
        self._whole = self._whole or not message.get("more_body", False)
        self.connection.work(self._turn)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.begun = True
            message["headers"] = with_security(self._path, message.get("headers", ()))
        body = message.get("body", b"")
        while len(body) > CHUNK:
            await self._send({**message, "body": body[:CHUNK], "more_body": True})
            body = body[CHUNK:]
            message = {**message, "body": body}
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal."""
        await refuse(self._path, self.send, refusal)

    def end(self) -> None:
        """Note that the answer is sent."""
        self.connection.end(self._turn)


class _Handshake:
    """The opening of a websocket; a refusal gets the headers of an answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._path: str = scope["path"]
        self._send = send
        self._answers = "websocket.http.response" in scope.get("extensions", {})
        self._accepted = False

    async def send(self, message: Message) -> None:
        """Pass a message on; one that closes before the opening is a refusal."""
        self._accepted = self._accepted or message["type"] == "websocket.accept"
        if message["type"] == "websocket.close" and not self._accepted:
            await self.refuse(Refusal(403, "This websocket is refused."))
        else:
            await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, where the server can."""
        if self._answers:
            await refuse(self._path, self._secure, refusal, "websocket.http")
        else:
            await self._send({"type": "websocket.close", "code": 1008, "reason": ""})

    async def _secure(self, message: Message) -> None:
        if "headers" in message:
            message["headers"] = with_security(self._path, message["headers"])
        await self._send(message)


async def refuse(path: str, send: Send, refusal: Refusal, kind: str = "http") -> None:
    """Answer a request with a refusal: in JSON where the API is, else as text.

    Args:
        path: Path of the request.
        send: Sends the answer.
        refusal: What it says.
        kind: First part of the types of its messages.
    """
    media_type, body = _content(path, refusal)
    headers = [
        (b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode()),
    ]  # fmt: skip
    if refusal.status == 400:  # what follows on the connection may be part of this request
        headers.append((b"connection", b"close"))
    await send({"type": f"{kind}.response.start", "status": refusal.status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})


def _content(path: str, refusal: Refusal) -> tuple[str, bytes]:
    """Return the media type and the text of a refusal."""
    if path.startswith("/api/v1"):
        from cryptoforecast.api.problem_values import MEDIA_TYPE, problem

        return MEDIA_TYPE, json.dumps(problem(refusal.status, refusal.text)).encode()
    if path == "/predict" or path.startswith("/api/"):
        return "application/json", json.dumps({"detail": refusal.text}).encode()
    return "text/plain; charset=utf-8", refusal.text.encode()
