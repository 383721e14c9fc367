"""Names that help texts list, written out: the modules that own them load pandas, which is slow.

``tests/test_cli_help.py`` holds each list to its owner.
"""

from __future__ import annotations

INTERVALS = ("1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w")
METRICS = (
    "mae", "rmse", "mape", "smape", "mase", "directional_accuracy", "pinball", "coverage_80",
    "coverage_95",
)  # fmt: skip
#: What a column of a price file can be.
ROLES = (
    "time", "clock", "open", "high", "low", "close", "volume", "turnover", "price", "symbol",
)  # fmt: skip
PRESETS = ("quick", "careful", "classic")
NETWORKS = ("lstm", "dense")
BASELINES = ("naive", "cone", "drift", "har", "linear", "boosting")
FEATURES = (
    "close", "return", "abs_return", "range", "scaled_return", "scaled_move", "scaled_range",
    "short_range", "long_range", "volume", "hour", "half_day", "week", "weekend", "rsi", "macd",
    "bollinger", "atr", "averages",
)  # fmt: skip
#: Signals that need no file, besides the candles of other coins.
SIGNALS = ("fear_greed", "dvol")
#: Formats of exported networks.
FORMATS = ("keras", "onnx", "h5")
#: Repairs of price files, and what each does.
REPAIRS = {
    "outliers": "Leave out the candles with a price far from all prices around it.",
    "ohlc_violations": "Widen high and low where open or close lies outside them.",
    "flat_tail": "Cut off the end, where one price repeats without volume.",
    "flat": "Leave out stretches of 24 candles or more that repeat one price without volume.",
    "level_shift_cut": "Leave out what is before the last change of the coin's unit.",
    "level_shift_rescale": "Bring what is before a change of the coin's unit into the new unit, "
    "prices and volumes.",
    "unlisted": "Leave out the rows before the first price, where every price is 0.",
}
#: Stands for the last candle that a saved model saw, where a time could stand.
CUTOFF = "cutoff"
