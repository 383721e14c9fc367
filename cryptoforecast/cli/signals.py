"""Signals beside the price, as the options name them: known ones, and files of one's own."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from cryptoforecast.cli.prices import set_options
from cryptoforecast.cli.progress import one_line, say
from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service, choices
from cryptoforecast.service.signals import input_of, name_of_file, span_of
from cryptoforecast.types import PriceHistory, Signal, is_signal

_NAMED_FILE = re.compile(r"([a-z][a-z0-9_]*)=(.+)")
#: Options that say how the file of a signal is read.
_OF_FILES = ("lag", "max_age", "value")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def inputs(args: argparse.Namespace) -> tuple[str, ...]:
    """Return the inputs that the signals of ``--signal`` and ``--ablate`` make."""
    named = [input_of(_parts(text)[0]) for text in args.signal or ()]
    ablated = filter(is_signal, getattr(args, "ablate", None) or ())
    return tuple(dict.fromkeys((*named, *ablated)))


def check_baseline(args: argparse.Namespace, name: str) -> None:
    """Refuse signals, and settings of their files, for a baseline.

    Args:
        args: The options.
        name: Name of the baseline.

    Raises:
        InvalidInput: If there are any.
    """
    named = [_parts(text)[0] for text in args.signal or ()]
    choices.check_signals(name, named, "--signal must be left out")
    settings = [*set_options(args, _OF_FILES)]
    if settings:
        raise InvalidInput(
            f"--{settings[0].replace('_', '-')} goes with a signal, and a baseline reads prices "
            f"alone. Received: it for {name}. Leave it out."
        )


def beside(
    service: Service, args: argparse.Namespace, history: PriceHistory, features: tuple[str, ...]
) -> PriceHistory:
    """Put the signals that a model reads beside its prices.

    Args:
        service: Reads files, and has the known signals.
        args: The options.
        history: The prices.
        features: Inputs of the model.

    Raises:
        InvalidInput: If the model reads none of the signals given, or one is unknown.
        UnreadableFile: If a file can't be read without doubt.
    """
    unread = [name for name in inputs(args) if name not in features]
    if unread:
        raise InvalidInput(
            f"A signal must be an input of the model. Received: {unread[0]}, and a model that "
            f"reads {', '.join(features)}. Leave it out."
        )
    result = service.signals.beside(history, features, _own(service, args))
    for note in result.notes:
        if note not in history.notes:
            say(f"note: {one_line(note)}")
    return result


def _own(service: Service, args: argparse.Namespace) -> list[Signal]:
    """Read the signals of files."""
    files = [parts for text in args.signal or () if (parts := _parts(text))[1] is not None]
    settings = set_options(args, _OF_FILES)
    if settings and not files:
        name = next(iter(settings)).replace("_", "-")
        raise InvalidInput(f"--{name} goes with a file only. Add --signal FILE.")
    spans = {name: span_of(settings[name]) for name in ("lag", "max_age") if name in settings}
    return [
        service.signals.read(path, path.name, name=name, column=args.value, **spans)
        for name, path in files
        if path is not None
    ]


def _parts(text: str) -> tuple[str, Path | None]:
    """Return the name of a signal, and its file if it is one's own."""
    match = _NAMED_FILE.fullmatch(text)
    if match is not None:
        return match[1], Path(match[2])
    if _NAME.fullmatch(text) and not Path(text).is_file():
        return text, None
    return name_of_file(text), Path(text)
