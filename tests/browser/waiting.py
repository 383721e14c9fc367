"""Waiting for what a page says of itself, and a line that can be held up.

Playwright's own ``wait_for_function`` evaluates text in the page again and again, which the policy
of the app and of its reports forbids, unless the first time succeeds.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute


def until(page: Page, expression: str) -> None:
    """Wait until an expression is true in a page, a minute at most."""
    for _ in range(240):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"It never came true: {expression}")


class Line:
    """The line from the app to a page, which can be held up; open it before the page."""

    def __init__(self, page: Page) -> None:
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []
        self._holds = False
        page.route_web_socket(re.compile("/_stcore/stream"), self._open)

    def hold(self) -> None:
        """Let nothing more reach the page."""
        self._holds = True

    def wait(self, page: Page) -> None:
        """Wait until the app has answered, and nothing follows for a moment."""
        seen = -1
        while len(self._held) != seen or not seen:
            seen = len(self._held)
            page.wait_for_timeout(400)

    def let_go(self) -> None:
        """Let the page have what was held up, in its order, and all that follows."""
        self._holds = False
        for socket, message in self._held:
            socket.send(message)
        self._held.clear()

    def _open(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if self._holds:
                self._held.append((socket, message))
            else:
                socket.send(message)

        server.on_message(pass_on)
