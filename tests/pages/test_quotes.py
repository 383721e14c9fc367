"""Prices in another currency than the dollar: no page tells them, or shows them, in dollars."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.html_report import VIEWS
from cryptoforecast.prices.files import writing
from cryptoforecast.service import shared
from cryptoforecast.types import OWNER, PriceHistory, affixes
from cryptoforecast.ui import details
from cryptoforecast.ui.views import FOLDS, LEADERBOARD
from tests import synthetic
from tests.pages.conftest import open_tab, rows, shown, words

pytestmark = pytest.mark.one_service

#: Quote, price of the coin in it, and how its prices are written.
QUOTES = [
    ("EUR", 27_000.0, r"€[0-9]"),
    ("KRW", 91e6, r"₩[0-9]{2,3},[0-9]{3},[0-9]{3}(?![0-9]|\.[0-9])"),
    ("BTC", 1.23e-6, r"0\.0000[0-9]{4,5} BTC"), ("CNY", 190_000.0, r"[0-9]\.[0-9]{2} CNY"),
]  # fmt: skip


def history(quote: str, price: float, **changes: object) -> PriceHistory:
    prices = synthetic.history(900, **{"coin": "SOL", "volume_unit": "quote", **changes})
    return synthetic.quoted(prices, quote, price)


def texts(message) -> Iterator[str]:
    """Every text in a message to the browser, of messages within it too."""
    if isinstance(message, str):
        yield message
    elif hasattr(message, "ListFields"):
        for _, value in message.ListFields():
            yield from texts(value)
    elif isinstance(message, Sequence) and not isinstance(message, bytes):
        for value in message:
            yield from texts(value)


def everything(page: AppTest) -> str:
    """All that the browser gets of a page: texts, labels, help, charts and tables."""
    parts = []

    def walk(block) -> None:
        for child in block.children.values():
            if hasattr(child, "children"):
                walk(child)
            parts.extend(texts(getattr(child, "proto", None)))

    walk(page.main)
    parts += [frame.value.to_csv() for frame in [*page.dataframe, *page.table]]
    # Streamlit's own names of elements.
    return re.sub(r"\$\$(ID|GENERATED|STREAMLIT)[^\s\"]*", "", "\n".join(parts))


def dollars(page: AppTest) -> list[str]:
    """The places of a page that speak of dollars."""
    return re.findall(r".{0,60}(?:\$|USD|[Dd]ollar).{0,40}", everything(page))


@pytest.fixture
def opened():
    """Return ``opened(quote, price)``: the name of a file that is open, with its prices."""

    def open_file(quote: str, price: float, **changes: object) -> str:
        return shared().prices.open(history(quote, price, **changes), user=OWNER)

    return open_file


@pytest.mark.parametrize(("quote", "price", "form"), QUOTES)
def test_the_forecast_page_tells_prices_in_their_currency(open_page, opened, quote, price, form):
    page = open_page("", coin=opened(quote, price), model="cone")
    for table in ("next", "probabilities", "touch"):
        page.session_state[f"table-cone-{table}"] = True  # opened
    sign, code = affixes(quote)
    for tab in details.TABS:
        open_tab(page, tab)
        assert not page.error
        assert dollars(page) == [], tab
        answer = shown(page.title[0].value)
        assert len(re.findall(rf"{sign}[0-9][0-9.,]*{code}", answer)) == 2, answer
        assert all(sign in rows(page)[name][1] for name in ("Volatility cone", "Stays put"))
        assert all(code in rows(page)[name][1] for name in ("Volatility cone", "Stays put"))
        if tab == "Chances":
            assert f"Your price, {quote}" in [box.label for box in page.number_input]
        if tab == "Scores":
            assert f"of SOL-{quote} hourly prices" in words(page)
        if tab == "Past forecasts":
            axis = figures(page)[-1]["layout"]["yaxis"]
            assert sign == axis["tickprefix"] if sign else axis["title"]["text"] == quote
    (forecast,) = [line for line in words(page).splitlines() if line.startswith("By ")]
    assert len(re.findall(form, forecast)) == 4, forecast
    fan = figures(page)[0]["layout"]
    assert any(sign in note["text"] and code in note["text"] for note in fan["annotations"])


def figures(page: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]


@pytest.mark.parametrize(("quote", "price", "form"), QUOTES[:3])
def test_the_backtest_page_tells_errors_in_their_currency(open_page, opened, quote, price, form):
    name = opened(quote, price)
    for view in (LEADERBOARD, *VIEWS):
        page = open_page("backtest", coin=name, model="har", view=view, metric="mae")
        assert not page.error
        assert dollars(page) == [], view
    folds = open_page("backtest", coin=name, model="har", view=FOLDS, test="Walk-forward")
    assert dollars(folds) == []


def test_one_history_in_two_currencies_shares_no_figure(open_page, opened):
    first = open_page("", coin=opened("USD", 27_000.0), model="cone")
    second = open_page("", coin=opened("EUR", 27_000.0, source="file other.csv"), model="cone")
    assert len(dollars(first)) > 20
    assert dollars(second) == []


def test_the_market_page_tells_prices_in_their_currency(open_page, monkeypatch):
    prices = history("EUR", 27_000.0)
    monkeypatch.setattr(shared().prices, "history", lambda *_, **__: prices)
    page = open_page("market", coin="SOL")
    assert dollars(page) == []
    assert " in 1 week, to €27,000" in words(page)
    assert "Lowest €" in words(page)
    (chart,) = figures(page)
    assert "volume, EUR" in [note["text"] for note in chart["layout"]["annotations"]]
    assert "open €%{open:,.2f}" in chart["data"][0]["hovertemplate"]
    assert "The volume is the turnover in EUR." in words(page)


@pytest.mark.parametrize(
    ("name", "quote", "close"),
    [("SOL-EUR.csv", "EUR", "€"), ("SOLKRW_1h.csv", "KRW", "₩"), ("SOL-BTC.csv", "BTC", " BTC")],
)
def test_the_data_page_tells_the_prices_of_a_file_in_their_currency(
    open_page, tmp_path, name, quote, close
):
    path = tmp_path / name
    writing.write(history(quote, 27_000.0, volume_unit="coins"), path)
    page = open_page("data")
    page.file_uploader(key="upload").set_value((name, path.read_bytes(), "text/csv")).run()
    page.session_state["table-candles"] = True
    page.run()
    assert not page.exception
    assert not page.error
    # The user may correct the currency, and dollars are one of those to choose from.
    assert set(dollars(page)) <= {"Automatic", "USD"}
    assert f"900 hours of SOL in {quote}" in words(page)
    assert close in words(page)


def test_a_download_names_the_currency(open_page, opened, monkeypatch):
    written = {}

    def button(_, data, file_name, **__):
        written[file_name] = data()

    monkeypatch.setattr("streamlit.download_button", button)
    open_tab(open_page("", coin=opened("KRW", 91e6), model="cone"), "Numbers")
    content = next(text for name, text in written.items() if name.endswith("cone-next.csv"))
    header, first = content.splitlines()[:2]
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert (row["coin"], row["quote"]) == ("SOL", "KRW")
    times = {name: pd.Timestamp(row[name]) for name in ("origin", "time", "closes_at")}
    assert times["closes_at"] - times["time"] == pd.Timedelta(hours=1)
    assert times["time"] - times["origin"] == pd.Timedelta(hours=1)
