"""What each command does: options become service calls, and the result JSON and text."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptoforecast import json_views
from cryptoforecast.cli import (
    ablations,
    alarms,
    anomalies,
    baselines,
    coins,
    exports,
    forecasts,
    ledger,
    models,
    prices,
    renewals,
    searches,
    signals,
    teams,
    text,
    training,
)
from cryptoforecast.cli.answer import Answer
from cryptoforecast.cli.groups import SPEC_OPTIONS, WALK_OPTIONS
from cryptoforecast.cli.prices import set_options
from cryptoforecast.cli.progress import Meter, say
from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service, choices, coin_boards, files, forecast_tables
from cryptoforecast.service.ablations import SEEDS
from cryptoforecast.service.ablations import check as check_ablation
from cryptoforecast.service.anomalies import HAR
from cryptoforecast.service.workers import Case, check_plan
from cryptoforecast.texts import lines_text
from cryptoforecast.types import (
    OWNER,
    Ablation,
    Backtest,
    ModelSpec,
    Monitor,
    PriceHistory,
    WalkForward,
    WalkPlan,
)

Cancelled = Callable[[], bool]


def answer(service: Service, args: argparse.Namespace, cancelled: Cancelled) -> Answer:
    """Run the command in ``args``.

    Args:
        service: Does the work.
        args: Options from ``options.parser``.
        cancelled: Returns true once the command should stop.

    Raises:
        CryptoForecastError: If the command is refused.
    """
    if args.command == "backtest":
        baselines.take(service, args)
        run = _backtest if args.coins is None else _backtest_coins
        result = run(service, args, cancelled)
        baselines.say_unused(args)
        return result
    if args.command == "train":
        return _train(service, args, cancelled)
    if args.command == "retrain":
        return renewals.retrain(service, args, cancelled)
    if args.command == "forecast":
        return forecasts.answer(service, args)
    if args.command == "alarms":
        return alarms.answer(service, args)
    if args.command == "search":
        return searches.answer(service, args, cancelled)
    if args.command == "anomalies":
        return _anomalies(service, args)
    if args.command in ledger.COMMANDS:
        return ledger.answer(service, args)
    if args.command in prices.COMMANDS:
        return prices.answer(service.prices, args)
    return models.answer(service, args)


# ---------------------------------------------------------------------------- backtests


def _backtest(service: Service, args: argparse.Namespace, cancelled: Cancelled) -> Answer:
    tested = _tested(service, args, cancelled)
    if isinstance(tested, WalkForward):
        walk_forward = tested if len(tested.folds) > 1 else None
        additions = _additions(service, args, tested.backtest, cancelled, walk_forward)
        json, words = json_views.walk_forward_json(tested), text.walk_forward(tested)
    else:
        additions = _additions(service, args, tested, cancelled)
        json = json_views.backtest_json(tested, saved=args.model)
        words = text.backtest(tested, saved=args.model)
    return Answer({**json, **additions.json}, words + additions.text)


def _backtest_coins(service: Service, args: argparse.Namespace, cancelled: Cancelled) -> Answer:
    """Test on several coins, and put the figures of the last step into one table."""
    coins.check(args, {"html", "forecasts", "data", "ablate", "against", "step"})
    if args.leaderboard is not None:
        coin_boards.check_metric(args.leaderboard)
    if teams.wanted(args) and args.model is None:
        results = teams.test_coins(service, args, lambda one: _case(service, one), cancelled)
    else:
        results = coins.each(args, lambda one: _tested(service, one, cancelled))
    json = []
    for each in results:
        view: object = None
        if isinstance(each.value, WalkForward):
            view = json_views.walk_forward_json(each.value)
        elif each.value is not None:
            view = json_views.backtest_json(each.value, saved=args.model)
        json.append({"coin": each.coin, "backtest": view, "error": each.error})
    if args.leaderboard is None:
        return Answer(json, coins.backtests(results))
    board = coin_boards.of(
        {each.coin: each.value for each in results if each.value is not None}, args.leaderboard
    )
    words = lines_text(["", *coins.board(board)])
    return Answer(
        {"coins": json, "leaderboard": json_views.coin_board_json(board)},
        coins.backtests(results) + words,
    )


def _tested(
    service: Service, args: argparse.Namespace, cancelled: Cancelled
) -> WalkForward | Backtest:
    """Train where needed, and test: a saved model as it is, any other fold by fold."""
    if args.model is not None:
        return _tested_saved(service, args)
    case = _case(service, args)
    if teams.wanted(args):
        return teams.test(service, args, case, cancelled)
    with _meter(case.history, case.spec) as meter:
        return service.walk_forward.run(
            case.history,
            case.spec,
            case.plan,
            Monitor(meter, cancelled),
            use_cache=not args.no_cache,
        )


def _case(service: Service, args: argparse.Namespace) -> Case:
    """Return the prices, settings and folds of a test, all of them checked."""
    if args.since is not None:
        raise InvalidInput(
            "--since goes with a saved model only: any other is fitted on the rows before the "
            "test. Add --model NAME, or use --test."
        )
    if args.refit_every is not None and args.folds is not None:
        raise InvalidInput("A test takes --folds or --refit-every. Received: both. Leave one out.")
    plan = WalkPlan(**{"folds": 1, **set_options(args, WALK_OPTIONS)})
    if args.refit_every is None:
        choices.check_plan(plan, _spec(args))
    _check_additions(args, _spec(args))
    if teams.wanted(args):
        check_plan(plan)
    history, spec = _history_and_spec(service, args)
    if args.ablate is not None:
        check_ablation(spec, args.ablate, SEEDS if args.seeds is None else args.seeds)
    if args.refit_every is not None:
        folds = choices.folds_every(args.refit_every, len(history), spec)
        plan = dataclasses.replace(plan, folds=folds)
        choices.check_plan(plan, spec)
    return Case(history, spec, plan)


def _tested_saved(service: Service, args: argparse.Namespace) -> Backtest:
    fixed = ("preset", "network", *(set(SPEC_OPTIONS) - {"test", "validation"}), *WALK_OPTIONS,
             "refit_every", "ablate", "seeds", "workers", "scheduler")  # fmt: skip
    unusable = sorted(set_options(args, fixed))
    if unusable:
        raise InvalidInput(
            "A saved model keeps its own settings; only --test, --since and --validation can be "
            "set. "
            f"Received: --{unusable[0].replace('_', '-')}. Leave it out, or leave out --model."
        )
    model = service.saved_models.load(args.model).model
    _check_additions(args, model.spec)
    since = None if args.since is None else choices.parse_since(args.since, model.card)
    choices.check_shares(args.test, args.validation, since)
    history = prices.load(service.prices, args, model.card.interval)
    history = signals.beside(service, args, history, model.spec.features)
    say(f"Testing {args.model} on {len(history):,} candles ...")
    shares = set_options(args, ("test", "validation"))
    result = service.backtests.of_saved(history, model, **shares, since=since)
    return service.backtests.with_all_baselines(result)


@dataclass(frozen=True)
class _Additions:
    """What the options add to the result of a backtest."""

    json: json_views.Json
    text: str


def _check_additions(args: argparse.Namespace, spec: ModelSpec) -> None:
    """Refuse options that cannot be met, before prices are fetched."""
    exports.check(args)
    if args.style is not None:
        forecast_tables.check_style(args.style)
        if args.forecasts is None:
            raise InvalidInput("--style goes with the forecasts only. Add --forecasts FILE.")
    if args.ablate is not None:
        choices.check_network(spec.network)
        if args.folds is not None or args.refit_every is not None:
            raise InvalidInput("--ablate goes with one fold. Leave out --folds and --refit-every.")
    elif args.seeds is not None:
        raise InvalidInput("--seeds goes with --ablate only. Add --ablate INPUT.")
    if args.leaderboard is not None:
        choices.check_metric(args.leaderboard)
        choices.check_board(spec, args.step, args.against)
    elif args.against is not None or args.step is not None:
        raise InvalidInput(
            "--against and --step go with a leaderboard only. Add --leaderboard METRIC, such as "
            "pinball."
        )


def _additions(
    service: Service,
    args: argparse.Namespace,
    result: Backtest,
    cancelled: Cancelled,
    walk_forward: WalkForward | None = None,
) -> _Additions:
    """Add the leaderboard, the ablation, the report and the forecasts, as the options say."""
    json: json_views.Json = {}
    words = ""
    if args.leaderboard is not None:
        step = result.spec.horizon if args.step is None else args.step
        board = service.backtests.analyses.board(
            result, args.leaderboard, step, args.against or "naive"
        )
        json |= {"leaderboard": json_views.leaderboard_json(board)}
        words += text.leaderboard(board)
    if args.ablate is not None:
        ablation = _ablated(service, args, result, cancelled)
        json |= {"ablation": json_views.ablation_json(ablation)}
        words += ablations.text(ablation, result.history.quote)
    if args.html is not None or args.forecasts is not None:
        json |= exports.write(
            args,
            lambda: _report(service, result, walk_forward, args.model or ""),
            lambda: forecast_tables.of(result, args.style or forecast_tables.STYLES[0]),
        )
    return _Additions(json, words + exports.sentences(args))


def _ablated(
    service: Service, args: argparse.Namespace, result: Backtest, cancelled: Cancelled
) -> Ablation:
    """Train with and without the inputs of ``--ablate``."""
    history, spec = result.history, result.spec
    seeds = SEEDS if args.seeds is None else args.seeds
    run = functools.partial(service.ablations.run, history, spec, args.ablate, seeds)
    if teams.wanted(args):
        title = f"Training with and without {', '.join(args.ablate)}"
        with teams.at_work(args, title, cancelled) as (engine, monitor):
            return run(monitor, use_cache=not args.no_cache, engine=engine)
    with _meter(history, spec, "training") as meter:
        return run(Monitor(meter, cancelled), use_cache=not args.no_cache)


def _report(
    service: Service, result: Backtest, walk_forward: WalkForward | None, saved: str
) -> str:
    from cryptoforecast import html_report  # loads Plotly

    return html_report.page(service.backtests.analyses, result, walk_forward, saved=saved)


def _train(service: Service, args: argparse.Namespace, cancelled: Cancelled) -> Answer:
    if args.all_coins:
        return training.global_model(service, args, cancelled)
    if args.leave_one_out:
        raise InvalidInput("--leave-one-out goes with --global only. Add --global.")
    choices.check_network(_spec(args).network)
    if args.coins is not None:
        return training.each_coin(service, args, lambda one: _training(service, one), cancelled)
    if teams.wanted(args):
        raise InvalidInput(
            "Workers do several trainings at once. Received: them and one network. Add --coins "
            "A,B or --global, or leave them out."
        )
    _take_one_file(args)
    if args.save is not None:
        service.saved_models.check_free(args.save, user=OWNER, force=args.force)
        service.saved_models.check_writable()
    history, spec = _history_and_spec(service, args)
    with _meter(history, spec) as meter:
        monitor = Monitor(meter, cancelled)
        result = service.backtests.run(history, spec, monitor, use_cache=not args.no_cache)
    result = service.backtests.with_all_baselines(result)
    if args.save is None:
        last_line = "Not saved. Add --save NAME to save it."
    else:
        service.saved_models.save(result, args.save, user=OWNER, force=args.force)
        last_line = f"Saved as {args.save}."
    return Answer(
        json_views.backtest_json(result) | {"saved": args.save},
        f"{text.backtest(result)}\n{last_line}\n",
    )


def _training(service: Service, args: argparse.Namespace) -> Case:
    """Return the training of one coin, as a test that has one fold."""
    return Case(*_history_and_spec(service, args), WalkPlan(folds=1))


def _take_one_file(args: argparse.Namespace) -> None:
    """Take the one file of ``--data`` out of its list."""
    if args.data is not None:
        if len(args.data) > 1:
            raise InvalidInput(
                f"A network learns from one file. Received: {len(args.data)}. Add --global for one "
                "network of several coins."
            )
        (args.data,) = args.data


def _history_and_spec(service: Service, args: argparse.Namespace) -> tuple[PriceHistory, ModelSpec]:
    """Return the prices, and the settings to train with on so many candles."""
    _spec(args)  # refuses a wrong option before prices are fetched
    history = prices.load(service.prices, args)
    spec = _spec(args, history)
    if choices.is_network(spec):
        history = signals.beside(service, args, history, spec.features)
    return history, spec


def _spec(args: argparse.Namespace, history: PriceHistory | None = None) -> ModelSpec:
    chosen = set_options(args, ("network",))
    if args.preset is not None:
        chosen = choices.of_preset(args.preset, args.network)
    chosen |= set_options(args, SPEC_OPTIONS)
    inputs = signals.inputs(args)
    if history is None:
        return choices.with_inputs(choices.make_spec(**chosen), inputs)
    volume = choices.has_volume(history.candles)
    spec = choices.make_spec(rows=len(history), volume=volume, **chosen)
    return choices.with_inputs(spec, inputs)


@contextlib.contextmanager
def _meter(history: PriceHistory, spec: ModelSpec, part: str = "fold") -> Iterator[Meter]:
    meter = Meter(f"Training {spec.network} for {history.coin} {history.interval}", part=part)
    try:
        yield meter
    finally:
        meter.close()


def _anomalies(service: Service, args: argparse.Namespace) -> Answer:
    if args.to is not None:
        files.check_target(args.to, force=args.force)
    elif args.all:
        raise InvalidInput("--all goes with a file only. Add --to FILE.")
    named = None
    if args.model not in (None, HAR):
        named = service.saved_models.load(args.model).model
    elif args.model == HAR:
        signals.check_baseline(args, HAR)
    interval = "1h" if named is None else named.card.interval
    if args.alarms is not None and args.data is None:
        length = interval if args.interval is None else args.interval
        choices.check_alarms(args.alarms, length)
    history = prices.load(service.prices, args, interval)
    if named is not None:
        history = signals.beside(service, args, history, named.spec.features)
    saved = service.anomalies.model(history, args.model)
    result = service.anomalies.find(history, args.alarms, None if saved is None else saved.model)
    name = None if saved is None else saved.name
    json = json_views.anomalies_json(result, name)
    words = anomalies.text(result, name)
    if args.to is not None:
        files.write_table(result.frame(all_candles=args.all), args.to)
        json |= {"to": str(args.to)}
        words += f"\nWritten to {args.to}.\n"
    return Answer(json, words)
