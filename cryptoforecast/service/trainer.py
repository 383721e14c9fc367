"""The trainer: does the orders of an installation, one after another."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, cast

from cryptoforecast import json_views
from cryptoforecast.errors import Cancelled, CryptoForecastError, InvalidInput
from cryptoforecast.json_views import Json
from cryptoforecast.service import Service, choices
from cryptoforecast.service.ablations import check as check_ablation
from cryptoforecast.service.orders import Order, OrderBook
from cryptoforecast.service.signals import check_names, check_read, from_texts, input_of
from cryptoforecast.service.statuses import status_of
from cryptoforecast.types import (
    OWNER,
    ModelSpec,
    Monitor,
    PriceHistory,
    Progress,
    WalkPlan,
    is_signal,
    signal_name,
)

#: Seconds between two looks for a new order, and between two reports of one.
LOOK, REPORT = 0.5, 0.5

log = logging.getLogger(__name__)


def check(service: Service, kind: str, request: Mapping[str, Any]) -> None:
    """Refuse an order that can't be done, whatever its prices are.

    Args:
        service: Does the work.
        kind: ``"backtest"`` or ``"training"``.
        request: What is to be done.

    Raises:
        InvalidInput: If a part of it is outside the rules.
        AlreadyExists: If a model of the name to save exists already.
        UnknownModel: If it names a saved model that is not there.
        InvalidBundle: If this model can't be read.
    """
    choices.check_interval(request["interval"])
    request = _with_baseline(service, request)
    coin, own = choices.resolve(request["coin"]).ticker, request.get("signals", ())
    if request.get("model") is not None:
        if request["settings"]:
            raise InvalidInput(
                "A saved model keeps its own settings. Received: "
                f"{', '.join(sorted(request['settings']))}. Leave them out, or leave out `model`."
            )
        if request.get("ablate") is not None:
            raise InvalidInput(
                "`ablate` trains networks. Received: it and a saved model. Leave one of them out."
            )
        features = service.saved_models.load(request["model"]).model.spec.features
        for name in own:
            check_read(name, features)
        _check_signals(features, coin, own)
        return
    spec = _spec(request)
    methods = (*choices.NETWORKS, *choices.BASELINES)
    if spec.network not in methods:
        raise InvalidInput(
            f"`network` must be one of {', '.join(methods)}. Received: {spec.network!r:.60}."
        )
    if kind == "training" and not choices.is_network(spec):
        raise InvalidInput(
            f"`network` must be {' or '.join(choices.NETWORKS)} in a training. Received: "
            f"{spec.network!r}. Test a baseline with POST /api/v1/backtests."
        )
    if choices.is_network(spec):
        _check_signals(spec.features, coin, own)
    if kind == "training":
        if request["save"] is not None:
            service.saved_models.check_free(request["save"], user=OWNER, force=request["force"])
    else:
        choices.check_plan(WalkPlan(folds=request["folds"]), spec)
        if request.get("ablate") is not None:
            _check_ablation(request, spec)


def _with_baseline(service: Service, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Move a baseline from ``model`` to ``network``; a saved model of this name comes first.

    Raises:
        InvalidInput: If ``network`` names another one.
    """
    name = request.get("model") or ""
    if name not in choices.BASELINES or service.saved_models.has(name):
        return request
    settings = request["settings"]
    if settings.get("network", name) != name:
        raise InvalidInput(
            f"`model` must be left out where `network` is given. Received: {name} and "
            f"{settings['network']!r:.60}. Leave one out."
        )
    return {**request, "model": None, "settings": {**settings, "network": name}}


def _check_signals(features: Iterable[str], coin: str, own: Collection[str]) -> None:
    """Refuse signals that nobody can give."""
    check_names([signal_name(name) for name in features if is_signal(name)], coin, own)


def work(service: Service, book: OrderBook, is_wanted: Callable[[], bool] = lambda: True) -> None:
    """Do orders for as long as ``is_wanted`` returns true.

    Args:
        service: Does the work.
        book: Has the orders.
        is_wanted: Returns whether to go on.
    """
    book.recover()
    while is_wanted():
        order = book.take()
        if order is None:
            time.sleep(LOOK)
        else:
            _do(service, book, order, is_wanted)


def _do(service: Service, book: OrderBook, order: Order, is_wanted: Callable[[], bool]) -> None:
    reporter = _Reporter(book, order.id, is_wanted)
    try:
        book.finish(order.id, _result(service, order, Monitor(reporter.report, reporter.stopped)))
    except Cancelled:
        log.info("An order was cancelled, or the server is stopping")
    except CryptoForecastError as error:
        book.fail(order.id, status_of(error), str(error))
    except Exception:  # the traceback is for the server's log, not for the client
        log.exception("An order failed")
        book.fail(order.id, 500, "Something failed here. The server's log says what.")


