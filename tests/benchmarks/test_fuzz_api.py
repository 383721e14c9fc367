"""The failures that a server may have under requests that are made from its description."""

from __future__ import annotations

import pytest
import requests
from schemathesis.core.transport import Response

from benchmarks.fuzz_api import check

UNREADABLE = "The saved model mine can't be read: no weights. Delete it, or save it again."


def answered(status: int, detail: str, **headers: str) -> Response:
    request = requests.Request("GET", "http://127.0.0.1/api/v1/models").prepare()
    lists = {name.replace("_", "-"): [text] for name, text in headers.items()}
    return Response(status, lists, detail.encode(), request, 0.0, verify=True)


def test_what_waiting_mends_says_when_to_ask_again() -> None:
    check(answered(422, "Any refusal."))
    check(answered(503, "No live prices.", retry_after="30"))
    check(answered(503, UNREADABLE))
    for status, detail in ((500, UNREADABLE), (502, "x"), (503, "No live prices.")):
        with pytest.raises(RuntimeError, match=f"Received: {status}, {detail}"):
            check(answered(status, detail))
