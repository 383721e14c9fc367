"""Global models: one network trained on many coins, and its test on each coin left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from cryptoforecast.errors import Cancelled, InvalidInput
from cryptoforecast.evaluation import coin_board, left_out
from cryptoforecast.learning import global_training, specs, training_cache
from cryptoforecast.service.training import TrainingService
from cryptoforecast.types import (
    UNWATCHED,
    CoinBoard,
    ModelSpec,
    Monitor,
    PriceHistory,
    TrainedModel,
)
from cryptoforecast.workers.engine import Engine
from cryptoforecast.workers.progress import Whole
from cryptoforecast.workers.task import Outcome, Task, name_of
from cryptoforecast.workers.tasks import GlobalTask, LeftOut, LeftOutTask

#: Coins that one model may learn from.
MIN_COINS, MAX_COINS = 2, 200


@dataclass(frozen=True, eq=False)
class GlobalModel:
    """A global model, and how it does on coins that it has not learnt from.

    Attributes:
        model: The network that has learnt from all coins.
        cached: Whether it came from the training cache.
        left_out: For each coin, the test on it of a network that learnt from the others; empty if
            not wanted.
        board: The same as one table; ``None`` if not wanted.
    """

    model: TrainedModel
    cached: bool
    left_out: tuple[LeftOut, ...] = ()
    board: CoinBoard | None = None


def make_spec(interval: str, **changes: object) -> ModelSpec:
    """Return the settings of the shipped global models, with some changed.

    Args:
        interval: Candle length. One without a shipped model has the settings of ``1h``, or of
            ``1d`` if it is longer than a day.
        changes: Fields of ``ModelSpec``; ``None`` keeps the value.

    Raises:
        InvalidInput: If a value breaks a rule.
    """
    long = interval in ("1d", "3d", "1w")
    base = global_training.SPECS["1d" if long else "1h"]
    given = {name: value for name, value in changes.items() if value is not None}
    network = str(given.pop("network", base.network))
    specs.check_network(network)
    preset = {name: getattr(base, name) for name in ("features", "units", "horizon", "validation")}
    return specs.make(network=network, **{**preset, **given})


class GlobalModelService:
    """Trains global models.

    Args:
        training: Has the training cache.
    """

    def __init__(self, training: TrainingService) -> None:
        self._training = training

    def train(
        self,
        histories: Sequence[PriceHistory],
        spec: ModelSpec,
        engine: Engine,
        monitor: Monitor = UNWATCHED,
        *,
        leave_one_out: bool = False,
        use_cache: bool = True,
    ) -> GlobalModel:
        """Train one network on all histories; several trainings at once where there are workers.

        Args:
            histories: Prices of different coins, of one candle length and in one currency.
            spec: Settings of the network. Its ``test`` is the share of a coin that is left out on
                which it is tested.
            engine: Has the workers.
            monitor: Follows the progress of all trainings together, and may stop them.
            leave_one_out: Whether to train and test the recipe without each coin as well. The
                means of these tests are the scores on the card.
            use_cache: Whether cached networks may be used.

        Raises:
            InvalidInput: If the coins or the settings are outside the rules.
            NotEnoughData: If there are too few candles.
            Cancelled: If the monitor stopped the work.
            WorkersUnavailable: If workers are lost or refused.
        """
        check_coins(histories)
        global_training.check(histories, spec)
        global_training.cuts(histories, spec)
        names = {name_of(one): one for one in histories}
        keys = [_key(histories, spec, "")]
        cached = self._cached(keys[0], use_cache=use_cache)
        tasks: list[Task[TrainedModel | LeftOut]] = []
        if cached is None:
            tasks.append(GlobalTask(tuple(names), spec, sum(map(len, histories))))
        for one in histories if leave_one_out else ():
            keys.append(_key(histories, spec, one.coin))
            tasks.append(self._without(one, names, histories, spec, keys[-1], use_cache=use_cache))
        keys = keys if cached is None else keys[1:]
        whole = Whole([task.effort for task in tasks], monitor, engine.size)
        results: dict[int, TrainedModel | LeftOut] = {}
        for outcome in engine.outcomes(iter(tasks), names, whole.of):
            results[outcome.number] = self._take(outcome, keys[outcome.number])
            whole.finish(outcome.number)
        ordered = [results[number] for number in range(len(tasks))]
        tests = tuple(one for one in ordered if isinstance(one, LeftOut))
        models = [one for one in (cached, *ordered) if isinstance(one, TrainedModel)]
        return _result(models[0], tests, cached=cached is not None)

    def _cached(self, key: str, *, use_cache: bool) -> TrainedModel | None:
        return self._training.cache.get(key) if use_cache else None

    def _without(
        self,
        history: PriceHistory,
        names: dict[str, PriceHistory],
        histories: Sequence[PriceHistory],
        spec: ModelSpec,
        key: str,
        *,
        use_cache: bool,
    ) -> LeftOutTask:
        own = name_of(history)
        others = tuple(name for name in names if name != own)
        rows = sum(len(one) for one in histories if one.coin != history.coin)
        return LeftOutTask((own, *others), spec, rows, self._cached(key, use_cache=use_cache))

    def _take(self, outcome: Outcome[TrainedModel | LeftOut], key: str) -> TrainedModel | LeftOut:
        """Keep the network of a task in the cache, and return its result.

        Raises:
            CryptoForecastError: If the task could not be done.
        """
        result = outcome.result
        if result is None:
            raise outcome.error or Cancelled("The work was cancelled.")
        self._training.cache.put(key, result if isinstance(result, TrainedModel) else result.model)
        return result


def check_coins(histories: Sequence[PriceHistory]) -> None:
    """Refuse coins that one model can't learn from.

    Raises:
        InvalidInput: If there are too few or too many, or one comes twice.
    """
    coins = [one.coin for one in histories]
    if not MIN_COINS <= len(coins) <= MAX_COINS or len({*coins}) < len(coins):
        raise InvalidInput(
            f"A global model learns from {MIN_COINS} to {MAX_COINS} different coins. Received: "
            f"{', '.join(coins)!s:.120}."
        )


def _key(histories: Sequence[PriceHistory], spec: ModelSpec, without: str) -> str:
    """Name a training by all prices, and by the coin that is left out, ``""`` for none."""
    facts = [(one.coin, one.source, one.fingerprint) for one in histories]
    return training_cache.key(histories[0], spec, "global", facts, without)


def _result(model: TrainedModel, tests: tuple[LeftOut, ...], *, cached: bool) -> GlobalModel:
    """Put the means of the tests onto the card, and all of them into a table."""
    if not tests:
        return GlobalModel(model, cached)
    scores = [
        {name: dataclasses.asdict(each) for name, each in one.scores.items()} for one in tests
    ]
    spec = model.spec
    card = left_out.card_with_scores(model.card, scores, spec.network, spec.horizon)
    board = coin_board.board({one.coin: one.losses for one in tests})
    return GlobalModel(dataclasses.replace(model, card=card), cached, tests, board)
