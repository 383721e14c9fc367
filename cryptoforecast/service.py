"""The one door: what the pages, the API and the command line ask for goes through here.

Holds the caches and the background worker of a process. No Streamlit, no HTTP, no printing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import threading
from collections.abc import Callable, Collection, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from cryptoforecast.cache import LruCache
from cryptoforecast.errors import AlreadyExists, InvalidBundle, InvalidInput, UnknownModel
from cryptoforecast.evaluation import backtest, scores, walk_forward
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.forecasting import next_steps, warnings
from cryptoforecast.forecasting.baselines import BASELINES, HEAVY, QUICK
from cryptoforecast.jobs import Job, Runner
from cryptoforecast.learning import bundles, inference, specs, training, training_cache
from cryptoforecast.prices import Prices
from cryptoforecast.settings import Settings
from cryptoforecast.types import (
    Backtest,
    Forecast,
    MarketQuery,
    ModelSpec,
    NextSteps,
    PriceHistory,
    Progress,
    SavedModel,
    TrainedModel,
    WalkForward,
    WalkPlan,
)

if TYPE_CHECKING:
    from cryptoforecast.prices.files.table import Corrections

#: The model behind ``POST /predict``.
PREDICT_MODEL = "btc-1h-lstm-close"
#: How the name of a kept file begins, where a coin could stand.
FILE = "file-"
#: How the key of a walk-forward test begins.
WALK = "walk-"
#: Saved models that stay in memory.
KEPT_MODELS = 64
#: Candles that stay in memory for the pages: of files, all together about 50 MB, and those that
#: networks looked ahead from, mostly the same. A finished training keeps those it learnt from
#: besides, as long as it is remembered.
KEPT_ROWS = 1_000_000
#: Forecasts of the next steps by baselines that stay in memory.
KEPT_AHEAD = 32
#: Bytes of forecasts that stay in memory for the next rerun of a page, of holdouts and of
#: walk-forward tests each.
MEMO_BYTES = 64_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A finished training: the prices it was asked on, and the model."""

    key: str
    history: PriceHistory
    model: TrainedModel
    cached: bool


