"""Renewals: a model is trained on newer prices, and replaced if the new one is not worse."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import pandas as pd

from cryptoforecast.cache import LruCache
from cryptoforecast.errors import (
    Cancelled,
    CryptoForecastError,
    InvalidInput,
    NotAllowed,
    SourceUnavailable,
)
from cryptoforecast.evaluation import left_out, renewal, walk_forward
from cryptoforecast.evaluation.difference_text import difference_text
from cryptoforecast.jobs import Job
from cryptoforecast.learning import bundle_versions, bundles, samples
from cryptoforecast.learning.bundle_versions import MAX_VERSIONS, age_of, short
from cryptoforecast.service import effort, price_choices
from cryptoforecast.service.memory import Memory
from cryptoforecast.service.prices import PriceService
from cryptoforecast.service.saved_models import SavedModelService, with_scores
from cryptoforecast.service.signals import SignalService
from cryptoforecast.service.training import Run, TrainingService
from cryptoforecast.settings import Settings
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    OWNER,
    UNWATCHED,
    ModelCard,
    Monitor,
    PriceHistory,
    SavedModel,
    TrainedModel,
    User,
)
from cryptoforecast.types.expiry import is_expired
from cryptoforecast.types.renewal import ModelVersion, RefusedRenewal, Renewal, RenewalAttempt

__all__ = ["MAX_VERSIONS", "RenewalService", "short"]

#: What the name of a renewed copy of a shipped model ends in, unless another is chosen.
SUFFIX = "-renewed"
#: Time after a renewal until ``renew_next`` tries the same model again.
PAUSE = pd.Timedelta(days=7)
#: Renewals in memory, for those who wait for them.
MAX_RESULTS = 16
_REMEDY = "Choose fewer or longer candles."
# Says of which coins the scores on the card of a renewed global model are.
_NEWER = "that it had learnt from, on newer candles"


class RenewalService:
    """Renewals of saved models, their versions, and the way back.

    Args:
        settings: Where the models are.
        prices: Gives the newest prices.
        training: Trains the challengers.
        saved_models: Holds the models.
        signals: Has the series beside the price that a model may read.
        memory: Into which every comparison must fit.
        remedy: What a user who may not do something can do, in one sentence.
        clock: Returns the time, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        prices: PriceService,
        training: TrainingService,
        saved_models: SavedModelService,
        signals: SignalService,
        memory: Memory,
        remedy: str = "",
        clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now("UTC"),
    ) -> None:
        self._settings, self._remedy = settings, remedy
        self._folder = settings.home / "models"
        self._prices, self._training, self._models = prices, training, saved_models
        self._signals, self._memory, self._clock = signals, memory, clock
        self._results: LruCache[Renewal] = LruCache(MAX_RESULTS)

    # ------------------------------------------------------------------ renewing

    def renew(
        self,
        name: str,
        histories: Sequence[PriceHistory] | None = None,
        monitor: Monitor = UNWATCHED,
        *,
        user: User,
        fresh: bool = False,
        save: str | None = None,
    ) -> Renewal:
        """Train a model on newer prices, and replace the one before if the new one is not worse.

        What is saved is the challenger as it was tested: it has not learnt from the newest
        candles, on which it was compared. See ``evaluation.renewal`` for the test.

        Args:
            name: Name of the saved model.
            histories: The prices of each coin that it learnt from; the newest ones by default.
            monitor: Follows the progress, and may stop the work.
            user: Who renews it; only the owner may.
            fresh: Whether to train from random weights, with all epochs. Else the training goes on
                from the model's weights, with a third of them.
            save: Name of the renewed model. By default it takes the place of the one before; a
                model of the project's own is renewed as a copy.

        Raises:
            NotAllowed: If the user is not the owner.
            UnknownModel: If there is no such model.
            InvalidBundle: If it can't be read.
            AlreadyExists: If the name of the renewed model is taken.
            InvalidInput: If the model, the prices or the name are outside the rules.
            NotEnoughData: If too few candles are new.
            SourceUnavailable: If its prices can't be had.
            Cancelled: If the monitor stopped the work; nothing has changed.
            Changed: If the model was replaced meanwhile, and is left as it is.
        """
        saved = self.check(name, user=user, save=save)
        target, version = _target(saved, save), str(saved.version)
        champion = saved.model
        if histories is None:
            histories = self.newest_prices(champion.card)
        renewal.check(histories, champion.card)
        features = champion.spec.features
        histories = [samples.in_one_unit(self._signals.beside(one, features)) for one in histories]
        challenger, since = self._challenger(histories, champion, monitor, fresh=fresh)
        origins = sum(int((one.candles.index >= since).sum()) for one in histories)
        megabytes = 2 * effort.megabytes_of_test(
            origins, champion.spec.horizon, effort.predictors(champion.spec)
        )
        with self._memory.reserved("A test", megabytes, _REMEDY):
            contest = renewal.compete(histories, champion, challenger, since)
        if monitor.cancelled():
            raise Cancelled("The renewal was cancelled. The model is as it was.")
        challenger = _with_scores(challenger, contest)
        result = _result(saved, version, challenger, contest, fresh=fresh)
        if result.passed:
            self._put(challenger, name, target, version)
            result = dataclasses.replace(result, saved=target)
        result = dataclasses.replace(result, sentence=_sentence(result))
        self._note(name, result.sentence)
        return result

    def check(self, name: str, *, user: User, save: str | None = None) -> SavedModel:
        """Refuse a renewal that can't succeed, before prices are fetched; see ``renew``."""
        if not user.owner:
            raise NotAllowed(
                f"Only the owner of this installation may renew a saved model. Received: {name}. "
                f"{self._remedy}"
            )
        saved = self._models.load(name)
        target = _target(saved, save)
        if target != name:
            self._models.check_free(target, user=user)
        else:
            bundles.check_free(self._folder, name, force=True)
        self._models.check_writable()
        return saved

    def newest_prices(self, card: ModelCard) -> list[PriceHistory]:
        """Return the newest prices of each coin of a model, simulated if it learnt from such.

        Raises:
            SourceUnavailable: If real prices are needed and none can be had.
        """
        markets = card.coins if card.scope == "global" else (card.market,)
        queries = [price_choices.window(market, card.interval) for market in markets]
        if card.simulated:
            return [self._prices.simulated(query) for query in queries]
        return [self._prices.history(query, prices="live") for query in queries]

    def submit(self, name: str, *, user: User, fresh: bool = False) -> Job[Run]:
        """Renew a model in the background; ``result`` then says what came of it.

        Raises:
            NotAllowed: If the user is not the owner.
            InvalidInput: If the model can't be renewed, or the queue is full.
        """
        saved, key = self.check(name, user=user), self.key(name)
        self._training.jobs.forget(key)  # a renewal that has ended can be repeated

        def work(monitor: Monitor) -> Run:
            histories = self.newest_prices(saved.model.card)
            result = self.renew(name, histories, monitor, user=user, fresh=fresh)
            self._results.put(key, result)
            return Run(key, histories[0], saved.model, cached=False)

        return self._training.jobs.submit(key, f"Renewal of {name}", work, user=user)

    def key(self, name: str) -> str:
        """Name the renewal of a model in the background work."""
        return f"renewal-{name}"

    def job(self, name: str) -> Job[Run] | None:
        """Return the background renewal of a model; ``None`` where there is none in memory."""
        return self._training.job(self.key(name))

    def result(self, name: str) -> Renewal | None:
        """Return what came of the last background renewal, ``None`` where it is not in memory."""
        return self._results.get(self.key(name))

    # ------------------------------------------------------------------ versions

    def history(self, name: str) -> list[ModelVersion]:
        """List the versions of a model: the current one, then the stored ones, the newest first.

        Raises:
            UnknownModel: If there is no such model.
            InvalidBundle: If it can't be read.
        """
        shipped = self._models.load(name).shipped
        folder = self._settings.shipped if shipped else self._folder
        return bundle_versions.history(folder, name, shipped=shipped)

    def last_attempt(self, name: str) -> RenewalAttempt | None:
        """Return how the last renewal of a model went; ``None`` where there was none."""
        return bundle_versions.last_attempt(self._folder, name)

    def rollback(self, name: str, to: str | None = None, *, user: User) -> ModelVersion:
        """Let a stored version take the place of the current one, which is stored in turn.

        Args:
            name: Name of the model.
            to: First digits of the version's digest; by default the newest version that was
                trained before the current one.
            user: Who does it; only the owner may.

        Returns:
            The version that is the current one now.

        Raises:
            NotAllowed: If the user is not the owner.
            InvalidInput: If there is no such version.
        """
        if not user.owner:
            raise NotAllowed(
                f"Only the owner of this installation may change a saved model. Received: {name}. "
                f"{self._remedy}"
            )
        current, *others = self.history(name)
        if to is not None:
            chosen = bundle_versions.find([current, *others], to)
            if chosen.current:
                raise InvalidInput(f"{name} is version {short(chosen.version)} already.")
        else:
            earlier = [one for one in others if age_of(one) <= age_of(current)]
            if not earlier:
                raise InvalidInput(
                    f"{name} has no earlier version. A renewal stores the version before it."
                )
            chosen = earlier[0]
        bundle_versions.restore(self._folder, name, chosen.version)
        return self.history(name)[0]

    # ------------------------------------------------------------------ ticks

    def due(self) -> list[str]:
        """Name the models that a tick would renew, the oldest first.

        They are models that were saved here, learnt from real prices, are past their date, and
        were not tried within ``PAUSE``.
        """
        now = self._clock()
        models = [
            one
            for one in self._models.all()
            if not one.shipped
            and not one.card.simulated
            and is_expired(one.card, now)
            and not self._tried_lately(one.name, now)
        ]
        return [one.name for one in sorted(models, key=lambda one: one.card.learnt_until)]

    def renew_next(self, monitor: Monitor = UNWATCHED) -> Renewal | RefusedRenewal | None:
        """Renew the model that has been past its date for longest; ``None`` if none is due.

        A refusal is remembered, so that it is not repeated at every tick.

        Raises:
            SourceUnavailable: If its prices can't be had now.
        """
        names = self.due()
        if not names:
            return None
        try:
            return self.renew(names[0], monitor=monitor, user=OWNER)
        except SourceUnavailable:
            raise
        except CryptoForecastError as error:
            self._note(names[0], str(error))
            return RefusedRenewal(names[0], str(error))

    # ------------------------------------------------------------------ parts

    def _challenger(
        self,
        histories: Sequence[PriceHistory],
        champion: TrainedModel,
        monitor: Monitor,
        *,
        fresh: bool,
    ) -> tuple[TrainedModel, pd.Timestamp]:
        """Train on what is older than the comparison; return the model, and when that begins."""
        spec = champion.spec if fresh else walk_forward.shortened(champion.spec)
        initial = None if fresh else champion
        if champion.card.scope == "global":
            since = renewal.moment(histories, champion.spec, champion.card)
            model = self._training.fit_global(histories, spec, since, monitor, initial)
        else:
            (history,) = histories
            cut = renewal.split(history, champion.spec, champion.card)
            since = history.candles.index[cut.test_start]
            model = self._training.fit(history, spec, cut, monitor, initial)
        card = dataclasses.replace(model.card, guest=champion.card.guest)
        # The number of epochs of a warm start is that of this training alone.
        return dataclasses.replace(model, spec=champion.spec, card=card), since

    def _put(self, challenger: TrainedModel, name: str, target: str, version: str) -> None:
        if target == name:
            bundle_versions.replace(self._folder, name, version, challenger)
        else:
            self._models.add(challenger, target, user=OWNER)

    def _note(self, name: str, sentence: str) -> None:
        now = self._clock().floor("s").isoformat()
        bundle_versions.note_attempt(self._folder, name, RenewalAttempt(now, sentence))

    def _tried_lately(self, name: str, now: pd.Timestamp) -> bool:
        attempt = self.last_attempt(name)
        if attempt is None:
            return False
        try:
            at = pd.Timestamp(attempt.at)
            return bool(pd.Timedelta(0) <= now - at < PAUSE)
        except (ValueError, TypeError):  # no time, or one without its zone
            return False


