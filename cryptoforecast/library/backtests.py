"""Tests of the library: does a forecast beat the last price on candles it has not seen?"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast import charts, json_views
from cryptoforecast.errors import InvalidInput, UnknownModel
from cryptoforecast.library import settings
from cryptoforecast.library.models import Model, load
from cryptoforecast.library.prices import Prices, history_of
from cryptoforecast.library.signals import Signals, beside, inputs
from cryptoforecast.library.values import Value, candles, digest, heading, paragraphs, table
from cryptoforecast.service import choices, files, forecast_tables, shared
from cryptoforecast.service.ablations import SEEDS
from cryptoforecast.service.saved_models import with_scores
from cryptoforecast.service.workers import Case, open_engine
from cryptoforecast.types import (
    UNWATCHED,
    Ablation,
    Monitor,
    PriceHistory,
    Progress,
    Verdict,
    WalkForward,
)
from cryptoforecast.types import Backtest as Result

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Backtest(Value):
    """A test of forecasts on the same origins, made by ``backtest`` or ``Model.backtest``.

    Two are equal if their prices, settings and forecasts are.

    Attributes:
        result: The test as the app itself uses it.
        walk: The folds of the test; ``None`` where a model was tested as it is.
        given_model: The model that was tested as it is; ``None`` otherwise.
    """

    result: Result
    walk: WalkForward | None = None
    given_model: Model | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the tested forecasts beat the last price, in numbers and in one sentence.

        Where a network was tested, these are the forecasts of its stack.
        """
        return self.result.verdict

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdicts by predictor: on the stack and on the network alone, or on a baseline."""
        return self.result.verdicts

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to read before the scores."""
        return self.result.notes

    @property
    def model(self) -> Model | None:
        """The network; ``None`` of a baseline, and of several folds, which had one each.

        A network that was trained for this test has its scores and its verdict on its card.
        """
        if self.given_model is not None or self.result.model is None:
            return self.given_model
        return Model(with_scores(self.result))

    @property
    def scores(self) -> pd.DataFrame:
        """Scores of every predictor at every step.

        Index ``predictor`` and ``step``; columns ``mae`` and ``rmse`` in the prices' currency,
        ``mape``, ``smape``, ``directional_accuracy``, ``coverage_80`` and ``coverage_95`` as
        fractions, ``mase`` a ratio, ``pinball`` in log-return. NaN where undefined.
        """
        rows = {
            (name, step): dataclasses.asdict(each)
            for name, steps in self.result.scores.items()
            for step, each in enumerate(steps, start=1)
        }
        index = pd.MultiIndex.from_tuples(list(rows), names=["predictor", "step"])
        return pd.DataFrame(list(rows.values()), index=index)

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of prices, settings and every forecast, 16 hexadecimal digits."""
        forecasts = self.result.forecasts
        parts = ((name, forecasts[name].predicted, forecasts[name].quantiles) for name in forecasts)
        return digest(
            self.result.history.fingerprint,
            self.result.spec,
            self.result.split,
            *(each for part in parts for each in part),
        )

    def ablate(
        self,
        inputs: str | Collection[str],
        *,
        seeds: int = SEEDS,
        progress: Callable[[Progress], None] | None = None,
        cache: bool = True,
        workers: int | None = None,
        scheduler: str | None = None,
    ) -> Ablation:
        """Test whether some inputs help: train the network with and without them, and compare.

        Args:
            inputs: Inputs to leave out, such as ``"signal:fear_greed"`` or ``"volume"``.
            seeds: Trainings of each network, 2 to 10, with a seed each.
            progress: Called repeatedly with a ``Progress``.
            cache: Whether trainings that were done before may be used again.
            workers: Processes of this machine, each with one thread, that train at once.
            scheduler: Address of a Dask scheduler, whose workers do that in place of ``workers``.

        Returns:
            The result. It prints as one sentence; ``point`` and ``band`` have the differences of
            the two errors, with their intervals.

        Raises:
            InvalidInput: If the test is of no network, or it has none of these inputs or no others.
        """
        names = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        monitor = UNWATCHED if progress is None else Monitor(progress)
        history, spec = self.result.history, self.result.spec
        run = functools.partial(shared().ablations.run, history, spec, names, seeds, monitor)
        if workers is None and scheduler is None:
            return run(use_cache=cache)
        with open_engine(workers, scheduler) as engine:
            return run(use_cache=cache, engine=engine)

    def frame(self, style: str = "cf") -> pd.DataFrame:
        """Return every forecast of the test as a table, with times in UTC.

        Args:
            style: ``"cf"`` is what ``backtest --forecasts`` writes, of the tested predictor:
                ``predictor coin interval source quote origin origin_closes_at time closes_at step
                close predicted actual residual`` and the nine quantiles ``q0.025`` to ``q0.975``,
                all prices in the currency ``quote``. ``"nixtla"`` is the layout of
                Nixtla's libraries, with all predictors side by side: ``unique_id`` (the coin),
                ``ds``, ``cutoff``, ``y`` and for each predictor ``NAME``, ``NAME-lo-50``,
                ``NAME-hi-50`` and so on for 80, 90 and 95.

        Returns:
            One row an origin and step. ``cutoff`` is the ``origin`` of the other style, the open
            of the last candle known; ``ds`` is its ``time``, the open of the candle whose close
            is forecast. Both closes are known one interval later. ``y`` is NaN where unknown.

        Raises:
            InvalidInput: For another style.
        """
        return forecast_tables.of(self.result, style)

    def leaderboard(
        self, metric: str = "pinball", step: int | None = None, against: str = "naive"
    ) -> pd.DataFrame:
        """Order every predictor by one score, and say whether a lead is more than chance.

        Args:
            metric: A column of ``scores``.
            step: 1 to the horizon; the last by default.
            against: The predictor that the others are compared with.

        Returns:
            One row a predictor, the best first: ``value`` of the metric, ``skill`` (1 - error /
            the reference's), ``low`` and ``high`` of its 95 % interval, corrected for the number
            of comparisons, ``p_value``, and ``p_holm``, the corrected one. A lead is more than
            chance if its interval leaves out 0. NaN where undefined.

        Raises:
            InvalidInput: If there is no such metric, step or predictor.
        """
        if against not in self.result.forecasts:
            raise InvalidInput(
                f"`against` must be one of {', '.join(self.result.forecasts)}. Received: "
                f"{against!r:.60}."
            )
        step = self.result.spec.horizon if step is None else step
        board = shared().backtests.analyses.board(self.result, metric, step, against)
        return pd.DataFrame([dataclasses.asdict(each) for each in board.standings])

    def plot(self, step: int | None = None) -> go.Figure:
        """Draw the predicted prices against the actual ones, and the residuals below.

        Args:
            step: 1 to the horizon; the last by default.

        Returns:
            A Plotly figure; times in UTC, at which candles close.

        Raises:
            InvalidInput: If there is no such step.
        """
        return charts.predicted_vs_actual(self.result, step)

    def html(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the whole report as one HTML file that needs nothing else.

        Args:
            path: Ends in .html.
            force: Whether an existing file may be replaced.

        Returns:
            The path.

        Raises:
            InvalidInput: If the name has another ending, or the folder can't be written.
            AlreadyExists: If there is such a file and ``force`` is false.
        """
        from cryptoforecast import html_report

        target = Path(path)
        files.check_page(target, force=force)
        saved = self.given_model.name if self.given_model is not None else None
        page = html_report.page(
            shared().backtests.analyses, self.result, self.walk, saved=saved or ""
        )
        files.write_text(page, target)
        return target

    def to_dict(self) -> dict[str, object]:
        """Return what ``backtest --json`` prints, ready for ``json.dumps``."""
        if self.walk is None:
            return json_views.backtest_json(
                self.result, self.given_model.name if self.given_model else None
            )
        return json_views.walk_forward_json(self.walk)

    def __repr__(self) -> str:
        result = self.result
        steps = f"{result.spec.horizon} step{'' if result.spec.horizon == 1 else 's'}"
        folds = f", {len(self.walk.folds)} folds" if self.walk and len(self.walk.folds) > 1 else ""
        who = result.spec.network
        if self.given_model is not None and self.given_model.name is not None:
            who = repr(self.given_model.name)
        return (
            f"Backtest({who}, {candles(result.history)}, {len(result.forecast):,} origins, "
            f"{steps}{folds})\n{self.verdict.sentence}"
        )

    def _repr_html_(self) -> str:
        last = self.scores.xs(self.result.spec.horizon, level="step")
        title = repr(self).partition("\n")[0]
        notes = (*self.result.history.notes, *self.notes, title)
        return heading(self.verdict.sentence) + paragraphs(notes) + table(last)


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
    tested = _model(model)
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
    """Test a network, trained before each fold, or a baseline; see ``backtest``."""
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


def _model(model: object) -> Model:
    """Return the model, or the saved one of this name.

    Raises:
        UnknownModel: If there is none.
        InvalidInput: If it is no name either.
    """
    if isinstance(model, Model):
        return model
    if not isinstance(model, str):
        raise InvalidInput(
            f"`model` must be a name or a Model. Received: {type(model).__name__}. Use lstm, "
            "dense, a baseline such as cone, or one of models()."
        )
    try:
        return load(model)
    except UnknownModel as error:
        raise UnknownModel(
            f"{error} `model` may also be a network ({', '.join(choices.NETWORKS)}) or a baseline "
            f"({', '.join(choices.BASELINES)})."
        ) from error
