"""``train`` for several coins: a network of each, or one global network of all of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from cryptoforecast import json_views
from cryptoforecast.cli import coins, prices, tables, teams
from cryptoforecast.cli.answer import Answer
from cryptoforecast.cli.groups import SPEC_OPTIONS
from cryptoforecast.cli.prices import set_options
from cryptoforecast.errors import InvalidInput
from cryptoforecast.json_views.models import spec_json, training_json
from cryptoforecast.service import Service
from cryptoforecast.service import global_models as globals_of
from cryptoforecast.service.global_models import GlobalModel
from cryptoforecast.service.workers import Case
from cryptoforecast.texts import lines_text
from cryptoforecast.types import OWNER, Backtest, PriceHistory, WalkForward

Cancelled = Callable[[], bool]


def each_coin(
    service: Service,
    args: argparse.Namespace,
    case_of: Callable[[argparse.Namespace], Case],
    cancelled: Cancelled,
) -> Answer:
    """Train and test a network for each coin, several at once where there are workers.

    Args:
        service: Does the work.
        args: The options, with ``coins``.
        case_of: Returns the training of the one coin in its options.
        cancelled: Returns true once the command should stop.
    """
    coins.check(args, {"data"})
    names = {coin: f"{args.save}-{coin.lower()}" for coin in args.coins if args.save is not None}
    for name in names.values():
        service.saved_models.check_free(name, user=OWNER, force=args.force)
    if names:
        service.saved_models.check_writable()
    results = teams.test_coins(service, args, case_of, cancelled)
    for each in results:
        if each.value is not None and each.coin in names:
            test = _test(each.value)
            service.saved_models.save(test, names[each.coin], user=OWNER, force=args.force)
    saved = [names[each.coin] for each in results if each.coin in names and each.value is not None]
    words = f"Saved as {', '.join(saved)}." if saved else _NOT_SAVED
    json = [
        {
            "coin": each.coin,
            "backtest": None if each.value is None else json_views.backtest_json(_test(each.value)),
            "saved": None if each.value is None else names.get(each.coin),
            "error": each.error,
        }
        for each in results
    ]
    return Answer(json, f"{coins.backtests(results)}\n{words}\n")


def global_model(service: Service, args: argparse.Namespace, cancelled: Cancelled) -> Answer:
    """Train one network on all coins; test its recipe if ``--leave-one-out`` is given.

    Args:
        service: Does the work.
        args: The options.
        cancelled: Returns true once the command should stop.
    """
    _check_global(args)
    interval = "1h" if args.interval is None else args.interval
    changes = {name: getattr(args, name) for name in SPEC_OPTIONS}
    spec = globals_of.make_spec(interval, network=args.network, **changes)
    if args.save is not None:
        service.saved_models.check_free(args.save, user=OWNER, force=args.force)
        service.saved_models.check_writable()
    teams.wanted(args)
    histories = [prices.load(service.prices, one, interval) for one in _each(args)]
    globals_of.check_coins(histories)
    title = f"Training one {spec.network} on {len(histories)} coins"
    with teams.at_work(args, title, cancelled) as (engine, monitor):
        result = service.global_models.train(
            histories,
            spec,
            engine,
            monitor,
            leave_one_out=args.leave_one_out,
            use_cache=not args.no_cache,
        )
    if args.save is not None:
        service.saved_models.add(result.model, args.save, user=OWNER, force=args.force)
    return Answer(_json(result, args.save), _text(result, histories, args.save))


def _check_global(args: argparse.Namespace) -> None:
    """Refuse options that a global model has no use for."""
    if args.coin is not None or (args.data is None) == (args.coins is None):
        raise InvalidInput(
            "A global model learns from several coins. Choose them with --coins BTC,ETH,… or as "
            "price files with --data FILE FILE …, and leave out --coin."
        )
    unusable = sorted(set_options(args, ("preset", "signal")))
    if unusable:
        raise InvalidInput(
            f"--{unusable[0]} does not go with --global, whose settings are those of the shipped "
            "global models. Leave it out."
        )
    if args.coins is not None:
        coins.check(args, {"data"})


def _each(args: argparse.Namespace) -> list[argparse.Namespace]:
    """Return the options of prices for each coin, or each file."""
    if args.coins is not None:
        return [coins.one(args, coin) for coin in args.coins]
    return [
        argparse.Namespace(**vars(args) | {"data": file, "several": True}) for file in args.data
    ]


def _test(value: WalkForward | Backtest) -> Backtest:
    return value.backtest if isinstance(value, WalkForward) else value


def _json(result: GlobalModel, saved: str | None) -> json_views.Json:
    card = result.model.card
    return {
        "coins": card.source.split(", "),
        "spec": spec_json(result.model.spec),
        "training": training_json(result.model.record),
        "cached": result.cached,
        "verdict": card.verdict or None,
        "left_out": [
            {
                "coin": one.coin,
                "scores": {name: json_views.step_json(each) for name, each in one.scores.items()},
                "verdict": one.verdict,
            }
            for one in result.left_out
        ],
        "leaderboard": None if result.board is None else json_views.coin_board_json(result.board),
        "saved": saved,
    }


def _text(result: GlobalModel, histories: list[PriceHistory], saved: str | None) -> str:
    card, record = result.model.card, result.model.record
    simulated = [tables.SIMULATED] if card.simulated else []
    verdict = card.verdict or (
        "Not tested: it has learnt from every candle of every coin. Add --leave-one-out to test "
        "the recipe on each coin without it."
    )
    cached = ", from the training cache" if result.cached else ""
    lines = [
        verdict,
        *simulated,
        "",
        f"Learnt from {card.rows:,} {card.interval} candles of {card.source}.",
        f"Training: {record.epochs} epochs in {record.seconds:.0f} s{cached}.",
    ]
    if result.board is not None:
        lines += ["", *coins.board(result.board)]
    quotes = sorted({one.quote for one in histories})
    lines += ["", f"Prices are in {', '.join(quotes)}; the network itself knows no currency."]
    return lines_text([*lines, f"Saved as {saved}." if saved else _NOT_SAVED])


_NOT_SAVED = "Not saved. Add --save NAME to save it."
