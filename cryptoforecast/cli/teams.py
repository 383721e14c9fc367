"""Several workers: the options that name them, their progress, and the tests that they do."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator, Mapping

from cryptoforecast.cli import coins
from cryptoforecast.cli.progress import Meter
from cryptoforecast.errors import CryptoForecastError, InvalidInput, SourceUnavailable
from cryptoforecast.service import Service
from cryptoforecast.service import workers as team
from cryptoforecast.service.workers import Case, Engine
from cryptoforecast.types import Backtest, Monitor, WalkForward

Cancelled = Callable[[], bool]


def wanted(args: argparse.Namespace) -> bool:
    """Return whether the options name workers.

    Raises:
        InvalidInput: If they can't be had.
    """
    team.check(args.workers, args.scheduler)
    return args.workers is not None or args.scheduler is not None


@contextlib.contextmanager
def at_work(
    args: argparse.Namespace, title: str, cancelled: Cancelled
) -> Iterator[tuple[Engine, Monitor]]:
    """Yield the workers that the options name, and the monitor of what they do.

    Args:
        args: The options.
        title: Says what they do.
        cancelled: Returns true once the command should stop.
    """
    meter = Meter(title)
    with team.open_engine(args.workers, args.scheduler) as engine:
        try:
            yield engine, Monitor(meter, cancelled)
        finally:
            meter.close()


def test(
    service: Service, args: argparse.Namespace, case: Case, cancelled: Cancelled
) -> WalkForward:
    """Test on one coin, several folds at once."""
    return _value(_test_all(service, args, {case.history.coin: case}, cancelled)[case.history.coin])


def test_coins(
    service: Service,
    args: argparse.Namespace,
    case_of: Callable[[argparse.Namespace], Case],
    cancelled: Cancelled,
) -> list[coins.Result[WalkForward | Backtest]]:
    """Test on several coins, several folds of all of them at once.

    Args:
        service: Does the work.
        args: The options, with ``coins``.
        case_of: Returns the test of the one coin in its options.
        cancelled: Returns true once the command should stop.

    Raises:
        CryptoForecastError: If no coin has an answer, or workers are lost or refused.
    """
    cases: dict[str, Case] = {}
    refused: dict[str, CryptoForecastError] = {}
    for coin in args.coins:
        try:
            cases[coin] = case_of(coins.one(args, coin))
        except (InvalidInput, SourceUnavailable) as error:
            refused[coin] = error
    tested = {**refused, **(_test_all(service, args, cases, cancelled) if cases else {})}

    def result(one: argparse.Namespace) -> WalkForward | Backtest:
        return _value(tested[one.coin])

    return coins.each(args, result)


def _test_all(
    service: Service, args: argparse.Namespace, cases: Mapping[str, Case], cancelled: Cancelled
) -> dict[str, WalkForward | CryptoForecastError]:
    markets = ", ".join(case.history.market for case in cases.values())
    with at_work(args, f"Testing on {markets}", cancelled) as (engine, monitor):
        results = service.workers.walk_forward(
            list(cases.values()), engine, monitor, use_cache=not args.no_cache
        )
    return dict(zip(cases, results, strict=True))


def _value(result: WalkForward | CryptoForecastError) -> WalkForward:
    if isinstance(result, CryptoForecastError):
        raise result
    return result
