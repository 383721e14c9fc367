"""The server for assistants, in a process of its own, driven by the client of its SDK."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from cryptoforecast import cli
from cryptoforecast.cli import assistants
from cryptoforecast.prices.files import writing
from cryptoforecast.service import price_choices, shared
from cryptoforecast.types import OWNER
from tests import synthetic

ROOT = Path(__file__).resolve().parent.parent


def served(work: Callable[[Client], Awaitable[Any]]) -> Any:
    """Do some work with a client of a server that runs in its own process."""
    names = ("CRYPTOFORECAST_HOME", "CRYPTOFORECAST_LIVE")
    process = StdioServerParameters(
        command=sys.executable,
        args=["-m", "cryptoforecast", "mcp"],
        cwd=ROOT,
        env={name: os.environ[name] for name in names},
    )

    async def run() -> Any:
        async with Client(process) as client:
            return await work(client)

    # In a thread of its own: a browser of another test may have left an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()


def answer(result: Any) -> dict[str, Any]:
    """Read what a tool has answered; the assistant reads the same text."""
    assert not result.is_error, result.content
    text = json.loads(result.content[0].text)
    assert result.structured_content == text
    assert next(iter(text)) == "verdict"
    return dict(text)


def command(capsys: pytest.CaptureFixture[str], *args: object) -> Any:
    """Run the command line here; return its JSON."""
    capsys.readouterr()
    assert cli.main([*map(str, args), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_assistant_gets_the_answers_of_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "BTCUSD.csv"
    writing.write(synthetic.history(), path)

    async def work(client: Client) -> dict[str, Any]:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {*tools} == {"list_models", "forecast", "probabilities", "backtest", "inspect_file"}
        for tool in tools.values():
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
            assert tool.description
        dense = {"model": "btc-1h-dense", "days": 90}
        calls: dict[str, tuple[str, dict[str, Any]]] = {
            "models": ("list_models", {}),
            "forecast": ("forecast", dense),
            "method": ("forecast", {"model": "naive", "coin": "ETH", "horizon": 2, "days": 90}),
            "chances": (
                "probabilities",
                {**dense, "above": [1.0, 1e9]},
            ),
            "test": ("backtest", {"model": "btc-1h-lstm-close", "days": 90}),
            "file": ("inspect_file", {"path": str(path)}),
        }
        return {
            name: answer(await client.call_tool(tool, arguments))
            for name, (tool, arguments) in calls.items()
        }

    answers = served(work)
    listed = {one["name"]: one for one in answers["models"]["models"]}
    for one in command(capsys, "models", "list"):
        assert listed[one["name"]]["verdict"] == one["verdict"]
    forecast = command(capsys, "forecast", "--model", "btc-1h-dense", "--days", 90)
    assert answers["forecast"]["verdict"] == forecast["verdict"]["sentence"]
    assert answers["forecast"]["steps"] == forecast["steps"]
    assert "simulated" in answers["forecast"]["verdict"]
    assert [step["step"] for step in answers["method"]["steps"]] == [1, 2]
    assert answers["method"]["data"]["coin"] == "ETH"
    odds = [step["probability"] for one in answers["chances"]["odds"] for step in one["steps"]]
    assert odds == [0.99] * 24 + [0.01] * 24
    assert "steps" not in answers["chances"]
    service = shared()
    prices = service.prices.history(price_choices.window("BTC", "1h", days=90))
    test = service.backtests.of_saved(prices, service.saved_models.load("btc-1h-lstm-close").model)
    assert answers["test"]["verdict"] == test.verdict.sentence
    assert answers["test"]["test"]["scores"]["stack"]["mae"] == test.scores["stack"][-1].mae
    inspected = command(capsys, "inspect", path)
    assert answers["file"]["fingerprint"] == inspected["fingerprint"]
    assert answers["file"]["verdict"] == "The file can be read. Problems: none."


def test_a_model_that_reads_a_signal_is_tested(capsys: pytest.CaptureFixture[str]) -> None:
    spec = synthetic.spec(features=("return", "signal:fear_greed"), lookback=5)
    shared().saved_models.add(synthetic.model(spec), "moody", user=OWNER)
    result = assistants.Tools(shared()).backtest("moody", days=60)
    test = command(capsys, "backtest", "--model", "moody", "--coin", "BTC", "--days", 60)
    assert result["test"]["data"]["fingerprint"] == test["data"]["fingerprint"]
    assert result["test"]["scores"]["stack"]["mae"] == test["scores"]["stack"]["mae"]


def test_an_assistant_is_refused_in_the_words_of_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    calls = (
        ("forecast", {"model": "nothing"}, ("forecast", "--model", "nothing")),
        (
            "forecast",
            {"model": "btc-1h-dense", "coin": "zzzz"},
            ("forecast", "--model", "btc-1h-dense", "--coin", "zzzz"),
        ),
        (
            "forecast",
            {"model": "btc-1h-dense", "prices": "live"},
            ("forecast", "--model", "btc-1h-dense", "--prices", "live"),
        ),
        (
            "probabilities",
            {"model": "har", "above": [-1.0]},
            ("forecast", "--model", "har", "--above", "-1"),
        ),
        ("inspect_file", {"path": str(bad)}, ("inspect", bad)),
    )

    async def work(client: Client) -> list[str]:
        refusals = []
        for tool, arguments, _ in calls:
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            refusals.append(result.content[0].text)  # type: ignore[union-attr]
        without = await client.call_tool("probabilities", {"model": "har"})
        assert "A probability needs a price." in without.content[0].text  # type: ignore[union-attr]
        return refusals

    for refusal, (_, _, options) in zip(served(work), calls, strict=True):
        capsys.readouterr()
        assert cli.main([*map(str, options)]) in (2, 3)
        sentence = capsys.readouterr().err.strip().splitlines()[-1].removeprefix("error: ")
        assert " ".join(refusal.split()).endswith(sentence)


def test_without_the_sdk_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(assistants, "find_spec", lambda name: None)
    assert cli.main(["mcp"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "pip install 'cryptoforecast[mcp]'" in printed.err
