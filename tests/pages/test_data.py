"""The Data page: a file is read, reported on, and forecast."""

from __future__ import annotations

import io

import pytest

from cryptoforecast.prices import files
from cryptoforecast.service import FILE, shared
from tests import synthetic
from tests.pages.conftest import words


@pytest.fixture
def csv(tmp_path) -> bytes:
    path = tmp_path / "ETHUSDT_1h.csv"
    files.write(synthetic.history(900), path)
    return path.read_bytes()


def upload(page, name: str, content: bytes):
    return page.file_uploader(key="upload").set_value((name, content, "text/csv")).run()


def test_a_file_is_read_reported_on_and_forecast(open_page, csv):
    page = upload(open_page("data"), "ETHUSDT_1h.csv", csv)
    assert not page.exception
    assert not page.error
    text = words(page)
    assert "ETH · 900 closed 1h candles" in text
    assert "Can these data be trusted?" in text
    assert len(page.get("plotly_chart")) == 1

    (name,) = shared()._files
    assert name.startswith(FILE)
    forecast = open_page("", coin=name)
    assert not forecast.error
    assert "Tested on ETH 1h" in words(forecast)
    assert not [choice for choice in forecast.get("button_group") if choice.key == "interval"]


def test_findings_are_shown_with_their_line(open_page, csv):
    lines = csv.decode().splitlines()
    page = upload(open_page("data"), "ETH.csv", "\n".join([*lines, lines[400]]).encode())
    assert not page.exception
    assert "1 finding in" in words(page)
    shown = next(table.value for table in page.dataframe if "Finding" in table.value)
    assert "duplicates" in set(shown["Finding"])


def test_minutes_are_merged_into_hours(open_page, csv):
    page = open_page("data")
    page.selectbox(key="file-interval").set_value("4h")
    page = upload(page, "prices.csv", csv)
    assert "4h candles" in words(page)


def test_what_can_not_be_read_is_refused_with_the_reason(open_page):
    page = upload(open_page("data"), "holiday.csv", b"\x89PNG\r\n\x1a\n" + bytes(200))
    assert "holiday.csv can't be read" in page.error[0].value
    assert "Traceback" not in words(page)


def test_a_link_to_a_file_that_is_gone_says_what_to_do(open_page):
    page = open_page("", coin=FILE + "0" * 16)
    assert "Open the file again" in page.error[0].value


def test_without_a_file_it_says_what_it_takes(open_page):
    page = open_page("data")
    assert "200 MB" in words(page)
    assert not page.error


def test_the_files_kept_are_bounded(monkeypatch, csv):
    from cryptoforecast import service as module
    from cryptoforecast.errors import InvalidInput

    monkeypatch.setattr(module, "KEPT_ROWS", 1500)
    service = shared()
    first = service.keep(synthetic.history(900, 1))
    second = service.keep(synthetic.history(900, 2))
    assert service.file(second).source
    with pytest.raises(InvalidInput, match="no longer kept"):
        service.file(first)
    with pytest.raises(InvalidInput, match="Choose longer candles"):
        service.keep(synthetic.history(1600))
    again = service.read(io.BytesIO(csv), "ETHUSDT_1h.csv")
    assert service.history(_query(service.keep(again))) is again


def _query(name: str):
    from cryptoforecast.types import MarketQuery

    return MarketQuery(name)
