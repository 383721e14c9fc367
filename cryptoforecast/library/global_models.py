"""Global models of the library: one network that learns from many coins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptoforecast.library.models import Model
from cryptoforecast.library.prices import Prices, history_of
from cryptoforecast.service import global_models, shared
from cryptoforecast.service.workers import open_engine
from cryptoforecast.types import UNWATCHED, Monitor, Progress


def train_global(
    prices: Sequence[Prices],
    network: str = "lstm",
    *,
    leave_one_out: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[Progress], None] | None = None,
    cache: bool = True,
    **spec: object,
) -> Model:
    """Train one network on the prices of many coins, as the shipped global models were.

    It learns from every candle, so that nothing is left to test it on. ``leave_one_out`` tests
    the recipe: for each coin a network learns from the other coins alone, from the months before
    this coin's last fifth, and forecasts that fifth.

    Args:
        prices: Prices of two or more different coins, of one candle length and in one currency.
        network: ``"lstm"`` or ``"dense"``.
        leave_one_out: Whether to test the recipe. Its mean scores are then on the card.
        workers: Processes of this machine, each with one thread, that train at once.
        scheduler: Address of a Dask scheduler, such as ``"tcp://host:8786"``, whose workers do
            that in place of ``workers``.
        progress: Called repeatedly with a ``Progress`` of all trainings together.
        cache: Whether the same trainings, done before on the same prices, may be used again.
        spec: Settings of ``cryptoforecast.types.ModelSpec`` to change, such as ``horizon=24`` or
            ``units=(64,)``. The others are those of the shipped global model of this candle
            length.

    Returns:
        The network. It forecasts any coin.

    Raises:
        InvalidInput: If coins or settings are outside the rules.
        NotEnoughData: If there are too few candles.
        WorkersUnavailable: If workers are lost or refused.

    Example:
        >>> import cryptoforecast as cf
        >>> span = {"start": "2024-01-01", "end": "2024-03-01", "simulated": "only"}
        >>> prices = [cf.fetch(coin, **span) for coin in ("BTC", "ETH")]
        >>> cf.train_global(prices, "dense", epochs=1, units=(4,), horizon=2, lookback=5)
        Model(not saved, dense, any 1h simulated, 2 steps, reads 172 candles)
    """
    histories = [history_of(one) for one in prices]
    global_models.check_coins(histories)
    changes = {name: tuple(x) if isinstance(x, list) else x for name, x in spec.items()}
    settings = global_models.make_spec(histories[0].interval, network=network, **changes)
    monitor = UNWATCHED if progress is None else Monitor(progress)
    with open_engine(workers, scheduler) as engine:
        result = shared().global_models.train(
            histories, settings, engine, monitor, leave_one_out=leave_one_out, use_cache=cache
        )
    return Model(result.model)
