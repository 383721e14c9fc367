"""The command ``forecast``: of a saved model or a baseline, for one coin or many."""

from __future__ import annotations

import argparse
import dataclasses

from cryptoforecast import json_views
from cryptoforecast.cli import coins, prices, signals, text
from cryptoforecast.cli.answer import Answer
from cryptoforecast.service import Service, files
from cryptoforecast.service.outlooks import Outlook, Question, default_coin


def answer(service: Service, args: argparse.Namespace) -> Answer:
    """Run the command; see ``commands.answer``."""
    if args.coins is not None:
        coins.check(args, {"above", "below", "touch", "paths", "data"})
        results = coins.each(args, lambda one: _outlook(service, one))
        json = [
            {
                "coin": each.coin,
                "forecast": None if each.value is None else each.value.json(),
                "error": each.error,
            }
            for each in results
        ]
        return Answer(json, coins.forecasts(results))
    if args.paths is not None:
        files.check_target(args.paths, force=args.force)
    outlook = _outlook(service, args)
    if args.paths is not None:
        extremes = service.forecasts.extremes(outlook.steps)
        outlook = dataclasses.replace(outlook, extremes=extremes)
    view: json_views.Json = {**outlook.json()}
    words = text.forecast(
        outlook.steps, outlook.verdict, outlook.probabilities, outlook.touches, outlook.extremes
    )
    if args.paths is not None:
        files.write_table(service.forecasts.path_table(outlook.steps), args.paths)
        view |= {"paths": str(args.paths)}
        words += f"\nPaths written to {args.paths}.\n"
    return Answer(view, words)


def _outlook(service: Service, args: argparse.Namespace) -> Outlook:
    """Forecast for one coin; a mistake in the options is refused before prices are fetched."""
    question = Question(
        above=args.above,
        below=args.below,
        touch=args.touch,
        predictor=args.predictor,
        horizon=args.horizon,
    )
    saved = service.outlooks.check(args.model, question)
    if saved is None:
        signals.check_baseline(args, args.model)
    if args.data is None and args.coin is None:
        args.coin = default_coin(saved)
    interval = "1h" if saved is None else saved.model.card.interval
    history = prices.load(service.prices, args, interval)
    if saved is not None:
        history = signals.beside(service, args, history, saved.model.spec.features)
    return service.outlooks.of(history, args.model, question)
