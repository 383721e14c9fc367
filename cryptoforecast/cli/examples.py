"""Examples for the help of each command; the tests parse every one."""

from __future__ import annotations

import argparse

#: Examples by command; ``""`` stands for the program itself.
EXAMPLES = {
    "": (
        "forecast --model btc-1h-dense",
        "backtest --coin BTC --network cone",
        "inspect prices.csv",
    ),
    "alarms": ("alarms add candle --coin BTC --rarity 1000", "alarms list"),
    "alarms add": (
        "alarms add candle --coin BTC --rarity 1000",
        "alarms add price --coin ETH --price 5000",
        "alarms add range --model global-1h-lstm --coin BTC --level 95",
    ),
    "alarms list": ("alarms list", "alarms list --json"),
    "alarms remove": ("alarms remove 3",),
    "alarms test": ("alarms test",),
    "anomalies": (
        "anomalies --coin ETH --days 365",
        "anomalies --data prices.csv --model har --to anomalies.csv",
    ),
    "app": ("app", "app --host 0.0.0.0 --port 8080"),
    "backtest": (
        "backtest --coin BTC --network cone",
        "backtest --data prices.csv --horizon 24",
        "backtest --coin BTC --signal fear_greed --ablate signal:fear_greed",
        "backtest --model btc-1h-dense --coin BTC --since cutoff",
        "backtest --data prices.csv --folds 4 --html report.html",
        "backtest --coins BTC,ETH,SOL --folds 4 --workers 2",
    ),
    "convert": (
        "convert minutes.csv.gz --interval 1h --to hours.parquet",
        "convert - --to - < prices.json",
    ),
    "doctor": ("doctor", "doctor --coin ETH --record answers"),
    "fetch": (
        "fetch --coin BTC --interval 1d --days 365 --to btc.csv",
        "fetch --coin ETH-EUR --to - | head",
    ),
    "forecast": (
        "forecast --model btc-1h-dense",
        "forecast --model global-1h-lstm --coin ETH --above 5000",
        "forecast --model btc-1h-lstm-close --data prices.csv --json",
    ),
    "inspect": ("inspect prices.csv.gz", "inspect odd.csv --columns time=Date,close=Last"),
    "ledger": (
        "ledger record --models global-1h-lstm --coins BTC,ETH",
        "ledger verify",
    ),
    "ledger export": ("ledger export --to ledger.csv", "ledger export --html ledger.html"),
    "ledger grade": ("ledger grade",),
    "ledger head": ("ledger head", "ledger head --json"),
    "ledger rebuild": ("ledger rebuild",),
    "ledger record": (
        "ledger record",
        "ledger record --models global-1h-lstm,har --coins BTC,ETH-EUR --intervals 1h",
    ),
    "ledger show": ("ledger show", "ledger show --model global-1h-lstm --coin BTC --step 1"),
    "ledger verify": (
        "ledger verify",
        "ledger verify --head 5f0c7dd1 --at 480",
    ),
    "mcp": ("mcp",),
    "models": ("models list", "models export btc-1h-dense --to dense.zip"),
    "models delete": ("models delete mine",),
    "models export": (
        "models export mine --to mine.zip",
        "models export btc-1h-lstm-close --format onnx --to btc.onnx",
    ),
    "models history": ("models history mine", "models history mine --json"),
    "models import": ("models import mine.zip", "models import mine.zip --name theirs"),
    "models list": ("models list", "models list --json"),
    "models rename": ("models rename mine better",),
    "models rollback": ("models rollback mine", "models rollback mine --to 5f0c7dd1a2b3"),
    "models show": ("models show btc-1h-dense",),
    "retrain": (
        "retrain mine",
        "retrain mine --fresh --days 730",
        "retrain mine --data prices.csv",
    ),
    "search": (
        "search --data prices.csv --trials 50 --time 20m",
        "search --coin ETH --network lstm --horizon 24 --save-preset eth.json",
        "search --data prices.csv --space space.toml --resume",
    ),
    "serve": ("serve", "serve --host 0.0.0.0 --port 8080 --workers 2"),
    "tick": ("tick", "tick --models global-1h-lstm --coins BTC,ETH"),
    "train": (
        "train --coin ETH --interval 1d --horizon 7 --save eth-week",
        "train --data prices.csv --preset classic --save classic",
        "train --global --data btc.csv eth.csv ltc.csv --leave-one-out --workers 2",
    ),
}


class Formatter(argparse.HelpFormatter):
    """Wraps texts, but keeps the lines of examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("examples:"):
            return text
        return super()._fill_text(text, width, indent)


def text(command: str, program: str = "cryptoforecast") -> str:
    """Write the examples of a command as the end of its help."""
    return "\n".join(["examples:", *(f"  {program} {each}" for each in EXAMPLES[command])])