def _target(saved: SavedModel, save: str | None) -> str:
    """Return the name under which a renewed model is saved."""
    if save is not None:
        return save
    return f"{saved.name}{SUFFIX}" if saved.shipped else saved.name


def _result(
    champion: SavedModel,
    version: str,
    challenger: TrainedModel,
    contest: renewal.Contest,
    *,
    fresh: bool,
) -> Renewal:
    difference = contest.difference
    return Renewal(
        name=champion.name,
        saved=None,
        start="fresh" if fresh else "warm",
        champion=champion.summary,
        challenger=SavedModel(champion.name, False, challenger).summary,
        champion_version=version,
        origins=contest.origins,
        first=contest.first,
        last=contest.last,
        step=challenger.spec.horizon,
        champion_loss=contest.champion_loss,
        challenger_loss=contest.challenger_loss,
        skill=difference.skill,
        low=difference.low,
        high=difference.high,
        margin=renewal.MARGIN,
    )


def _with_scores(challenger: TrainedModel, contest: renewal.Contest) -> TrainedModel:
    """Write the comparison's scores onto the card; of a global model, their mean over its coins."""
    if challenger.card.scope != "global":
        return with_scores(contest.tests[0])
    coins = [
        {name: dataclasses.asdict(steps[-1]) for name, steps in test.scores.items()}
        for test in contest.tests
    ]
    card = left_out.card_with_scores(
        challenger.card, coins, challenger.spec.network, challenger.spec.horizon, _NEWER
    )
    return dataclasses.replace(challenger, card=card)


def _sentence(result: Renewal) -> str:
    """Say what came of a renewal, and why."""
    card = result.challenger.card
    coins = f" of {len(card.coins)} coins" if card.scope == "global" else ""
    noun = INTERVAL_NOUNS[card.interval]
    span = f"over {result.origins:,} {noun}s{coins} that neither had learnt from"
    if math.isnan(result.low):
        return f"Kept: the two could not be compared {span}."
    difference = difference_text(result.skill, result.low, result.high, "before")
    error = f"the band's error of the renewed model is {difference} {span}"
    if result.passed:
        return f"Renewed: {error}."
    return f"Kept: {error}, so it may be worse by {result.margin:.0%} or more."
