"""Commands whose answers are on record, and how an answer is cut down to its figures."""

from __future__ import annotations

MARKET = ("--coin", "BTC", "--interval", "1h", "--start", "2024-01-01", "--end", "2024-07-01")
DAYS = ("--coin", "ETH", "--interval", "1d", "--start", "2019-01-01", "--end", "2024-07-01")
SMALL = ("--units", "8,4", "--epochs", "2", "--lookback", "24")

#: By name: what is asked, and whether a network is trained for it. All on the embedded market.
COMMANDS: dict[str, tuple[str, ...]] = {
    "saved lstm": ("backtest", *MARKET, "--model", "btc-1h-lstm-close"),
    "saved dense": ("backtest", *MARKET, "--model", "btc-1h-dense"),
    "saved global, hours": ("backtest", *MARKET, "--model", "global-1h-lstm"),
    "saved global, days": ("backtest", *DAYS, "--model", "global-1d-lstm"),
    "next steps, lstm": ("forecast", *MARKET, "--model", "btc-1h-lstm-close", "--above", "60000"),
    "next steps, dense": ("forecast", *MARKET, "--model", "btc-1h-dense", "--below", "60000"),
    "next steps, global, hours": ("forecast", *MARKET, "--model", "global-1h-lstm"),
    "next steps, global, days": ("forecast", *DAYS, "--model", "global-1d-lstm"),
    "lstm alone": (
        "forecast", *MARKET, "--model", "btc-1h-lstm-close", "--above", "60000",
        "--predictor", "lstm",
    ),
    "dense alone": (
        "forecast", *MARKET, "--model", "btc-1h-dense", "--below", "60000", "--predictor", "dense",
    ),
    "global alone, hours": (
        "forecast", *MARKET, "--model", "global-1h-lstm", "--predictor", "lstm",
    ),
    "global alone, days": (
        "forecast", *DAYS, "--model", "global-1d-lstm", "--predictor", "lstm",
    ),
    "baselines, one step": ("backtest", *MARKET, "--network", "linear"),
    "baselines, a day ahead": ("backtest", *MARKET, "--network", "boosting", "--horizon", "24"),
    "walk forward": ("backtest", *MARKET, "--network", "har", "--folds", "3", "--horizon", "6"),
}  # fmt: skip
TRAINED: dict[str, tuple[str, ...]] = {
    "trained lstm": ("backtest", *MARKET, "--network", "lstm", "--horizon", "2", *SMALL),
    "trained dense": ("backtest", *MARKET, "--network", "dense", *SMALL),
    "squared error": ("backtest", *MARKET, "--network", "dense", "--loss", "mse", *SMALL),
}
#: Parts of an answer that hold figures, or sentences about them.
PARTS = (
    "split", "scores", "verdict", "verdicts", "folds", "origin", "last_close", "predictor",
    "members", "steps", "calibration", "odds",
)  # fmt: skip
#: What differs from run to run, or is long.
LEFT_OUT = ("training", "cached", "by_step", "factors")


def figures(answer: object) -> object:
    """Take what is on record out of a command's JSON; of long lists the first and the last."""
    if isinstance(answer, dict):
        return {name: figures(value) for name, value in answer.items() if name not in LEFT_OUT}
    if isinstance(answer, list):
        return [
            figures(value) for value in (answer if len(answer) < 4 else answer[:: len(answer) - 1])
        ]
    return answer
