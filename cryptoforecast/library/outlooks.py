"""Forecasts of the library by name: of a saved model, or of a baseline that is fitted first."""

from __future__ import annotations

from collections.abc import Iterable

from cryptoforecast.errors import InvalidInput, UnknownModel
from cryptoforecast.library.forecasts import Forecast, probabilities
from cryptoforecast.library.models import Model, load
from cryptoforecast.library.prices import Prices, history_of
from cryptoforecast.library.signals import Signals, inputs
from cryptoforecast.service import choices, shared
from cryptoforecast.service.outlooks import Question
from cryptoforecast.types import signal_name


def forecast(
    prices: Prices,
    model: str | Model,
    *,
    horizon: int | None = None,
    above: float | Iterable[float] = (),
    below: float | Iterable[float] = (),
    touch: float | Iterable[float] = (),
    signals: Signals = (),
) -> Forecast:
    """Forecast the steps after the last closed candle, with a saved model or a baseline.

    Args:
        prices: Prices; a baseline is fitted on all of them.
        model: The name of a saved model; a ``Model``; or a baseline such as ``"har"``.
        horizon: Steps of a baseline, 1 by default. A model has its own.
        above: Levels to end above; see ``Model.forecast``.
        below: Levels to end below.
        touch: Levels to touch.
        signals: Signals of yours that a network reads beside the price; see ``signal``.

    Returns:
        The forecast, with its band and its warnings.

    Raises:
        UnknownModel: If there is no such model or baseline.
        InvalidInput: If ``prices`` are not ``Prices``, or an argument is outside the rules.
        NotEnoughData: If there are too few candles.
        InvalidBundle: If the saved model can't be read.
        SourceUnavailable: If a signal that the model reads can't be had.

    Example:
        >>> import cryptoforecast as cf
        >>> prices = cf.fetch("BTC", start="2024-01-01", end="2024-03-01", simulated="only")
        >>> len(cf.forecast(prices, "har", horizon=24))
        24
    """
    history = history_of(prices)
    if isinstance(model, str) and _is_baseline(model, horizon):
        choices.check_signals(model, [signal_name(name) for name in inputs(signals)])
        steps = shared().forecasts.of_baseline(history, model, horizon or 1)
        return Forecast(steps, None, *probabilities(steps, above, below, touch))
    network = chosen(model, f"a baseline ({', '.join(choices.BASELINES)})")
    if horizon not in (None, network.spec.horizon):
        raise InvalidInput(
            f"`horizon` must be {network.spec.horizon}, as the model was trained. Received: "
            f"{horizon!r:.40}. Leave it out."
        )
    return network.forecast(prices, above, below, touch, signals=signals)


def chosen(model: object, others: str) -> Model:
    """Return a model, or the saved one of this name.

    Args:
        model: A ``Model`` or a name.
        others: What else a name may be, in words.

    Raises:
        UnknownModel: If there is no saved model of this name.
        InvalidInput: If it is neither a ``Model`` nor a name.
        InvalidBundle: If the saved model can't be read.
    """
    if isinstance(model, Model):
        return model
    if not isinstance(model, str):
        raise InvalidInput(
            f"`model` must be a name or a Model. Received: {type(model).__name__}. Use one of "
            f"models(), or the name of {others}."
        )
    try:
        return load(model)
    except UnknownModel as error:
        raise UnknownModel(f"{error} `model` may also be {others}.", error.name) from error


def _is_baseline(name: str, horizon: int | None) -> bool:
    """Return whether a name is that of a baseline, and not of a saved model.

    Raises:
        InvalidInput: If it is one, and cannot forecast so many steps.
    """
    if name not in choices.BASELINES:
        return False
    if not isinstance(horizon, int | None):
        raise InvalidInput(f"`horizon` must be a whole number. Received: {horizon!r:.40}.")
    return shared().outlooks.check(name, Question(horizon=horizon)) is None
