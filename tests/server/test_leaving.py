"""Whoever leaves while their file is read takes the work along: the server is idle soon after."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import WebSocketException

from benchmarks.page_client import PageClient
from benchmarks.pages import NO_XSRF
from benchmarks.server import Server, app

#: Seconds of work that may follow, where the rest of the file takes twice as many and more.
MAX_SECONDS = 4.0
#: A second in which the server works less is one in which it rests.
AT_REST = 0.3


def slow_file(rows: int = 700_000) -> bytes:
    """Numbers with separators, which are read one by one."""
    times = np.datetime64("2023-01-01T00:00") + np.arange(rows)
    lines = (f'{time},"27,100.5","27,200.25","27,000.5","27,150.75","1,000"' for time in times)
    return "\n".join(["time,open,high,low,close,volume", *lines]).encode()


def seconds_until_rest(server: Server) -> float:
    """Wait until the server rests; return its processor time until then."""
    began = last = server.cpu()
    for _ in range(60):
        time.sleep(1)
        now = server.cpu()
        if now - last < AT_REST:
            return last - began
        last = now
    return last - began


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_file_of_who_left_is_read_no_further() -> None:
    content = slow_file()
    with app(NO_XSRF) as server, contextlib.ExitStack() as tab:
        client = tab.enter_context(PageClient(server.url))
        client.open("data")
        seconds_until_rest(server)
        before = server.cpu()

        def send() -> None:
            with contextlib.suppress(WebSocketException, OSError):
                client.upload("upload", "x.csv", content)

        sender = threading.Thread(target=send)
        sender.start()
        while server.cpu() - before < 2 and sender.is_alive():
            time.sleep(0.05)
        assert sender.is_alive(), "the file is read already"
        tab.close()
        assert seconds_until_rest(server) < MAX_SECONDS
        sender.join()