class Service:
    """Everything CryptoForecast does, for one process.

    Args:
        settings: folders and bounds.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.prices = Prices(settings)
        self.training_cache = training_cache.TrainingCache(
            settings.home / "results", settings.cached_trainings
        )
        self.runner: Runner[Run] = Runner(settings.jobs)
        self._own = settings.home / "models"
        self.analyses = Analyses()
        self._loaded: LruCache[TrainedModel] = LruCache(KEPT_MODELS)
        self._files: LruCache[PriceHistory] = LruCache(KEPT_ROWS, len)
        self._judged: LruCache[Backtest] = LruCache(MEMO_BYTES, _size)
        self._walks: LruCache[WalkForward] = LruCache(
            MEMO_BYTES, lambda tested: _size(tested.backtest)
        )
        self._next: LruCache[NextSteps] = LruCache(
            KEPT_ROWS, lambda forecast: len(forecast.history)
        )
        self._next_baseline: LruCache[Forecast] = LruCache(KEPT_AHEAD)
        self._heavy_lock = threading.Lock()

    # ------------------------------------------------------------------ prices

    def history(self, query: MarketQuery, wait: float | None = None) -> PriceHistory:
        """Return the best prices to be had within ``wait`` seconds; see ``Prices.history``.

        A coin that names a kept file gives that file's prices.
        """
        if is_file(query.coin):
            return self.file(query.coin)
        return self.prices.history(query, wait)

    def refreshing(self, query: MarketQuery) -> bool:
        """Whether live prices are being asked for right now."""
        return not is_file(query.coin) and self.prices.refreshing(query)

    def keep(self, history: PriceHistory) -> str:
        """Keep a file's prices in memory for the pages; return the name to ask for them by.

        Raises:
            InvalidInput: if it has too many candles to keep.
        """
        if len(history) > KEPT_ROWS:
            raise InvalidInput(
                f"At most {KEPT_ROWS:,} candles of a file can be kept. Received: "
                f"{len(history):,}. Choose longer candles."
            )
        name = FILE + _file_key(history)
        self._files.put(name, history)
        return name

    def file(self, name: str) -> PriceHistory:
        """Return the prices of a kept file.

        Raises:
            InvalidInput: if it is no longer kept.
        """
        kept = self._files.get(name)
        if kept is None:
            raise InvalidInput(
                f"The prices of this file are no longer kept. Received: {name[:40]}. "
                "Open the file again on the Data page, or pick a coin."
            )
        return kept

    def read(
        self,
        source: Path | bytes | BinaryIO,
        name: str,
        *,
        coin: str | None = None,
        interval: str | None = None,
        corrections: Corrections | None = None,
        repairs: Collection[str] = (),
        to_keep: bool = False,
        report: Callable[[float], None] | None = None,
    ) -> PriceHistory:
        """Read a price file; see ``prices.files.read``. ``to_keep`` refuses what ``keep`` would."""
        from cryptoforecast.prices.files import price_file
        from cryptoforecast.prices.files.opening import MAX_ROWS

        return price_file.read(
            source,
            name,
            coin=coin,
            interval=interval,
            corrections=corrections,
            repairs=repairs,
            most=KEPT_ROWS if to_keep else MAX_ROWS,
            report=report,
        )

    def columns(self, source: Path | bytes | BinaryIO, delimiter: str | None = None) -> list[str]:
        """Name the columns of a price file, read or refused; see ``importing.column_names``."""
        from cryptoforecast.prices.files.columns.names import column_names

        return column_names(source, delimiter)

    # ------------------------------------------------------------------ learning and judging

    def train(
        self,
        history: PriceHistory,
        spec: ModelSpec,
        report: Callable[[Progress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        use_cache: bool = True,
    ) -> Run:
        """Train a network, or return the one that answered the same question before."""
        key = training_cache.key(history, spec)
        make = functools.partial(training.train, history, spec, report, cancelled)
        model, cached = self._answered(key, make, use_cache=use_cache)
        return Run(key, history, model, cached)

    def submit(self, history: PriceHistory, spec: ModelSpec) -> Job[Run]:
        """Train in the background; the same question joins the job that is at it.

        Raises:
            InvalidInput: as ``training.check`` does, or if the queue is full.
        """
        training.check(history, spec)
        kind = "LSTM" if spec.network == "lstm" else "Dense network"
        title = f"{kind} for {history.coin} {history.interval}"

        def work(report: Callable[[Progress], None], cancelled: Callable[[], bool]) -> Run:
            return self.train(history, spec, report, cancelled)

        return self.runner.submit(training_cache.key(history, spec), title, work)

    def run(self, key: str) -> TrainedModel | None:
        """Return a trained model by the key of its question, also after a restart."""
        job = self.runner.get(key)
        if job is not None and job.result is not None:
            return job.result.model
        return self.training_cache.get(key) if training_cache.is_key(key) else None

    def backtest(
        self,
        history: PriceHistory,
        spec: ModelSpec,
        report: Callable[[Progress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        use_cache: bool = True,
    ) -> Backtest:
        """Train if need be, then judge on the last ``spec.test`` share of the history.

        Compares with the quick baselines; ``compare`` adds the others.
        """
        if not specs.is_network(spec):
            return self._judge_baseline(history, spec)
        done = self.train(history, spec, report, cancelled, use_cache=use_cache)
        return self.judge(history, done.model, cached=done.cached)

    def walk_forward(
        self,
        history: PriceHistory,
        spec: ModelSpec,
        plan: WalkPlan,
        report: Callable[[Progress], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        use_cache: bool = True,
        baselines: Collection[str] = tuple(BASELINES),
    ) -> WalkForward:
        """Judge on the last ``spec.test`` share, refitted for each fold; see ``walk_forward``."""
        answered = functools.partial(self._answered, use_cache=use_cache)
        return walk_forward.run(
            history, spec, plan, report, cancelled, answered, baselines=baselines
        )

    def submit_walk_forward(
        self, history: PriceHistory, spec: ModelSpec, plan: WalkPlan
    ) -> Job[Run]:
        """Walk forward with a network in the background; ``walked`` gives what came out.

        Compares with the quick baselines. The model of the job's result is the last fold's.

        Raises:
            InvalidInput: as ``walk_forward.check`` and ``training.check`` do, or if the queue is
                full.
            NotEnoughData: if a span of a fold would be too short.
        """
        walk_forward.check_all(history, spec, plan)
        training.check(history, spec)
        key = self.walk_key(history, spec, plan)
        if self.walked(key) is None:
            self.runner.forget(key)  # what came out is no longer kept
        kind = "LSTM" if spec.network == "lstm" else "Dense network"
        title = f"{kind} for {history.coin} {history.interval} in {plan.folds} folds"

        def work(report: Callable[[Progress], None], cancelled: Callable[[], bool]) -> Run:
            tested = self.walk_forward(history, spec, plan, report, cancelled, baselines=QUICK)
            self._walks.put(key, tested)
            models = [fold.model for fold in tested.folds if fold.model is not None]
            return Run(key, history, models[-1], tested.backtest.cached)

        return self.runner.submit(key, title, work)

    def walk_key(self, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> str:
        """Name a walk-forward test by all that shapes it."""
        return WALK + training_cache.key(history, spec, dataclasses.asdict(plan))

    def walked(self, key: str) -> WalkForward | None:
        """Return a walk-forward test by its key, while it is remembered."""
        return self._walks.get(key)

    def walk_baseline(self, history: PriceHistory, spec: ModelSpec, plan: WalkPlan) -> WalkForward:
        """Walk forward with a baseline, at once; remembered for reruns."""
        key = self.walk_key(history, spec, plan)
        make = functools.partial(self.walk_forward, history, spec, plan, baselines=QUICK)
        with self._one_heavy(spec.network):
            return self._walks.answer(key, make)

    def compare_walk(self, tested: WalkForward) -> WalkForward:
        """Add the heavy baselines to a walk-forward test, in some seconds."""
        for _, spec, plan in self._heavy_walks(tested):
            self.walk_baseline(tested.backtest.history, spec, plan)
        return self.compared_walk(tested)

    def compared_walk(self, tested: WalkForward) -> WalkForward:
        """Add those heavy baselines that are remembered, at once."""
        joined = tested.backtest
        for key, _, _ in self._heavy_walks(tested):
            known = self.walked(key)
            if known is not None:
                joined = backtest.with_baselines(joined, known.backtest)
        return dataclasses.replace(tested, backtest=joined)

    def _heavy_walks(self, tested: WalkForward) -> list[tuple[str, ModelSpec, WalkPlan]]:
        """Name the tests of the heavy baselines that a walk-forward test lacks."""
        plan = dataclasses.replace(tested.plan, warm_start=False)
        history = tested.backtest.history
        return [
            (self.walk_key(history, spec, plan), spec, plan) for spec in _heavy(tested.backtest)
        ]

    def judge_baseline(self, history: PriceHistory, name: str, horizon: int) -> Backtest:
        """Judge a baseline against the last price; remembered for reruns."""
        return self._judge_baseline(history, specs.make(network=name, horizon=horizon))

    def compare(self, result: Backtest) -> Backtest:
        """Add the heavy baselines to a backtest, in some seconds; remembered for reruns."""
        for spec in _heavy(result):
            result = backtest.with_baselines(result, self._judge_baseline(result.history, spec))
        return result

    def compared(self, result: Backtest) -> Backtest:
        """Add those heavy baselines that are remembered, at once."""
        for spec in _heavy(result):
            known = self._judged.get(_baseline_key(result.history, spec))
            if known is not None:
                result = backtest.with_baselines(result, known)
        return result

    def _judge_baseline(self, history: PriceHistory, spec: ModelSpec) -> Backtest:
        key = _baseline_key(history, spec)
        make = functools.partial(backtest.holdout, history, spec, baselines=QUICK)
        with self._one_heavy(spec.network):
            result = self._remember(key, history, make)
        return dataclasses.replace(result, spec=spec)

    def judge(
        self, history: PriceHistory, model: TrainedModel, *, cached: bool = False
    ) -> Backtest:
        """Judge a model that was trained on this very history; remembered for reruns."""
        key = (_prices_key(history), _model_key(model), "own")
        result = self._remember(
            key, history, lambda: backtest.holdout(history, model.spec, model, baselines=QUICK)
        )
        return dataclasses.replace(result, cached=cached)

    def judge_saved(
        self,
        history: PriceHistory,
        model: TrainedModel,
        test: float = 0.2,
        validation: float = 0.16,
    ) -> Backtest:
        """Judge a saved model, weights untouched, on any history; remembered for reruns."""
        key = (_prices_key(history), _model_key(model), test, validation)
        return self._remember(
            key,
            history,
            lambda: backtest.saved(history, model, test, validation, baselines=QUICK),
        )

    def future(
        self, history: PriceHistory, model: TrainedModel, name: str | None = None
    ) -> NextSteps:
        """Forecast the steps after the last closed candle, with what to beware of.

        The band is calibrated on earlier forecasts of the model; remembered for reruns.
        """
        # Warnings speak of the prices' age, and of all that the model's card says.
        asked = _prices_key(history), history.fetched_at
        key = (asked, _model_key(model), repr(model.card))
        forecast = self._next.answer(key, lambda: next_steps.of_network(history, model))
        return dataclasses.replace(forecast, model=name or forecast.model, history=history)

    def future_baseline(self, history: PriceHistory, name: str, horizon: int) -> NextSteps:
        """Let a baseline, fitted on all closed candles, draw the next steps."""
        key = (_prices_key(history), name, horizon)
        with self._one_heavy(name):
            forecast = self._next_baseline.answer(
                key, lambda: next_steps.of_baseline(history, name, horizon).forecast
            )
        return NextSteps(name, history, forecast, warnings.of_prices(history))

    def predict_closes(self, closes: Sequence[float]) -> float:
        """Predict the next close from 60 hourly closes, as ``POST /predict`` does.

        Args:
            closes: oldest first, USD.

        Raises:
            InvalidInput: unless there are exactly as many finite, positive closes as needed.
        """
        model = self.model(PREDICT_MODEL).model
        needed = model.card.needs
        if len(closes) != needed:
            raise InvalidInput(
                f"`prices` must hold exactly {needed} hourly closes, oldest first. "
                f"Received: {len(closes)}."
            )
        values = np.asarray(closes, float)
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise InvalidInput("`prices` must be finite and above 0.")
        with np.errstate(all="ignore"):  # whatever overflows is no finite prediction
            predicted = float(inference.from_closes(model, values)[0])
        if not np.isfinite(predicted):
            raise InvalidInput("`prices` are too far apart for a finite prediction.")
        return predicted

    # ------------------------------------------------------------------ saved models

    def models(self) -> list[SavedModel]:
        """List the saved models that can be read: your own first, then the shipped ones."""
        found: dict[str, SavedModel] = {}
        for folder, shipped in ((self._own, False), (self.settings.shipped, True)):
            for name in bundles.names(folder):
                try:
                    found.setdefault(name, SavedModel(name, shipped, self._load(folder / name)))
                except (InvalidBundle, UnknownModel):
                    continue  # listed by `damaged`, or just deleted: hides no other
        return list(found.values())

    def damaged(self) -> dict[str, str]:
        """Return the saved models that can't be read, with the reason."""
        reasons: dict[str, str] = {}
        for folder in (self._own, self.settings.shipped):
            for name in bundles.names(folder):
                try:
                    self._load(folder / name)
                except UnknownModel:
                    continue  # just deleted
                except InvalidBundle as error:
                    reasons[name] = str(error)
        return reasons

    def model(self, name: str) -> SavedModel:
        """Load a saved model by name.

        Raises:
            UnknownModel: if there is none of this name.
            InvalidBundle: if it can't be read.
        """
        bundles.check_name(name)
        for folder, shipped in ((self._own, False), (self.settings.shipped, True)):
            if (folder / name / "bundle.json").is_file():
                return SavedModel(name, shipped, self._load(folder / name))
        raise UnknownModel(
            f"No saved model is named {name}. Received: {name}. "
            f"There are: {', '.join(saved.name for saved in self.models()) or 'none'}."
        )

    def save(self, result: Backtest, name: str, *, force: bool = False) -> SavedModel:
        """Save the network of a backtest with its scores on its card.

        Raises:
            InvalidInput: if a baseline was judged, or other prices than the network was trained
                on, or the name can't be used.
            AlreadyExists: if the name is taken, or belongs to a shipped model.
        """
        if result.model is None:
            raise InvalidInput("Only a trained network can be saved, not a baseline.")
        if not result.own:
            raise InvalidInput(
                "A network is saved with its scores on the prices it was trained on. Received: "
                f"scores on other {result.history.coin} prices. Choose {result.model.card.coin} "
                "and the history it was trained on, or train it again."
            )
        if (self.settings.shipped / bundles.check_name(name)).exists():
            raise AlreadyExists(f"{name} is a model of the project's own. Choose another name.")
        bundles.save(carded(result), self._own, name, force=force)
        return self.model(name)

    def delete(self, name: str) -> None:
        """Delete a saved model of the person's own.

        Raises:
            InvalidInput: if it is a shipped one.
            UnknownModel: if there is none of this name.
        """
        bundles.check_name(name)
        own = (self._own / name / "bundle.json").is_file()
        if not own and (self.settings.shipped / name).is_dir():
            raise InvalidInput(f"{name} comes with the project and can't be deleted.")
        bundles.delete(self._own, name)

    # ------------------------------------------------------------------ memory

    def _answered(
        self, key: str, make: Callable[[], TrainedModel], *, use_cache: bool
    ) -> tuple[TrainedModel, bool]:
        """Return the model that answers a question, and whether it was trained before."""
        known = self.training_cache.get(key) if use_cache else None
        if known is not None:
            return known, True
        model = make()
        self.training_cache.put(key, model)
        return model, False

    def _load(self, path: Path) -> TrainedModel:
        try:
            stamp = (path / "bundle.json").stat().st_mtime_ns
        except FileNotFoundError:
            return bundles.load(path)  # deleted meanwhile: says so
        return self._loaded.answer((path, stamp), lambda: bundles.load(path))

    def _remember(
        self, key: Hashable, history: PriceHistory, make: Callable[[], Backtest]
    ) -> Backtest:
        """Judge once; the prices of the answer are those just asked about, with their age."""
        return dataclasses.replace(self._judged.answer(key, make), history=history)

    def _one_heavy(self, network: str) -> contextlib.AbstractContextManager[object]:
        """Let one thread at a time fit a heavy baseline, of whatever question."""
        return self._heavy_lock if network in HEAVY else contextlib.nullcontext()


