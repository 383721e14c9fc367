"""A client that is refused may send the rest of its body, so that it reads the answer."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse

from cryptoforecast.api import bodies

PART = b"9" * 40


def asked(status, parts, *, method="POST", headers=()):
    """Answer a body that nobody reads; return how many parts were taken before the answer."""
    waiting, taken = list(parts), []

    async def receive():
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message):
        if message["type"] == "http.response.start":
            assert message["status"] == status
            taken.append(len(parts) - len(waiting))

    app = bodies.ReadBodies(PlainTextResponse("answer", status))
    scope = {"type": "http", "method": method, "headers": list(headers)}
    asyncio.run(app(scope, receive, send))
    return taken


@pytest.mark.parametrize("status", [400, 404, 422, 500])
def test_a_refusal_is_sent_after_the_body(status):
    assert asked(status, [PART] * 3) == [3]


def test_what_is_granted_is_sent_at_once():
    assert asked(200, [PART] * 3) == [0]


@pytest.mark.parametrize(("size", "parts"), [(100, 4), (101, 3)])
def test_a_body_without_end_is_read_to_a_bound(monkeypatch, size, parts):
    monkeypatch.setattr(bodies, "MAX_DROPPED", 100)
    assert asked(404, [PART, PART, b"9" * (size - 80), PART]) == [parts]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_question_without_a_body_is_answered_at_once(method):
    assert asked(404, [PART], method=method) == [0]


@pytest.mark.parametrize(("value", "parts"), [(b"100-Continue", 0), (b"something", 3)])
def test_a_client_that_waits_to_be_asked_for_its_body_is_answered_at_once(value, parts):
    assert asked(404, [PART] * 3, headers=[(b"expect", value)]) == [parts]
