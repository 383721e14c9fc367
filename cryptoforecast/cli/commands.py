"""What each command does: options to one service call, and its answer as JSON and as text."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptoforecast import json_views
from cryptoforecast.cli import exports, text
from cryptoforecast.cli.options import READING_OPTIONS, SPEC_OPTIONS, WALK_OPTIONS
from cryptoforecast.cli.progress import Meter, Reading, one_line, say
from cryptoforecast.errors import AlreadyExists, CryptoForecastError, InvalidInput
from cryptoforecast.evaluation import walk_forward
from cryptoforecast.evaluation.leaderboard import check_metric
from cryptoforecast.forecasting import probability
from cryptoforecast.learning import bundles, specs
from cryptoforecast.prices import resolve
from cryptoforecast.prices.candles.repairs import check as check_repairs
from cryptoforecast.prices.candles.resample import step_of
from cryptoforecast.prices.files import price_file
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.live.query import window
from cryptoforecast.service import Service
from cryptoforecast.types import (
    Backtest,
    MarketQuery,
    ModelSpec,
    PriceHistory,
    TrainedModel,
    WalkForward,
    WalkPlan,
)

Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Answer:
    """What a command found out.

    Attributes:
        json: for ``--json``.
        text: for a person.
        refusal: why this is an answer of "no"; the command then ends with status 2.
    """

    json: object
    text: str
    refusal: str | None = None


def answer(service: Service, args: argparse.Namespace, cancelled: Cancelled) -> Answer:
    """Carry out the command in ``args``."""
    if args.command == "backtest":
        if args.model is not None:
            return _judge_saved(service, args)
        return _backtest(service, args, cancelled)
    if args.command == "train":
        return _train(service, args, cancelled)
    if args.command == "forecast":
        return _forecast(service, args)
    if args.command == "inspect":
        return _inspect(service, args)
    if args.command == "convert":
        return _convert(service, args)
    if args.command == "fetch":
        return _fetch(service, args)
    if args.action == "list":
        return _list(service)
    return _show(service, args.name) if args.action == "show" else _delete(service, args.name)


# ---------------------------------------------------------------------------- judging


def _backtest(service: Service, args: argparse.Namespace, cancelled: Cancelled) -> Answer:
    given = {name: getattr(args, name) for name in WALK_OPTIONS if getattr(args, name) is not None}
    plan = WalkPlan(**{"folds": 1, **given})
    walk_forward.check(plan, _spec(args))  # before prices are waited for
    _check_more(args)
    history, spec = _question(service, args)
    meter = _meter(history, spec)
    try:
        tested = service.walk_forward.run(
            history, spec, plan, meter, cancelled, use_cache=not args.no_cache
        )
    finally:
        meter.close()
    walked = tested if len(tested.folds) > 1 else None
    more = _more(service, args, tested.backtest, walked)
    return Answer(
        json_views.walk_forward_json(tested) | more.json, text.walk_forward(tested) + more.text
    )


@dataclass(frozen=True)
class _More:
    """What is added to a backtest's answer."""

    json: json_views.Json
    text: str


def _check_more(args: argparse.Namespace) -> None:
    """Refuse what can't be added before the work is done rather than after."""
    exports.check(args)
    if args.leaderboard is not None:
        check_metric(args.leaderboard)
    elif args.against is not None or args.step is not None:
        raise InvalidInput(
            "--against and --step go with a leaderboard only. Add --leaderboard METRIC, such as "
            "pinball."
        )


def _more(
    service: Service,
    args: argparse.Namespace,
    result: Backtest,
    tested: WalkForward | None = None,
) -> _More:
    """Add the leaderboard, and write the report and the forecasts, where these are asked for."""
    added: json_views.Json = {}
    words = ""
    if args.leaderboard is not None:
        step = result.spec.horizon if args.step is None else args.step
        board = service.backtests.analyses.board(
            result, args.leaderboard, step, args.against or "naive"
        )
        added |= {"leaderboard": json_views.leaderboard_json(board)}
        words += text.leaderboard(board)
    if args.html is not None or args.forecasts is not None:
        from cryptoforecast import html_report  # loads Plotly

        added |= exports.write(
            args,
            lambda: html_report.page(service.backtests.analyses, result, tested),
            lambda: html_report.forecasts(result),
        )
    return _More(added, words + exports.told(args))


