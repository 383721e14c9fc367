"""What a user can choose about prices, and the rules of each choice; part of ``choices``.

Commands that read files need nothing else, so they load nothing else.
"""

from cryptoforecast.prices.candles.coins import COINS, resolve
from cryptoforecast.prices.candles.repairs import REPAIRS, repairable
from cryptoforecast.prices.candles.repairs import check as check_repairs
from cryptoforecast.prices.candles.resample import step_of as check_interval
from cryptoforecast.prices.candles.symbols import symbol_of as check_coin_of_file
from cryptoforecast.prices.files.corrections import ASSIGNABLE, Corrections
from cryptoforecast.prices.live.query import TIME_RULE, parse_time, window
from cryptoforecast.prices.live.sources import base_interval

__all__ = [
    "ASSIGNABLE",
    "COINS",
    "REPAIRS",
    "TIME_RULE",
    "Corrections",
    "base_interval",
    "check_coin_of_file",
    "check_interval",
    "check_repairs",
    "parse_time",
    "repairable",
    "resolve",
    "window",
]
