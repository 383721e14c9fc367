"""Several forecasters on several coins as JSON."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict

from cryptoforecast.json_views.values import Json, Names, Says, finite
from cryptoforecast.types import CoinBoard


class CoinStandingJson(TypedDict):
    """One forecaster on all coins."""

    predictor: str
    ratios: Annotated[dict[str, float | None], Says("its loss over that of the reference, by coin")]
    mean: Annotated[float | None, Says("mean of the ratios", 0.91)]
    rank: Annotated[float | None, Says("mean rank of its losses, 1 for the lowest", 1.5)]
    better: Annotated[Names, Says("coins on which it is better by more than chance")]
    worse: Annotated[Names, Says("coins on which it is worse by more than chance")]


class CoinBoardJson(TypedDict):
    """All forecasters on all coins, the lowest mean first."""

    metric: str
    step: int
    reference: str
    coins: Names
    standings: list[CoinStandingJson]


def coin_board_json(board: CoinBoard) -> Json:
    """Describe a table of coins and forecasters."""
    standings: list[CoinStandingJson] = [
        {
            "predictor": one.predictor,
            "ratios": {coin: finite(ratio) for coin, ratio in one.ratios.items()},
            "mean": finite(one.mean),
            "rank": finite(one.rank),
            "better": list(one.better),
            "worse": list(one.worse),
        }
        for one in board.standings
    ]
    view: CoinBoardJson = {
        "metric": board.metric,
        "step": board.step,
        "reference": board.reference,
        "coins": list(board.coins),
        "standings": standings,
    }
    return dict(view)
