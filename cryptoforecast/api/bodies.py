"""Bodies that nobody read: a client that still sends one would not read why it was refused."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Bytes of a body, at most, that are read and dropped so that the client reads the answer.
MAX_DROPPED = 32_000_000


class ReadBodies:
    """Reads the rest of a body before a refusal is sent that did not need it.

    Without this the connection would be closed while the client sends, and most clients then report
    that in place of the refusal. A client that waits to be asked for its body is answered at once.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or _waits(scope):
            await self._app(scope, receive, send)
            return
        ended, size = False, 0

        async def counted() -> Message:
            nonlocal ended, size
            message = await receive()
            ended = ended or not message.get("more_body", False)
            size += len(message.get("body", b""))
            return message

        async def after_body(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                while not ended and size <= MAX_DROPPED:
                    await counted()
            await send(message)

        await self._app(scope, counted, after_body)


def _waits(scope: Scope) -> bool:
    """Return whether a client sends its body only after it was asked for it."""
    return any(
        name == b"expect" and value.lower() == b"100-continue" for name, value in scope["headers"]
    )