def _train(service: Service, args: argparse.Namespace, cancelled: Cancelled) -> Answer:
    spec = _spec(args)
    specs.check_network(spec.network)
    if args.save is not None:
        _refuse_taken(service, args.save, args.force)
    result = _judge(service, args, cancelled)
    if args.save is None:
        end = "Not saved: add --save NAME to keep it."
    else:
        service.saved_models.save(result, args.save, force=args.force)
        end = f"Saved as {args.save}."
    found = json_views.backtest_json(result) | {"saved": args.save}
    return Answer(found, f"{text.backtest(result)}\n{end}\n")


def _judge(service: Service, args: argparse.Namespace, cancelled: Cancelled) -> Backtest:
    history, spec = _question(service, args)
    meter = _meter(history, spec)
    try:
        result = service.backtests.run(history, spec, meter, cancelled, use_cache=not args.no_cache)
    finally:
        meter.close()
    return service.backtests.with_all_baselines(result)


def _question(service: Service, args: argparse.Namespace) -> tuple[PriceHistory, ModelSpec]:
    """Get the prices and what is to be judged on them."""
    _spec(args)  # a wrong option is refused before prices are waited for
    history = _history(service, args)
    return history, _spec(args, len(history))


def _meter(history: PriceHistory, spec: ModelSpec) -> Meter:
    return Meter(f"Training {spec.network} for {history.coin} {history.interval}")


def _judge_saved(service: Service, args: argparse.Namespace) -> Answer:
    fixed = ("preset", "network", *(set(SPEC_OPTIONS) - {"test", "validation"}), *WALK_OPTIONS)
    given = sorted(name for name in fixed if getattr(args, name) is not None)
    if given:
        raise InvalidInput(
            "A saved model keeps its own settings, --test and --validation apart. "
            f"Received: --{given[0].replace('_', '-')}. Leave it out, or leave out --model."
        )
    _check_more(args)
    model = service.saved_models.load(args.model).model
    history = _history(service, args, model)
    shares = {n: getattr(args, n) for n in ("test", "validation") if getattr(args, n) is not None}
    say(f"Judging {args.model} on {len(history):,} candles ...")
    result = service.backtests.with_all_baselines(
        service.backtests.of_saved(history, model, **shares)
    )
    more = _more(service, args, result)
    found = json_views.backtest_json(result, saved=args.model) | more.json
    return Answer(found, text.backtest(result, saved=args.model) + more.text)


def _spec(args: argparse.Namespace, rows: int | None = None) -> ModelSpec:
    changes = {name: getattr(args, name) for name in SPEC_OPTIONS}
    named = {n: getattr(args, n) for n in ("preset", "network") if getattr(args, n) is not None}
    return specs.make(**named, rows=rows, **changes)


def _refuse_taken(service: Service, name: str, force: bool) -> None:
    """Refuse a name before training for it rather than after."""
    bundles.check_name(name)
    if (service.settings.shipped / name).exists():
        raise AlreadyExists(f"{name} is a model of the project's own. Choose another name.")
    own = service.settings.home / "models" / name
    if (own.exists() or own.is_symlink()) and not force:
        raise AlreadyExists(
            f"A model named {name} exists. Choose another name, or overwrite it (--force)."
        )


# ---------------------------------------------------------------------------- prices


def _history(
    service: Service, args: argparse.Namespace, model: TrainedModel | None = None
) -> PriceHistory:
    """Get the prices that ``--data`` or ``--coin`` asks for, as the model needs them."""
    reading = [name for name in READING_OPTIONS if getattr(args, name) is not None]
    if args.data is None and reading:
        raise InvalidInput(f"--{reading[0]} goes with a price file only. Add --data FILE.")
    windowed = [name for name in ("start", "end", "days") if getattr(args, name) is not None]
    if args.data is not None:
        if windowed:
            raise InvalidInput(f"--{windowed[0]} goes with live prices only. Leave out --data.")
        history = _read(service, args.data, args)
    elif args.coin is not None:
        interval = args.interval
        if interval is None:
            interval = model.card.interval if model is not None else "1h"
        history = service.prices.history(_query(args, interval))
    else:
        raise InvalidInput("Prices are needed. Choose a file (--data FILE) or a coin (--coin BTC).")
    for note in history.notes:
        say(f"note: {one_line(note)}")
    return history


