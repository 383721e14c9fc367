"""How the values of options are written; the service checks what they may be."""

from __future__ import annotations

import argparse
import csv
import re
from typing import TYPE_CHECKING

from cryptoforecast.cli import names

if TYPE_CHECKING:
    import pandas as pd


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_must("be a whole number", text)) from error


def port(text: str) -> int:
    """Read a port to listen on."""
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < port < 2**16:
        raise argparse.ArgumentTypeError(_must("be a whole number from 1 to 65535", text))
    return port


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_must("be a number", text)) from error


def seconds(text: str) -> float:
    """Read a time such as 20m, in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(_must("be a time such as 90s, 20m, 2h or 1d", text))
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]]


def wholes(text: str) -> tuple[int, ...]:
    """Read whole numbers, separated by commas."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        rule = "be whole numbers separated by commas, such as 64,32"
        raise argparse.ArgumentTypeError(_must(rule, text)) from error


def pairs(text: str) -> dict[str, str]:
    """Read roles and the columns that have them."""
    rule = "be roles and columns such as time=Date,close=Last; quote a name that has a comma in it"
    pairs: dict[str, str] = {}
    try:
        parts = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error as error:
        raise argparse.ArgumentTypeError(_must(rule, text)) from error
    for part in parts:
        role, equals, name = part.partition("=")
        if not equals or not name.strip() or role.strip() in pairs:
            raise argparse.ArgumentTypeError(_must(rule, text))
        pairs[role.strip()] = name.strip()
    return pairs


def order(text: str) -> bool:
    """Return whether the day comes first."""
    if text not in ("day-first", "month-first"):
        raise argparse.ArgumentTypeError(_must("be day-first or month-first", text))
    return text == "day-first"


def decimal(text: str) -> str:
    """Read a decimal mark."""
    return {"point": ".", "comma": ","}.get(text, text)


def words(text: str) -> tuple[str, ...]:
    """Read words, separated by commas."""
    return tuple(part.strip() for part in text.split(","))


def time(text: str) -> pd.Timestamp:
    """Read a time, UTC."""
    from cryptoforecast.service import price_choices

    try:
        return price_choices.parse_time(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_must(f"be {price_choices.TIME_RULE}", text)) from error


def since(text: str) -> pd.Timestamp | str:
    """Read from when on a saved model is tested."""
    return text if text == names.CUTOFF else time(text)


def _must(rule: str, text: str) -> str:
    return f"must {rule}. Received: {text[:60]!r}."
