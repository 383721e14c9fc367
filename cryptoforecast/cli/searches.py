"""The command ``search``: settings found before the test span, and what the test says of them."""

from __future__ import annotations

import argparse
import math
import shlex

from cryptoforecast import json_views
from cryptoforecast.cli import coins, prices, signals, tables, teams
from cryptoforecast.cli.answer import Answer
from cryptoforecast.cli.groups import SPEC_OPTIONS
from cryptoforecast.cli.prices import set_options
from cryptoforecast.cli.progress import Meter, one_line
from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service, choices, files, searches
from cryptoforecast.texts import lines_text
from cryptoforecast.types import Monitor, PriceHistory, Search, SearchPlan, Trial

#: Trials in the table; all are in the JSON.
MAX_ROWS = 5


def answer(service: Service, args: argparse.Namespace, cancelled: teams.Cancelled) -> Answer:
    """Search for each coin, and describe what came out.

    Raises:
        CryptoForecastError: If the command is refused.
    """
    searches.check_installed()
    teams.wanted(args)  # refuses workers that can't be had
    order = _order(args)
    if args.coins is None:
        history, result = _search(service, args, order, cancelled)
        command = _command(args, history, result)
        json = {**json_views.search_json(result), "command": command}
        if args.save_preset is not None:
            files.write_text(choices.preset_text(result.winner), args.save_preset)
            json |= {"preset": str(args.save_preset)}
        return Answer(json, _text(result, command, args))
    coins.check(args, {"data", "save_preset"})
    results = coins.each(args, lambda one: _search(service, one, order, cancelled)[1])
    views = [
        {
            "coin": each.coin,
            "search": None if each.value is None else json_views.search_json(each.value),
            "error": each.error,
        }
        for each in results
    ]
    return Answer(views, _table([each.value for each in results if each.value is not None]))


def _order(args: argparse.Namespace) -> searches.Order:
    """Read the options, before any price is fetched.

    Raises:
        InvalidInput: If one is outside the rules.
    """
    plan = SearchPlan(
        **set_options(args, ("trials", "metric", "finalists", "seeds")),
        **({} if args.time is None else {"seconds": args.time}),
    )
    searches.check(plan)
    if args.save_preset is not None:
        files.check_preset(args.save_preset, force=args.force)
    elif args.force:
        raise InvalidInput("--force goes with a file only. Add --save-preset FILE.")
    preset = {"preset": "quick"} if args.preset is None else choices.of_preset(args.preset, None)
    changes = {name: value for name, value in preset.items() if name != "preset"}
    kind = changes.pop("network", None)
    networks = str(kind or "") if args.network is None else args.network
    order = searches.Order(
        plan=plan,
        preset=str(preset.get("preset", "quick")),
        networks=tuple(dict.fromkeys(networks.split(","))) if networks else (),
        changes={**changes, **set_options(args, SPEC_OPTIONS)},
        signals=signals.inputs(args),
        space=None if args.space is None else searches.read(args.space),
        storage=args.storage,
        resume=args.resume,
    )
    searches.check_fixed(order)
    return order


def _search(
    service: Service, args: argparse.Namespace, order: searches.Order, cancelled: teams.Cancelled
) -> tuple[PriceHistory, Search]:
    history = prices.load(service.prices, args)
    if order.signals:
        history = signals.beside(service, args, history, order.signals)
    title = f"Searching settings for {history.market} {history.interval}"
    if teams.wanted(args):
        with teams.at_work(args, title, cancelled) as (engine, monitor):
            result = service.searches.run(
                history, order, monitor, engine=engine, use_cache=not args.no_cache
            )
        return history, result
    meter = Meter(title, part="training")
    try:
        monitor = Monitor(meter, cancelled)
        result = service.searches.run(history, order, monitor, use_cache=not args.no_cache)
    finally:
        meter.close()
    return history, result


