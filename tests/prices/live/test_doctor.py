"""The doctor with local sources: healthy, dead, silent, behind, and with a wrong clock."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast import cli
from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles.coins import COINS
from cryptoforecast.prices.candles.resample import floor
from cryptoforecast.prices.live import doctor, wire
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.prices.live.doctor import Doctor
from cryptoforecast.prices.live.kraken import Kraken
from cryptoforecast.prices.live.yahoo import Yahoo
from cryptoforecast.settings import Settings
from cryptoforecast.types.diagnosis import SourceCheck
from tests.prices.live.exchange_server import ExchangeServer, coinbase_rows
from tests.prices.live.yahoo_server import COOKIE, CRUMB, YahooServer

HOUR = pd.Timedelta("1h")
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


class Ward:
    """Three local sources, and the doctor who examines them."""

    def __init__(self, yahoo: YahooServer, exchange: ExchangeServer, home: Path) -> None:
        self.yahoo, self.exchange, self.home = yahoo, exchange, home
        # The prices of the two servers are 100 apart.
        yahoo.tamper = raise_prices

    def sources(self) -> list[doctor.Observable]:
        yahoo = Yahoo(self.home)
        yahoo.base = self.yahoo.url
        return [
            yahoo,
            Coinbase(self.exchange.url, per_second=500),
            Kraken(self.exchange.url, per_second=500),
        ]

    def examine(self, coin: str = "BTC", **options: object) -> doctor.Diagnosis:
        return Doctor(Settings(self.home), self.sources()).examine(coin, **options)  # type: ignore[arg-type]


def raise_prices(text: str) -> str:
    document = json.loads(text)
    quote = document["chart"]["result"][0]["indicators"]["quote"][0]
    for name in ("open", "high", "low", "close"):
        quote[name] = [value if value is None else value + 100 for value in quote[name]]
    return json.dumps(document)


@pytest.fixture
def ward(
    yahoo_server: YahooServer,
    exchange: ExchangeServer,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Ward:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    return Ward(yahoo_server, exchange, home)


def by_name(diagnosis: doctor.Diagnosis) -> dict[str, SourceCheck]:
    return {check.source: check for check in diagnosis.sources}


def test_healthy_sources_are_described(ward: Ward) -> None:
    diagnosis = ward.examine()
    assert (diagnosis.coin, diagnosis.quote, diagnosis.interval, diagnosis.usable) == (
        "BTC",
        "USD",
        "1h",
        True,
    )
    checks = by_name(diagnosis)
    assert list(checks) == ["yahoo", "coinbase", "kraken"]
    last = floor(pd.Timestamp.now("UTC"), "1h") - HOUR
    for check in checks.values():
        assert (check.usable, check.problem) == (True, "")
        assert (check.host, check.addresses) == ("127.0.0.1", ("127.0.0.1",))
        assert check.connect_seconds is not None
        assert check.resolve_seconds is not None
        assert (check.status, check.first_bytes) == (200, "")
        assert check.price_step < 0.002
        assert (check.end, check.start) == (last, last - 47 * HOUR)
        assert check.last_close == 201 + int(last.timestamp()) // 3600 % 1000
    assert [check.order for check in checks.values()] == [
        "oldest first", "newest first", "oldest first",
    ]  # fmt: skip
    assert [check.symbol for check in checks.values()] == ["BTC-USD", "BTC-USD", "XBTUSD"]
    assert [check.year_requests for check in checks.values()] == [1, 30, 1]
    assert [check.year_rows for check in checks.values()] == [8759, 8759, 719]
    assert checks["coinbase"].year_seconds > 0.04  # twenty requests at 500 a second
    assert diagnosis.agreement is not None
    assert (diagnosis.agreement.time, diagnosis.agreement.within) == (last, True)
    assert diagnosis.agreement.difference == 0
    assert diagnosis.winner == "yahoo"
    # One null row of Yahoo's is a warning.
    assert checks["yahoo"].warnings == ("1 candle is missing between the first and the last one.",)
    assert not (ward.home / "prices").exists()


def test_one_dead_source_is_told_and_another_wins(ward: Ward) -> None:
    ward.yahoo.behaviour = "broken"
    ward.exchange.latency = 0.05
    diagnosis = ward.examine()
    checks = by_name(diagnosis)
    assert not checks["yahoo"].usable
    assert "something other than JSON" in checks["yahoo"].problem
    assert checks["yahoo"].status == 200
    assert checks["yahoo"].first_bytes == "<html>Will be back</html>"
    assert diagnosis.winner == "coinbase"
    assert diagnosis.agreement is not None
    assert set(diagnosis.agreement.closes) == {"coinbase", "kraken"}


@pytest.mark.parametrize(("behaviour", "status"), [("429", 429), ("451", 451), ("503", 503)])
def test_a_refusal_is_shown_with_its_status_and_first_bytes(
    ward: Ward, behaviour: str, status: int
) -> None:
    ward.exchange.coinbase_behaviour = behaviour
    check = by_name(ward.examine())["coinbase"]
    assert (check.usable, check.status) == (False, status)
    assert check.first_bytes == '{"message": "no"}'


def test_a_month_wins_where_nothing_else_is_left(ward: Ward) -> None:
    ward.yahoo.behaviour = "limited"
    ward.exchange.coinbase_behaviour = "403"
    diagnosis = ward.examine()
    assert (diagnosis.winner, diagnosis.agreement) == ("kraken", None)


def test_all_dead_sources_end_in_time(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MAX_SECONDS", 0.5)
    ward.yahoo.behaviour = ward.exchange.behaviour = "silent"
    ward.yahoo.hang_seconds = ward.exchange.hang_seconds = 5
    diagnosis = ward.examine()
    assert ward.yahoo.outlasted == ward.exchange.outlasted == 0
    assert (diagnosis.usable, diagnosis.winner, diagnosis.agreement) == (False, None, None)
    for check in diagnosis.sources:
        assert "did not answer" in check.problem
        assert check.status is None


def test_the_whole_visit_takes_less_than_half_a_minute() -> None:
    assert 3 * doctor.MAX_SECONDS < 30
    assert 2 * doctor._MAX_STEP_SECONDS < doctor.MAX_SECONDS


def test_a_host_that_does_not_exist_is_told(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [Coinbase("http://nowhere.invalid"), Kraken("http://127.0.0.1:9")]
    diagnosis = Doctor(Settings(ward.home), sources).examine()
    nowhere, closed = diagnosis.sources
    assert nowhere.addresses == ()
    assert nowhere.warnings == ("The name nowhere.invalid can't be resolved here.",)
    assert nowhere.problem == "Coinbase can't be reached."
    assert closed.addresses == ("127.0.0.1",)
    assert closed.warnings == ("No connection to 127.0.0.1, port 9.",)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (3600, r"clock is 3,6[0-9][0-9] s ahead of "),
        (-7200, r"clock is 7,1[0-9][0-9] s behind |clock is 7,200 s behind "),
    ],
)
def test_a_wrong_clock_is_told_and_no_open_candle_counts(
    ward: Ward, ahead: int, words: str
) -> None:
    date = pd.Timestamp.now("UTC") - pd.Timedelta(seconds=ahead)
    text = date.strftime("%a, %d %b %Y %H:%M:%S GMT")
    ward.exchange.headers["Date"] = ward.yahoo.date = text
    for check in ward.examine().sources:
        assert check.clock_ahead == pytest.approx(ahead, abs=20)
        assert any(re.search(words, warning) for warning in check.warnings)
        assert check.usable
        assert check.end is not None
        assert check.end + HOUR <= min(date, pd.Timestamp.now("UTC"))


def test_rows_in_no_order_are_told(ward: Ward) -> None:
    times = [int((floor(pd.Timestamp.now("UTC"), "1h") - n * HOUR).timestamp()) for n in (2, 5, 4)]
    ward.exchange.coinbase_behaviour = "body"
    ward.exchange.body = json.dumps(coinbase_rows(*times)).encode()
    check = by_name(ward.examine())["coinbase"]
    assert (check.usable, check.order, check.rows) == (True, "unordered", 3)
    assert check.warnings == (
        "1 candle is missing between the first and the last one.",
        "The rows came in no order.",
        "The last candle is 1 h behind.",
    )


def test_sources_that_disagree_are_told(ward: Ward) -> None:
    ward.yahoo.tamper = str
    diagnosis = ward.examine()
    assert diagnosis.agreement is not None
    assert not diagnosis.agreement.within
    closes = diagnosis.agreement.closes
    assert diagnosis.agreement.difference == pytest.approx(closes["kraken"] / closes["yahoo"] - 1)


def test_coarse_prices_are_not_usable(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    def tamper(text: str) -> str:
        document = json.loads(text)
        quote = document["chart"]["result"][0]["indicators"]["quote"][0]
        for name in ("open", "high", "low", "close"):
            quote[name] = [v if v is None else round(v * 1.2e-8, 6) for v in quote[name]]
        return json.dumps(document)

    ward.yahoo.tamper = tamper
    diagnosis = ward.examine("SHIB")
    check = by_name(diagnosis)["yahoo"]
    assert not check.usable
    assert check.price_step > 0.002
    assert check.problem.startswith("Yahoo rounds these prices to steps of")
    assert diagnosis.winner == "coinbase"
    monkeypatch.setattr(doctor, "COINS", {"SHIB": COINS["SHIB"]})
    (coin,) = ward.examine("SHIB", every_coin=True).coins
    assert set(coin.closes) == {"coinbase", "kraken"}
    assert coin.problems == {"yahoo": check.problem}


def test_a_pair_in_another_currency_and_an_index_are_examined(ward: Ward) -> None:
    diagnosis = ward.examine("BTC-EUR")
    assert (diagnosis.coin, diagnosis.quote) == ("BTC", "EUR")
    assert [check.symbol for check in diagnosis.sources] == ["BTC-EUR", "BTC-EUR", "XBTEUR"]
    ward.yahoo.currency = "USD"
    diagnosis = ward.examine("^GSPC")
    assert [check.symbol for check in diagnosis.sources] == ["^GSPC", None, None]
    assert diagnosis.sources[1].problem == "Coinbase does not know ^GSPC."
    assert diagnosis.winner == "yahoo"


def test_all_coins_are_asked_for(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "COINS", {name: COINS[name] for name in ("BTC", "ETH")})
    diagnosis = ward.examine(every_coin=True)
    assert [coin.coin for coin in diagnosis.coins] == ["BTC", "ETH"]
    for coin in diagnosis.coins:
        assert set(coin.closes) == {"yahoo", "coinbase", "kraken"}
        assert (coin.difference, coin.in_time, coin.problems) == (0, True, {})
    monkeypatch.setattr(doctor, "MAX_SECONDS_FOR_ALL", 0.0)
    assert not any(coin.in_time for coin in ward.examine(every_coin=True).coins)


def test_what_is_recorded_is_short_and_without_cookies(ward: Ward, tmp_path: Path) -> None:
    ward.yahoo.needs_crumb = True
    ward.exchange.headers["Set-Cookie"] = "secret=1"
    folder = tmp_path / "record"
    diagnosis = ward.examine(record=folder)
    assert by_name(diagnosis)["yahoo"].usable
    assert "Yahoo was asked for a cookie and a crumb" in by_name(diagnosis)["yahoo"].warnings[0]
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == list(diagnosis.recorded)
    assert {file.name[4:] for file in files} == {"yahoo.json", "coinbase.json", "kraken.json"}
    everything = "".join(file.read_text() for file in files)
    for secret in (COOKIE, CRUMB, "secret=1", "Cookie"):
        assert secret not in everything
    coinbase = json.loads(next(file for file in files if "coinbase" in file.name).read_text())
    assert (coinbase["status"], len(coinbase["body"])) == (200, 5)
    assert "granularity=3600" in coinbase["url"]
    chart = json.loads([file for file in files if "yahoo" in file.name][-1].read_text())
    result = chart["body"]["chart"]["result"][0]
    assert len(result["timestamp"]) == len(result["indicators"]["quote"][0]["open"]) == 5
    assert {"date", "content-type"} <= {name.lower() for name in chart["headers"]}
    with pytest.raises(InvalidInput, match="needs a new or an empty folder"):
        ward.examine(record=folder)


HOSTILE_BODIES = {
    "wide": b"{" + b",".join(b'"k%d": "v"' % n for n in range(20_000)) + b"}",
    "deep": b"[" * 900 + b"]" * 900,
    "nested": b'[{"a": [{"b": [' + b'["' + b"x" * 300 + b'"],' * 3000 + b"0]}]}]",
    "long name": b'{"' + b"n" * 1_000_000 + b'": 1}',
    "long text": b'["' + b"t" * 1_000_000 + b'"]',
    "control": b'["\\u001b[31m\\u202e\\u0000"]',
    "terminal": b"\x1b[31m\x1b]0;title\x07" * 1000,
    "digits": b"[" + b"9" * 4000 + b"]",
    "not JSON": b"\x00\xff" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE_BODIES)
def test_nothing_hostile_is_recorded_or_shown(ward: Ward, tmp_path: Path, name: str) -> None:
    ward.exchange.behaviour, ward.exchange.body = "body", HOSTILE_BODIES[name]
    ward.exchange.headers |= {f"X-{n}": "\x1b[31m" + "y" * 3000 for n in range(60)}
    folder = tmp_path / "record"
    diagnosis = ward.examine(record=folder)
    assert len(list(folder.iterdir())) >= 3
    for file in folder.iterdir():
        assert re.fullmatch(r"[0-9]{3}-(yahoo|coinbase|kraken)\.json", file.name)
        text = file.read_text("utf-8")
        assert len(text) < 60_000
        assert all(letter.isprintable() or letter == "\n" for letter in text)
        headers = json.loads(text)["headers"]
        assert all(value.isprintable() for value in headers.values())
        assert "\\u001b" not in json.dumps(headers)
    for check in diagnosis.sources:
        assert (check.first_bytes + check.problem).isprintable()
        assert len(check.first_bytes) <= 120
        assert len(check.problem) < 400


def test_the_number_of_records_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_RECORDS", 3)
    recorder = wire.Recorder(tmp_path / "record")
    answer = wire.Roundtrip("https://x/", 200, {}, b"[]", 0.1, pd.Timestamp.now("UTC"))
    for _ in range(9):
        recorder.write("yahoo", answer)
    assert len(list((tmp_path / "record").iterdir())) == len(recorder.names) == 3


@pytest.mark.parametrize(("spare", "whole"), [(0, True), (-1, False)])
def test_an_answer_that_stays_long_when_cut_is_recorded_as_text(spare: int, whole: bool) -> None:
    document = {str(i): ["x" * 193] * 5 for i in range(20)}
    document["last"] = ["x" * (20_000 - spare - len(json.dumps(document | {"last": [""]})))]
    body = json.dumps(document).encode()
    assert wire.cut(body) == (document if whole else body[:2000].decode())


# ---------------------------------------------------------------------------- command line


@pytest.fixture
def run(ward: Ward, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("CRYPTOFORECAST_LIVE", "1")
    monkeypatch.setattr(doctor, "live_sources", lambda home: ward.sources())

    def run(*args: str) -> tuple[int, str, str]:
        status = cli.main(["doctor", *args])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_the_command_says_who_would_win(run, ward: Ward) -> None:
    status, out, _ = run()
    assert status == 0
    assert "Winner: Yahoo, with 8,759 of the 8,760 hours of a year." in out
    assert "Coinbase: usable" in out
    assert "differ by 0.00 %" in out
    status, out, _ = run("--coin", "eth", "--json")
    assert status == 0
    document = json.loads(out)
    assert (document["coin"], document["usable"]) == ("ETH", True)
    assert document["winner"]["source"] == "yahoo"
    assert [source["source"] for source in document["sources"]] == ["yahoo", "coinbase", "kraken"]
    assert document["agreement"]["within"] is True
    assert document["sources"][1]["year"]["requests"] == 30


def test_the_command_fails_if_no_source_can_be_used(run, ward: Ward) -> None:
    ward.yahoo.behaviour, ward.exchange.behaviour = "limited", "403"
    status, out, err = run()
    assert status == 1
    assert err.splitlines() == [
        "Asking Yahoo ...",
        "Asking Coinbase ...",
        "Asking Kraken ...",
        "No live source can be used.",
    ]
    assert "Winner: none" in out
    # Every step of a refusal is shown.
    for step in ("connection +stands after", "answer +status 403 after", "it begins +\\S"):
        assert re.search(rf"^ +{step}", out, re.MULTILINE), out
    status, out, _ = run("--json")
    assert status == 1
    document = json.loads(out)
    assert (document["usable"], document["winner"], document["agreement"]) == (False, None, None)
    assert all(source["problem"] for source in document["sources"])


def test_the_command_asks_nobody_if_live_prices_are_switched_off(
    run, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYPTOFORECAST_LIVE", "0")
    status, out, err = run()
    assert (status, out) == (2, "")
    assert "CRYPTOFORECAST_LIVE=0" in err
    assert not ward.yahoo.requests


def test_the_command_lists_all_coins_and_records(
    run, ward: Ward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "COINS", {name: COINS[name] for name in ("BTC", "ETH")})
    status, out, _ = run("--all", "--record", str(tmp_path / "kept"))
    assert status == 0
    assert "ETH   yahoo $" in out
    assert "Recorded: 9 answers, without cookies." in out
    assert len(list((tmp_path / "kept").iterdir())) == 9
