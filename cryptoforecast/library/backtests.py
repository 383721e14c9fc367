"""Tests of the library: does a forecast beat the last price on candles it has not seen?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from cryptoforecast.errors import InvalidInput
from cryptoforecast.library import settings
from cryptoforecast.library.backtest_results import Backtest
from cryptoforecast.library.models import Model
from cryptoforecast.library.outlooks import chosen
from cryptoforecast.library.prices import Prices, history_of
from cryptoforecast.library.signals import Signals, beside, inputs
from cryptoforecast.service import choices, shared
from cryptoforecast.service.workers import Case
from cryptoforecast.types import (
    UNWATCHED,
    Monitor,
    PriceHistory,
    Progress,
)


def backtest(
    prices: Prices,
    model: str | Model = "lstm",
    *,
    horizon: int = 1,
    folds: int = 1,
    refit_every: int | None = None,
    signals: Signals = (),
    progress: Callable[[Progress], None] | None = None,
    cache: bool = True,
    workers: int | None = None,
    scheduler: str | None = None,
    **spec: object,
) -> Backtest:
    """Test forecasts on the last candles, beside every baseline and with a verdict.

    A network is trained on the candles before the test span, a baseline is fitted on them, and a
    saved model is used as it is.

    Args:
        prices: Prices; a network needs at least about 450 candles, a baseline about 160.
        model: ``"lstm"`` or ``"dense"``; a baseline such as ``"cone"`` or ``"har"``; the name of
            a saved model; or a ``Model``.
        horizon: Steps to forecast at once. A saved model has its own.
        folds: Parts of the test span. Before each the network and the baselines are fitted again
            on all candles before it, so that the test walks forward.
        refit_every: Candles from one fit to the next, in place of ``folds``.
        signals: What a network reads beside the price: names such as ``"fear_greed"``, or results
            of ``signal``. They are added to its other inputs. A saved model that reads a signal of
            yours needs it here.
        progress: Called repeatedly with a ``Progress`` while a network is trained.
        cache: Whether the same training, done before on the same prices, may be used again.
        workers: Processes of this machine, each with one thread, that fit and test several folds
            at once.
        scheduler: Address of a Dask scheduler, such as ``"tcp://host:8786"``, whose workers do
            that in place of ``workers``.
        spec: ``preset``, and settings of ``cryptoforecast.types.ModelSpec`` to change, such as
            ``lookback=60``, ``epochs=30``, ``test=0.2`` or ``seed=1``. ``window``,
            ``window_rows``, ``gap`` and ``warm_start`` of ``cryptoforecast.types.WalkPlan`` say
            how the folds are fitted. A saved model takes ``test``, ``validation`` and ``since``
            alone; see ``Model.backtest``.

    Returns:
        The test. All predictors forecast from the same origins, in the last ``test`` share of
        the candles.

    Raises:
        InvalidInput: If ``prices`` are not ``Prices``, or a setting is outside the rules.
        UnknownModel: If there is no such network, baseline or saved model.
        NotEnoughData: If there are too few candles.
        InvalidBundle: If the saved model can't be read.
        SourceUnavailable: If a signal can't be had.
        WorkersUnavailable: If workers are lost or refused.

    Example:
        >>> import cryptoforecast as cf
        >>> prices = cf.fetch("BTC", start="2024-01-01", end="2024-03-01", simulated="only")
        >>> result = cf.backtest(prices, "drift", horizon=24)
        >>> result.verdict.beats_baseline
        False
        >>> result.scores.loc["drift"].columns[:3].tolist()
        ['mae', 'rmse', 'mape']
    """
    history = history_of(prices)
    if isinstance(model, str) and (model in choices.NETWORKS or model in choices.BASELINES):
        options = {"horizon": horizon, "refit_every": refit_every, **spec}
        return of_kind(
            history,
            model,
            options,
            folds=folds,
            signals=signals,
            progress=progress,
            cache=cache,
            workers=workers,
            scheduler=scheduler,
        )
    options = spec if refit_every is None else {**spec, "refit_every": refit_every}
    tested = chosen(
        model,
        f"a network ({', '.join(choices.NETWORKS)}) or a baseline ({', '.join(choices.BASELINES)})",
    )
    history = beside(history, tested.spec.features, signals)
    return _of_saved(history, tested, horizon, folds, options)


def of_kind(
    history: PriceHistory,
    kind: str,
    options: Mapping[str, object],
    *,
    folds: int = 1,
    signals: Signals = (),
    progress: Callable[[Progress], None] | None = None,
    cache: bool = True,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Backtest:
    """Test a network that is trained before each fold, or a baseline; see ``backtest``."""
    changes = {name: settings.plain(x) for name, x in options.items()}
    plan = settings.take_plan(settings.plain(folds), changes)
    every = changes.pop("refit_every", None)
    preset = changes.pop("preset", None) or "quick"
    settings.check_names(changes)
    volume = choices.has_volume(history.candles)
    spec = choices.make_spec(str(preset), kind, rows=len(history), volume=volume, **changes)
    spec = choices.with_inputs(spec, inputs(signals))
    settings.check_ranges(history, kind, changes)
    if choices.is_network(spec):
        history = beside(history, spec.features, signals)
    if every is not None:
        plan = dataclasses.replace(plan, folds=settings.folds_every(every, plan, history, spec))
    monitor = UNWATCHED if progress is None else Monitor(progress)
    if workers is None and scheduler is None:
        walk = shared().walk_forward.run(history, spec, plan, monitor, use_cache=cache)
    else:
        case = Case(history, spec, plan)
        walk = shared().workers.test(case, workers, scheduler, monitor, use_cache=cache)
    return Backtest(walk.backtest, walk)


def _of_saved(
    history: PriceHistory, model: Model, horizon: int, folds: int, options: Mapping[str, object]
) -> Backtest:
    """Test a network with its weights as they are."""
    own = model.spec.horizon
    fixed = {name: value for name, value in options.items() if name not in settings.SHARES}
    fixed |= {"folds": folds} if folds != 1 else {}
    fixed |= {"horizon": horizon} if horizon not in (1, own) else {}
    if fixed:
        name, value = next(iter(fixed.items()))
        raise InvalidInput(
            "A saved model keeps its own settings, `test`, `since` and `validation` apart. "
            f"Received: `{name}` {value!r:.40}. Leave it out, or name a network such as lstm "
            "instead."
        )
    service = shared().backtests
    shares = {name: value for name, value in options.items() if value is not None}
    if "since" in shares:
        shares["since"] = settings.parse_since(shares["since"], model)
    result = service.of_saved(history, model.network, **shares)  # type: ignore[arg-type]
    return Backtest(service.with_all_baselines(result), given_model=model)