def _command(args: argparse.Namespace, history: PriceHistory, result: Search) -> str:
    """Write the command that tests the winner with the same prices."""
    source = ["--data", str(args.data)] if args.data is not None else ["--coin", str(args.coin)]
    more = [part for name in ("interval", "days") for part in _option(args, name)]
    for name in ("start", "end"):
        if getattr(args, name) is not None:
            more += [f"--{name}", getattr(args, name).isoformat()]
    for text in args.signal or ():
        more += ["--signal", text]
    settings = searches.options(history, result.winner)
    return shlex.join(["cryptoforecast", "backtest", *source, *more, *settings])


def _option(args: argparse.Namespace, name: str) -> list[str]:
    value = getattr(args, name)
    return [] if value is None else [f"--{name}", f"{value:g}" if name == "days" else str(value)]


def _text(result: Search, command: str, args: argparse.Namespace) -> str:
    """Describe a search: the sentence, the finalists, the best trials, the command."""
    lines = [tables.SIMULATED] if result.simulated else []
    lines += [result.sentence, "", *_finalists(result), "", *_trials(result)]
    failed = [each for each in result.trials if each.state == "failed"]
    lines += [f"Trial {each.number} failed: {one_line(each.reason)}" for each in failed[:MAX_ROWS]]
    if len(failed) > MAX_ROWS:
        lines.append(f"{len(failed) - MAX_ROWS:,} more failed; --json has the reason of each.")
    if result.importances:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in result.importances.items())
        lines.append(f"Importance of settings: {shares}.")
    lines += ["", f"Study {result.study}, {result.seconds:,.0f} s. Test the winner again with:"]
    lines.append(f"  {command}")
    if args.save_preset is not None:
        lines.append(f"Written to {args.save_preset}; use it with --preset {args.save_preset}.")
    return lines_text(lines)


def _finalists(result: Search) -> list[str]:
    title = f"Finalists on validation prices, {result.plan.seeds} new seeds each ({_unit(result)}):"
    rows = [
        [
            f"trial {each.trial}" if each.trial else "default settings",
            _loss(result, each.loss),
            " ".join(_loss(result, loss) for loss in each.losses),
        ]
        for each in result.finalists
    ]
    return [title, *tables.aligned(("settings", "loss", "by seed"), rows)]


def _trials(result: Search) -> list[str]:
    complete = [each for each in result.trials if each.state == "complete"]
    complete.sort(key=lambda each: each.loss)
    rows = [
        [str(each.number), _loss(result, each.loss), f"{each.seconds:.0f}", _values(each)]
        for each in complete[:MAX_ROWS]
    ]
    header = ("trial", "loss", "seconds", "settings")
    return [f"Best trials, of {len(result.trials):,}:", *tables.aligned(header, rows)]


def _values(trial: Trial) -> str:
    return "; ".join(f"{name} {searches.value_text(x)}" for name, x in trial.values.items())


def _unit(result: Search) -> str:
    return "pinball, 1e-4" if result.plan.metric == "pinball" else "MAE, quote currency"


def _loss(result: Search, loss: float) -> str:
    return tables.number(1e4 * loss if result.plan.metric == "pinball" else loss, ".5g")


def _table(results: list[Search]) -> str:
    """Put the searches of several coins into one table."""
    rows = []
    for each in results:
        one = None if each.test is None else each.test.difference
        rows.append(
            [
                each.coin,
                f"{len(each.trials):,}",
                each.winner.network,
                "-" if one is None else f"{100 * one.skill:+.2f}",
                "-"
                if one is None or math.isnan(one.low)
                else f"{100 * one.low:+.2f} to {100 * one.high:+.2f}",
                "yes" if each.test is not None and each.test.better else "no",
            ]
        )
    header = ("coin", "tried", "winner", "smaller error, %", "95 % interval", "better")
    simulated = [each.coin for each in results if each.simulated]
    lines = [f"{tables.SIMULATED} ({', '.join(simulated)})"] if simulated else []
    sentences = [f"{each.coin}: {each.sentence}" for each in results]
    return lines_text([*lines, *tables.aligned(header, rows), *sentences])
