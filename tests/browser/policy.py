"""Hearing what a browser says about the policy of a page, and whom it asks."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page, Request


def watch(page: Page, url: str, complaints: list[str]) -> None:
    """Note what breaks a policy, each host but ours that is asked, and every error of a script.

    Args:
        page: The page of the browser, from now on.
        url: Where our server is.
        complaints: The list that grows.
    """

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Permissions" in message.text:
            complaints.append(message.text)

    def see(request: Request) -> None:
        if not request.url.startswith((url, url.replace("http", "ws"), "data:", "blob:")):
            complaints.append(request.url)

    page.on("console", hear)
    page.on("request", see)
    page.on("pageerror", lambda error: complaints.append(str(error)))
