"""Renewals on the command line: ``retrain``, ``models history`` and ``models rollback``."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable

import pandas as pd

from cryptoforecast.cli import prices, signals, tables
from cryptoforecast.cli.answer import Answer
from cryptoforecast.cli.progress import Meter
from cryptoforecast.errors import InvalidInput
from cryptoforecast.json_views import Json
from cryptoforecast.json_views import renewals as json_views
from cryptoforecast.service import Service
from cryptoforecast.service.renewals import MAX_VERSIONS, short
from cryptoforecast.texts import lines_text
from cryptoforecast.types import OWNER, ModelCard, Monitor, PriceHistory
from cryptoforecast.types.expiry import expires, expiry_text
from cryptoforecast.types.renewal import ModelVersion, Renewal


def retrain(service: Service, args: argparse.Namespace, cancelled: Callable[[], bool]) -> Answer:
    """Train a saved model on newer prices, and replace it if that is not worse."""
    if args.warm and args.fresh:
        raise InvalidInput("A training is --warm or --fresh. Received: both. Leave one out.")
    saved = service.renewals.check(args.name, user=OWNER, save=args.save)
    features = saved.model.spec.features
    histories = [
        signals.beside(service, args, one, features)
        for one in _prices(service, args, saved.model.card)
    ]
    with contextlib.closing(Meter(f"Renewing {args.name}")) as meter:
        result = service.renewals.renew(
            args.name, histories, Monitor(meter, cancelled),
            user=OWNER, fresh=args.fresh, save=args.save,
        )  # fmt: skip
    return Answer(json_views.renewal_json(result), text(result))


def text(result: Renewal) -> str:
    """Say what came of a renewal."""
    times = f"{tables.time(result.first)} to {tables.time(result.last)} UTC"
    lines = [
        result.sentence,
        "",
        f"Compared: step {result.step} of {result.origins:,} forecasts, {times}. Mean pinball "
        f"loss {result.challenger_loss:.6g}, before {result.champion_loss:.6g}.",
        f"Rule: renewed if the interval leaves out that it is worse by {result.margin:.0%} or "
        "more.",
    ]
    if result.saved is None:
        lines.append(f"{result.name} is as it was.")
    else:
        card = result.challenger.card
        lines.append(
            f"Saved as {result.saved}. It learnt until {tables.time(card.learnt_until)} UTC, not "
            f"from the candles of the comparison, and expires on {expires(card):%Y-%m-%d}."
        )
    if result.saved == result.name:
        lines.append(f"`models rollback {result.name}` brings the version before back.")
    return lines_text(lines)


def history(service: Service, args: argparse.Namespace) -> Answer:
    """List the versions of a model."""
    versions = service.renewals.history(args.name)
    attempt = service.renewals.last_attempt(args.name)
    header = ("version", "trained (UTC)", "learnt until", "expires", "")
    rows = [
        [
            short(each.version),
            each.summary.card.created[:16].replace("T", " "),
            f"{each.summary.card.learnt_until:%Y-%m-%d}",
            f"{expires(each.summary.card):%Y-%m-%d}",
            "current" if each.current else "",
        ]
        for each in versions
    ]
    lines = tables.aligned(header, rows)
    lines += ["", f"Up to {MAX_VERSIONS} versions are stored besides the current one."]
    if attempt is not None:
        lines.append(f"Last renewal, {attempt.at[:16].replace('T', ' ')} UTC. {attempt.sentence}")
    json: Json = {**json_views.history_json(args.name, versions, attempt)}
    return Answer(json, lines_text(lines))


def rollback(service: Service, args: argparse.Namespace) -> Answer:
    """Bring a stored version back."""
    version = service.renewals.rollback(args.name, args.to, user=OWNER)
    return Answer(
        {"model": args.name, **json_views.version_json(version)}, _back(args.name, version)
    )


def _back(name: str, version: ModelVersion) -> str:
    age = expiry_text(version.summary.card, pd.Timestamp.now("UTC"))
    return (
        f"{name} is version {short(version.version)} again. It learnt until {age}. The version "
        "that it was until now is stored.\n"
    )


def _prices(service: Service, args: argparse.Namespace, card: ModelCard) -> list[PriceHistory]:
    """Return the prices that the options name; by default the newest ones of the model's coins.

    Raises:
        InvalidInput: If the options contradict each other, or one would not be used.
    """
    prices.check_reading(args)
    named = any(
        getattr(args, name) is not None for name in ("data", "coin", "start", "end", "days")
    )
    if not named and args.prices is None:
        if args.interval is not None:
            raise InvalidInput(
                "--interval goes with prices of your choice only. Add --data FILE or --coin C, or "
                "leave it out."
            )
        return service.renewals.newest_prices(card)
    args.interval = args.interval or card.interval
    if args.data is not None:
        changes: list[dict[str, object]] = [{"data": file} for file in args.data]
    else:
        coins = (
            [args.coin] if args.coin else card.coins if card.scope == "global" else [card.market]
        )
        # A model of simulated prices takes simulated ones, any other model real ones alone.
        rule = args.prices or ("any" if card.simulated else "live")
        changes = [{"coin": coin, "prices": rule} for coin in coins]
    several = {"several": True} if len(changes) > 1 else {}
    return [
        prices.load(
            service.prices, argparse.Namespace(**vars(args) | each | several), card.interval
        )
        for each in changes
    ]
