"""Waiting for what a page says of itself.

Playwright's own ``wait_for_function`` evaluates text in the page again and again, which the policy
of the app and of its reports forbids, unless the first time succeeds.
"""

from __future__ import annotations

from playwright.sync_api import Page


def until(page: Page, expression: str) -> None:
    """Wait until an expression is true in a page, a minute at most."""
    for _ in range(240):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"It never came true: {expression}")