def _result(service: Service, order: Order, monitor: Monitor) -> Json:
    request = _with_baseline(service, cast(Mapping[str, Any], order.request))
    query = choices.window(request["coin"], request["interval"], days=request["days"])
    history = service.prices.history(query, prices=request["prices"])
    own = [from_texts(**cast(Mapping[str, Any], each)) for each in order.attachment or ()]
    if order.kind == "backtest" and request["model"] is not None:
        model = service.saved_models.load(request["model"]).model
        history = service.signals.beside(history, model.spec.features, own)
        tested = service.backtests.of_saved(history, model)
        return json_views.backtest_json(
            service.backtests.with_all_baselines(tested), saved=request["model"]
        )
    spec = _spec(request, history)
    if choices.is_network(spec):
        history = service.signals.beside(history, spec.features, own)
    if order.kind == "backtest":
        return _backtest(service, request, history, spec, monitor)
    result = service.backtests.run(history, spec, monitor)
    result = service.backtests.with_all_baselines(result)
    if request["save"] is not None:
        service.saved_models.save(result, request["save"], user=OWNER, force=request["force"])
    return json_views.backtest_json(result) | {"saved": request["save"]}


def _backtest(
    service: Service,
    request: Mapping[str, Any],
    history: PriceHistory,
    spec: ModelSpec,
    monitor: Monitor,
) -> Json:
    """Test a network or a baseline, and ablate inputs where that is wanted."""
    inputs = request.get("ablate")
    if inputs is not None:
        check_ablation(spec, inputs)
    plan = WalkPlan(folds=request["folds"])
    view = json_views.walk_forward_json(service.walk_forward.run(history, spec, plan, monitor))
    unused = choices.unused_settings(spec.network, request["settings"])
    if unused:
        note = f"{spec.network} ignores {', '.join(unused)}: only networks have such settings."
        view |= {"notes": [*cast(list[str], view["notes"]), note]}
    if inputs is None:
        return view
    ablation = service.ablations.run(history, spec, inputs, monitor=monitor)
    return view | {"ablation": json_views.ablation_json(ablation)}


def _check_ablation(request: Mapping[str, Any], spec: ModelSpec) -> None:
    """Refuse an ablation that can't be made, whatever the prices are."""
    if request["folds"] != 1:
        raise InvalidInput(
            f"`ablate` goes with one fold. Received: {request['folds']}. Leave out `folds`."
        )
    choices.check_network(spec.network)
    settings = _settings(request)
    # Without `features` the inputs depend on how many candles there are.
    lengths = (None,) if "features" in settings else (1, None, 10**9)
    specs = [choices.make_spec(rows=rows, volume=True, **settings) for rows in lengths]
    known = dict.fromkeys(name for each in (spec, *specs) for name in each.features)
    check_ablation(dataclasses.replace(spec, features=tuple(known)), request["ablate"])


def _settings(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in request["settings"].items()
    }


def _spec(request: Mapping[str, Any], history: PriceHistory | None = None) -> ModelSpec:
    settings = _settings(request)
    ablated = filter(is_signal, request.get("ablate") or ())
    signals = dict.fromkeys((*map(input_of, request.get("signals", ())), *ablated))
    if history is None:
        return choices.with_inputs(choices.make_spec(**settings), signals)
    volume = choices.has_volume(history.candles)
    spec = choices.make_spec(rows=len(history), volume=volume, **settings)
    return choices.with_inputs(spec, signals)


class _Reporter:
    """Writes the progress of an order, and notices that it is cancelled, twice a second at most.

    Args:
        book: Has the order.
        named: Its id.
        is_wanted: Returns whether the trainer goes on.
    """

    def __init__(self, book: OrderBook, named: str, is_wanted: Callable[[], bool]) -> None:
        self._book, self._named, self._is_wanted = book, named, is_wanted
        self._reported = self._looked = 0.0
        self._stopped = False

    def report(self, progress: Progress) -> None:
        """Write the progress, unless it was written a moment ago."""
        now = time.monotonic()
        if now - self._reported >= REPORT or progress.done >= 1:
            self._reported = now
            values = dataclasses.asdict(progress)
            self._book.report(self._named, {name: values[name] for name in _REPORTED})

    def stopped(self) -> bool:
        """Return whether nobody wants the result any more."""
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            self._stopped = not (self._is_wanted() and self._book.is_running(self._named))
        return self._stopped


_REPORTED = ("epoch", "epochs", "fold", "folds", "done", "seconds")
