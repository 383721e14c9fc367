"""Tests of several coins as one table of forecasters and coins."""

from __future__ import annotations

from collections.abc import Mapping

from cryptoforecast.evaluation.coin_board import CoinLosses, board, check_metric
from cryptoforecast.types import Backtest, CoinBoard, WalkForward

__all__ = ["check_metric", "of"]


def of(tests: Mapping[str, WalkForward | Backtest], metric: str = "pinball") -> CoinBoard:
    """Put the tests of several coins into one table.

    Args:
        tests: Tests with the same settings, by coin.
        metric: A loss of ``Scores``; see ``check_metric``.

    Raises:
        InvalidInput: If there is no such metric.
    """
    backtests = {
        coin: test.backtest if isinstance(test, WalkForward) else test
        for coin, test in tests.items()
    }
    return board({coin: CoinLosses.of(test, metric) for coin, test in backtests.items()}, metric)
