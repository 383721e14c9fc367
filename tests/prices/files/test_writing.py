"""Price files that are written: they read back alike, and nothing is lost or replaced unasked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast.errors import AlreadyExists, InvalidInput
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.writing import (
    MAX_SHOWN,
    check_free,
    check_page,
    check_target,
    put,
    write,
)
from cryptoforecast.prices.simulation.market import simulate
from cryptoforecast.types import PriceHistory
from tests.prices.files import samples


def minutes(name: str = "BTCUSDT.csv") -> PriceHistory:
    """Prices with all the digits that a number can have."""
    return read(samples.own(samples.candles("1m", 600) / 3), name)


def raise_(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("quote", ["EUR", "KRW", "BTC"])
@pytest.mark.parametrize("name", ["BTC.csv", "x.csv.gz", "x.parquet"])
def test_the_currency_is_written_and_read_back(tmp_path: Path, name: str, quote: str) -> None:
    dollars = minutes("ETHUSDT.csv")
    write(dataclasses.replace(dollars, quote=quote), tmp_path / name)
    table = (pd.read_parquet if name.endswith("parquet") else pd.read_csv)(tmp_path / name)
    assert set(table["quote"]) == {quote}
    again = read(tmp_path / name, name, coin="ETH")
    assert again.quote == quote
    assert again.fingerprint == dataclasses.replace(dollars, quote=quote).fingerprint
    assert again.fingerprint != dollars.fingerprint
    write(dollars, tmp_path / name, force=True)
    table = (pd.read_parquet if name.endswith("parquet") else pd.read_csv)(tmp_path / name)
    assert "quote" not in table


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.parquet"])
def test_what_is_written_reads_back_to_the_last_digit(tmp_path: Path, name: str) -> None:
    real = minutes()
    write(real, tmp_path / name)
    again = read(tmp_path / name, name, coin="BTC")
    assert again.fingerprint == real.fingerprint
    assert not again.simulated
    history = simulate("BTC", end=pd.Timestamp("2022-03-01", tz="UTC"))
    write(history, tmp_path / name, force=True)
    again = read(tmp_path / name, name)
    assert again.fingerprint == history.fingerprint
    assert again.simulated
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize(
    ("coin", "quote"),
    [
        ("BTC", "USD"), ("BTC", "EUR"), ("ETH", "BTC"), ("BTC", "KRW"), ("1INCH", "USD"),
        ("USDT", "EUR"), ("BNB", "ETH"), ("WIF", "GBP"), ("狗狗币", "USD"), ("狗狗币", "EUR"),
        ("बिटकॉइन", "INR"), ("币安人生", "BTC"), ("BTC.D", "USD"), ("TON", "USD"),
        ("A B", "EUR"), ("EUR", "USD"), ("UNKNOWN", "EUR"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.parquet"])
def test_the_coin_is_written_and_read_back(
    tmp_path: Path, name: str, coin: str, quote: str
) -> None:
    for simulated in (False, True):
        history = dataclasses.replace(minutes(), coin=coin, quote=quote, simulated=simulated)
        write(history, tmp_path / name, force=True)
        again = read(tmp_path / name, name)
        assert (again.coin, again.quote, again.simulated) == (coin, quote, simulated)
        assert again.fingerprint == history.fingerprint
        longer = read(tmp_path / name, name, interval="5m")
        assert (longer.coin, longer.quote) == (coin, quote)


@pytest.mark.parametrize("coin", ["ETH-BTC", "XBT"])
def test_a_coin_that_would_be_another_when_read_again_is_not_written(
    tmp_path: Path, coin: str
) -> None:
    history = dataclasses.replace(minutes(), coin=coin)
    write(history, tmp_path / "x.csv")
    assert "symbol" not in pd.read_csv(tmp_path / "x.csv")


def test_simulated_prices_say_so_in_every_row(tmp_path: Path) -> None:
    write(simulate("BTC", end=pd.Timestamp("2022-01-03", tz="UTC")), tmp_path / "x.csv")
    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert lines[0] == "time,open,high,low,close,volume,symbol,source"
    assert lines[1].startswith("2022-01-01T00:00:00Z,47000.0")
    assert all(line.endswith(",simulated") for line in lines[1:])


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    history = minutes()
    path = tmp_path / "x.csv"
    path.write_text("precious")
    with pytest.raises(AlreadyExists, match="exists already"):
        write(history, path)
    assert path.read_text() == "precious"
    for refuse in (check_target, check_free):
        with pytest.raises(AlreadyExists, match="exists already"):
            refuse(path)
        refuse(path, force=True)
        refuse(tmp_path / "other.csv")
    with pytest.raises(InvalidInput, match=r"must end in \.csv"):
        write(history, tmp_path / "x.xlsx")
    with pytest.raises(InvalidInput, match="can't be written: there is no folder"):
        write(history, tmp_path / "nowhere" / "x.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="there is no folder"):
        check_target(tmp_path / "file" / "x.csv")
    with pytest.raises(InvalidInput, match="can't be written: no reason given"):
        put(path, lambda _: raise_(OSError("no reason given")))


def test_a_path_of_any_length_is_shortened_in_a_message(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["long" * 20] * 4)
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text("precious")
    for path, reason in ((folder / "x.csv", "exists already"), (folder, "it is a folder")):
        with pytest.raises(InvalidInput, match=rf"^.{{{MAX_SHOWN}}}… .*{reason}"):
            check_free(path)


def test_a_file_that_is_half_written_is_removed(tmp_path: Path) -> None:
    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(InvalidInput, match="can't be written: No space left on device"):
        put(tmp_path / "x.csv", half)
    assert not [*tmp_path.iterdir()]


def test_a_report_is_written_as_a_page(tmp_path: Path) -> None:
    for name in ("x.html", "X.HTM"):
        check_page(tmp_path / name)
    with pytest.raises(InvalidInput, match=r"must end in \.html\. Received: 'x\.pdf'"):
        check_page(tmp_path / "x.pdf")
    (tmp_path / "x.html").write_text("")
    with pytest.raises(AlreadyExists, match="exists already"):
        check_page(tmp_path / "x.html")
    check_page(tmp_path / "x.html", force=True)
    with pytest.raises(InvalidInput, match="there is no folder"):
        check_page(tmp_path / "nowhere" / "x.html", force=True)
