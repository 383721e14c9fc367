"""One command for several coins: each is answered by itself, and all are shown in one table."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cryptoforecast.cli import tables
from cryptoforecast.cli.progress import one_line, say
from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.service.outlooks import Outlook
from cryptoforecast.texts import lines_text
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    Backtest,
    CoinBoard,
    PriceHistory,
    Verdict,
    WalkForward,
    price_text,
)

Value = TypeVar("Value")

#: Coins of one command, at most.
MAX_COINS = 20


@dataclass(frozen=True)
class Result(Generic[Value]):
    """The answer for one coin.

    Attributes:
        coin: The coin as the user wrote it.
        value: The answer; ``None`` if there is none.
        error: Why there is none; ``None`` if there is one.
    """

    coin: str
    value: Value | None
    error: str | None


def check(args: argparse.Namespace, single: Collection[str]) -> None:
    """Refuse coins that can't be meant, and options that go with one coin only.

    Args:
        args: The options.
        single: Names of the options that go with one coin only.

    Raises:
        InvalidInput: If ``--coin`` or one of ``single`` is given too, a coin comes twice or is
            empty, or there are too many.
    """
    if args.coin is not None:
        raise InvalidInput("A command takes --coin or --coins. Received: both. Leave one out.")
    for name in sorted(single):
        if getattr(args, name) not in (None, []):
            option = name.replace("_", "-")
            raise InvalidInput(
                f"--{option} goes with one coin only. Use --coin in place of --coins."
            )
    if not all(args.coins) or len({*args.coins}) < len(args.coins) or len(args.coins) > MAX_COINS:
        raise InvalidInput(
            f"--coins must be 1 to {MAX_COINS} different coins, such as BTC,ETH,SOL. Received: "
            f"{','.join(args.coins)!r:.80}."
        )


def one(args: argparse.Namespace, coin: str) -> argparse.Namespace:
    """Return the options of a command for one of its coins."""
    return argparse.Namespace(**vars(args) | {"coin": coin, "coins": None, "several": True})


def each(
    args: argparse.Namespace, run: Callable[[argparse.Namespace], Value]
) -> list[Result[Value]]:
    """Run a command for each coin; one that fails leaves the others their answers.

    Args:
        args: The options, with ``coins``.
        run: Answers for the coin in its options.

    Raises:
        CryptoForecastError: If no coin has an answer: the reason of the first.
    """
    results, errors = [], []
    for coin in args.coins:
        try:
            results.append(Result(coin, run(one(args, coin)), None))
        except (InvalidInput, SourceUnavailable) as error:
            errors.append(error)
            results.append(Result[Value](coin, None, str(error)))
    if len(errors) == len(results):
        raise errors[0]
    for result in results:
        if result.error is not None:
            say(f"note: {result.coin} is left out. {one_line(result.error)}")
    return results


def forecasts(results: Sequence[Result[Outlook]]) -> str:
    """Put the last step of each forecast into a table, with the warnings below it."""
    rows, histories, sentences = [], [], []
    for result in results:
        if result.value is None:
            continue
        steps, history = result.value.steps, result.value.steps.history
        histories.append(history)
        sentences.append(tables.beside_simulated(steps.warnings))
        prices = steps.forecast.quantile_prices[0, -1]
        low, high = (
            price_text(float(prices[QUANTILES.index(level)]), history.quote, estimate=True)
            for level in (0.1, 0.9)
        )
        rows.append(
            [
                history.market,
                price_text(float(steps.forecast.close[0]), history.quote),
                tables.time(steps.closing_times[-1]),
                price_text(float(prices[MEDIAN]), history.quote, estimate=True),
                f"{low} to {high}",
                _says(result.value.verdict),
            ]
        )
    header = ("coin", "last close", "step closes at (UTC)", "median", "80 % band", _BEATS)
    return _table(header, rows, histories, sentences)


def backtests(results: Sequence[Result[WalkForward | Backtest]]) -> str:
    """Put the figures of each test into a table: errors over those of the last price."""
    rows, histories, sentences = [], [], []
    for result in results:
        if result.value is None:
            continue
        value = result.value
        test = value.backtest if isinstance(value, WalkForward) else value
        histories.append(test.history)
        sentences.append(test.notes)
        own, naive = test.scores[test.predictor][-1], test.scores["naive"][-1]
        rows.append(
            [
                test.history.market,
                f"{len(test.split.test_origins()):,}",
                tables.ratio(own.mae, naive.mae),
                tables.ratio(own.pinball, naive.pinball),
                tables.number(own.coverage_80, ".1%"),
                _says(test.verdict),
            ]
        )
    header = ("coin", "origins", "MAE / naive", "pinball / naive", "in 80 %", _BEATS)
    return _table(header, rows, histories, sentences)


def board(board: CoinBoard) -> list[str]:
    """Put forecasters and coins into a table of losses over those of the reference."""
    rows = [
        [
            one.predictor,
            *(tables.number(one.ratios[coin], ".4f") for coin in board.coins),
            tables.number(one.mean, ".4f"),
            tables.number(one.rank, ".2f"),
            str(len(one.better)),
            str(len(one.worse)),
        ]
        for one in board.standings
    ]
    header = ("forecaster", *board.coins, "mean", "rank", "better on", "worse on")
    return [
        f"{board.metric} over that of {board.reference}, step {board.step}:",
        *tables.aligned(header, rows),
        "Better and worse count the coins with a difference that is more than chance, corrected "
        "for the number of comparisons on all coins (Holm).",
    ]


_BEATS = "beats the last price"


def _says(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not tested"
    return "yes" if verdict.beats_baseline else "no"


def _table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    histories: Sequence[PriceHistory],
    sentences: Sequence[Sequence[str]],
) -> str:
    """Write the table, with the coins of simulated prices above and notes below.

    Args:
        header: Names of the columns.
        rows: A row for each coin.
        histories: Its prices.
        sentences: The sentences about it; one about several coins is written once.
    """
    simulated = [history.market for history in histories if history.simulated]
    lines = [f"{tables.SIMULATED} ({', '.join(simulated)})"] if simulated else []
    markets: dict[str, list[str]] = {}
    for history, about in zip(histories, sentences, strict=True):
        for sentence in about:
            markets.setdefault(sentence, []).append(history.market)
    notes = [f"{', '.join(names)}: {sentence}" for sentence, names in markets.items()]
    return lines_text([*lines, *tables.aligned(header, rows), *notes])