def _query(args: argparse.Namespace, interval: str) -> MarketQuery:
    return window(args.coin, interval, start=args.start, end=args.end, days=args.days)


def _read(service: Service, path: Path, args: argparse.Namespace) -> PriceHistory:
    """Read a price file as the options say.

    Raises:
        InvalidInput: if there is no such file, or an option can't be meant.
        UnreadableFile: if the file can't be read rightly.
    """
    coin = None if args.coin is None else resolve(args.coin).ticker
    try:
        if not path.is_file():
            kinds = {path.is_dir(): "a folder", not path.exists(): "no such file"}
            found = kinds.get(True, "not a regular file")
            raise InvalidInput(f"A price file is needed. Received: {path} ({found}).")
        progress = Reading(path.name)
        try:
            return service.prices.read(
                path,
                path.name,
                coin=coin,
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


def _corrections(args: argparse.Namespace) -> Corrections:
    return Corrections(
        delimiter=args.delimiter,
        columns=args.columns or {},
        day_first=args.dates,
        zone=args.zone,
        label=args.label,
        decimal=args.decimal,
    )


# ---------------------------------------------------------------------------- the rest


def _forecast(service: Service, args: argparse.Namespace) -> Answer:
    probability.check([*args.above, *args.below])  # before prices are waited for
    saved = service.saved_models.load(args.model)
    if args.data is None and args.coin is None:
        args.coin = "BTC" if saved.model.card.coin == "any" else saved.model.card.coin
    history = _history(service, args, saved.model)
    future = service.forecasts.next_steps(history, saved.model, saved.name)
    asked = probability.of_next_steps(future, args.above, args.below)
    found = json_views.forecast_json(future, saved.model.spec.loss, asked)
    return Answer(found, text.forecast(future, saved.model, asked))


def _inspect(service: Service, args: argparse.Namespace) -> Answer:
    # What is wrong with an option says nothing about the file.
    _corrections(args)
    check_repairs(args.repair or ())
    if args.interval is not None:
        step_of(args.interval)
    if args.coin is not None:
        resolve(args.coin)
    try:
        history = _read(service, args.file, args)
    except CryptoForecastError as error:
        return Answer(json_views.unreadable_json(str(error)), "", refusal=str(error))
    return Answer(json_views.inspect_json(history), text.inspect(history))


def _convert(service: Service, args: argparse.Namespace) -> Answer:
    price_file.check_target(args.to, force=args.force)
    history = _read(service, args.file, args)
    return _written(history, args)


def _fetch(service: Service, args: argparse.Namespace) -> Answer:
    price_file.check_target(args.to, force=args.force)
    history = service.prices.history(_query(args, args.interval))
    for note in history.notes:
        say(f"note: {one_line(note)}")
    return _written(history, args)


def _written(history: PriceHistory, args: argparse.Namespace) -> Answer:
    price_file.write(history, args.to, force=args.force)
    found = json_views.inspect_json(history) | {
        "data": json_views.data_json(history),
        "to": str(args.to),
    }
    return Answer(found, f"{text.inspect(history)}\nWritten to {args.to}.\n")


def _list(service: Service) -> Answer:
    found = service.saved_models.all()
    for name, reason in service.saved_models.damaged().items():
        say(f"note: {name} is left out. {one_line(reason)}")
    return Answer([json_views.model_json(saved) for saved in found], text.models(found))


def _show(service: Service, name: str) -> Answer:
    saved = service.saved_models.load(name)
    return Answer(json_views.model_json(saved), text.card(saved))


def _delete(service: Service, name: str) -> Answer:
    service.saved_models.delete(name)
    return Answer({"deleted": name}, f"Deleted {name}.\n")
