"""The commands of prices: inspect, convert, fetch, doctor; and the prices of the other commands.

They load nothing but what reads prices, so that a small file takes little longer than the import of
pandas.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cryptoforecast import json_views
from cryptoforecast.cli import file_text
from cryptoforecast.cli.answer import Answer
from cryptoforecast.cli.groups import READING_OPTIONS
from cryptoforecast.cli.progress import Reading, one_line, say
from cryptoforecast.cli.streams import STANDARD
from cryptoforecast.errors import CryptoForecastError, InvalidInput
from cryptoforecast.service import files, price_choices
from cryptoforecast.service.prices import PriceService
from cryptoforecast.types import MarketQuery, PriceHistory

#: The commands that need prices alone.
COMMANDS = ("inspect", "convert", "fetch", "doctor")


def answer(prices: PriceService, args: argparse.Namespace) -> Answer:
    """Run one of ``COMMANDS``; see ``commands.answer``."""
    return {"inspect": _inspect, "convert": _convert, "fetch": _fetch, "doctor": _doctor}[
        args.command
    ](prices, args)


def load(prices: PriceService, args: argparse.Namespace, interval: str = "1h") -> PriceHistory:
    """Return the prices of ``--data`` or ``--coin``.

    Args:
        prices: Reads or fetches them.
        args: The options.
        interval: Candle length of ``--coin`` unless the options have one.

    Raises:
        InvalidInput: If the options contradict each other, or one is outside the rules.
        UnreadableFile: If the file cannot be read without doubt.
        SourceUnavailable: If live prices are required, and no source answers.
    """
    check(args)
    if args.data is not None:
        history = _read(prices, args.data, args)
    else:
        query = _query(args, interval if args.interval is None else args.interval)
        history = prices.history(query, prices=_which(args, "any"))
    _say_notes(history, f"{history.market}: " if "several" in args else "")
    return history


def check(args: argparse.Namespace) -> None:
    """Refuse options of prices that contradict each other.

    Raises:
        InvalidInput: If there are no prices, or an option goes with other prices only.
    """
    check_reading(args)
    live_only = list(set_options(args, ("start", "end", "days", "prices")))
    if args.data is not None and live_only:
        raise InvalidInput(f"--{live_only[0]} goes with live prices only. Leave out --data.")
    if args.data is None and args.coin is None:
        raise InvalidInput("Prices are needed. Choose a file (--data FILE) or a coin (--coin BTC).")


def check_reading(args: argparse.Namespace) -> None:
    """Refuse options of how a price file is read where no file is given.

    Raises:
        InvalidInput: If one of them is set, and no file is given.
    """
    reading = list(set_options(args, READING_OPTIONS))
    if args.data is None and reading:
        raise InvalidInput(f"--{reading[0]} goes with a price file only. Add --data FILE.")


def set_options(args: argparse.Namespace, names: Collection[str]) -> dict[str, Any]:
    """Return the options of these names that the user has set."""
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def _query(args: argparse.Namespace, interval: str) -> MarketQuery:
    return price_choices.window(args.coin, interval, start=args.start, end=args.end, days=args.days)


def _which(args: argparse.Namespace, default: str) -> str:
    """Return which prices may answer."""
    return default if args.prices is None else str(args.prices)


def _say_notes(history: PriceHistory, prefix: str = "") -> None:
    for note in history.notes:
        say(f"note: {prefix}{one_line(note)}")


def _read(prices: PriceService, path: Path, args: argparse.Namespace) -> PriceHistory:
    """Read a price file as the options say.

    Raises:
        InvalidInput: If there is no such file, or an option is outside the rules.
        UnreadableFile: If the file cannot be read without doubt.
    """
    try:
        with _source(path) as source:
            name = "stdin" if path == STANDARD else path.name
            progress = Reading(name)
            try:
                return prices.read(
                    source,
                    name,
                    coin=args.coin,
                    interval=args.interval,
                    corrections=_corrections(args),
                    repairs=args.repair or (),
                    report=progress,
                )
            finally:
                progress.close()
    except OSError as error:
        reason = error.strerror or str(error).rstrip(".")
        raise InvalidInput(f"{path} can't be read: {reason}.") from error


@contextlib.contextmanager
def _source(path: Path) -> Iterator[Path | BinaryIO]:
    """Give the file to read; what comes on standard input is copied to a file first.

    Raises:
        InvalidInput: If there is no such file.
    """
    if path == STANDARD:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.seek(0)
            yield copy
        return
    if not path.is_file():
        kinds = {path.is_dir(): "a folder", not path.exists(): "no such file"}
        kind = kinds.get(True, "not a regular file")
        raise InvalidInput(f"A price file is needed. Received: {path} ({kind}).")
    yield path


def _corrections(args: argparse.Namespace) -> price_choices.Corrections:
    return price_choices.Corrections(
        delimiter=args.delimiter,
        columns=args.columns or {},
        day_first=args.dates,
        zone=args.zone,
        label=args.label,
        decimal=args.decimal,
        only=args.only,
        quote=args.quote,
    )


def _inspect(prices: PriceService, args: argparse.Namespace) -> Answer:
    # A wrong option is refused as usual. What is wrong with the file is the answer.
    _corrections(args)
    price_choices.check_repairs(args.repair or ())
    if args.interval is not None:
        price_choices.check_interval(args.interval)
    if args.coin is not None:
        price_choices.check_coin_of_file(args.coin)
    try:
        history = _read(prices, args.file, args)
    except CryptoForecastError as error:
        return Answer(json_views.unreadable_json(str(error)), "", refusal=str(error))
    return Answer(json_views.inspect_json(history), file_text.inspect(history))


def _convert(prices: PriceService, args: argparse.Namespace) -> Answer:
    files.check_target(args.to, force=args.force)
    return _write(_read(prices, args.file, args), args)


def _fetch(prices: PriceService, args: argparse.Namespace) -> Answer:
    files.check_target(args.to, force=args.force)
    history = prices.history(_query(args, args.interval), prices=_which(args, "live"))
    _say_notes(history)
    return _write(history, args)


def _doctor(prices: PriceService, args: argparse.Namespace) -> Answer:
    from cryptoforecast.cli import diagnosis

    findings = prices.diagnose(args.coin, every_coin=args.all, record=args.record, report=say)
    if not findings.usable:
        say("No live source can be used.")
    return Answer(
        json_views.diagnosis_json(findings),
        diagnosis.text(findings),
        status=0 if findings.usable else 1,
    )


def _write(history: PriceHistory, args: argparse.Namespace) -> Answer:
    files.write_prices(history, args.to, force=args.force)
    return Answer(
        json_views.inspect_json(history)
        | {"data": json_views.data_json(history), "to": str(args.to)},
        f"{file_text.inspect(history)}\nWritten to {args.to}.\n",
    )
