"""The alarms of the Ledger page in a real browser: set elsewhere, read here at both widths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from cryptoforecast.alarms import tables
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types.alarms import CANDLE, MODEL, AlarmRule, RaisedAlarm


@pytest.fixture
def raised(home_of_server: Path) -> Iterator[RaisedAlarm]:
    """Set two alarms, of which one is raised; they are gone when the test has ended."""
    service = Service(Settings(home_of_server, live=False))
    service.alarms.add(AlarmRule(CANDLE, coin="BTC"))
    service.alarms.add(AlarmRule(MODEL, model="btc-1h-dense"))
    (one,) = service.alarms.run().raised
    yield one
    with service.ledger.database.writing() as connection:
        for table in (tables.deliveries, tables.alarms, tables.rules):
            connection.execute(sa.delete(table))
    service.ledger.close()


def test_the_owner_reads_what_is_set_and_what_was_raised(
    url: str, page: Page, raised: RaisedAlarm
) -> None:
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.goto(f"{url}/ledger")
    expect(page.get_by_role("heading", name="2 alarms are set")).to_be_visible()
    expect(page.get_by_text("BTC, 1h: a move as rare as 1 in 1,000")).to_be_visible()
    expect(page.get_by_text(raised.alarm.sentence)).to_be_visible()
    expect(page.get_by_text("No message is sent yet.")).to_be_visible()
    for text in (raised.alarm.sentence, "No message is sent yet."):
        box = page.get_by_text(text).bounding_box()
        width = page.viewport_size["width"] if page.viewport_size else 0
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Alarms are set by commands and settings alone, so that no page can make the server send.
    main = page.get_by_test_id("stMain")
    assert main.locator("input, textarea, form").count() == 0
    assert all("404" in line for line in complaints)