def is_file(coin: str) -> bool:
    """Whether this stands for a kept file rather than for a coin."""
    return coin.startswith(FILE)


def carded(result: Backtest) -> TrainedModel:
    """Return the judged network with its verdict and scores on the card."""
    model = result.model
    if model is None:
        raise InvalidInput("Only a trained network has a card. Received: a baseline.")
    card = dataclasses.replace(
        model.card,
        verdict=result.verdict.sentence,
        scores={name: scores.as_json(steps[-1]) for name, steps in result.scores.items()},
    )
    return dataclasses.replace(model, card=card)


def _prices_key(history: PriceHistory) -> tuple[str, str, str, bool]:
    return history.coin, history.source, history.fingerprint, history.simulated


def _file_key(history: PriceHistory) -> str:
    """Name a file's prices by their candles and all that is said of them.

    The same candles of another coin, or not said to be simulated, are another person's file.
    """
    forecast = (*_prices_key(history), history.volume_unit, *history.notes)
    return hashlib.sha256(repr(forecast).encode()).hexdigest()[:16]


def _baseline_key(history: PriceHistory, spec: ModelSpec) -> tuple[object, ...]:
    """Name a baseline's backtest by what shapes it: no setting of a network does."""
    return _prices_key(history), spec.network, spec.horizon, spec.test, spec.validation


def _heavy(result: Backtest) -> list[ModelSpec]:
    """Return the questions whose answers hold the heavy baselines that a backtest lacks."""
    missing = [name for name in HEAVY if name not in result.forecasts]
    return [dataclasses.replace(result.spec, network=name) for name in missing]


def _model_key(model: TrainedModel) -> tuple[object, ...]:
    return model.spec, model.card.fingerprint, model.card.created


def _size(result: Backtest) -> int:
    def held(forecast: Forecast) -> int:
        return forecast.quantiles.size * 8 + forecast.predicted.size * 16

    return sum(map(held, result.forecasts.values()))


def shared() -> Service:
    """Return the process's one service, set up from the environment."""
    with _ONE_SERVICE:  # whoever asks first, in whatever thread
        return _service()


@functools.cache
def _service() -> Service:
    return Service(Settings.from_environment())


_ONE_SERVICE = threading.Lock()
