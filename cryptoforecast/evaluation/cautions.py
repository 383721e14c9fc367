"""What makes a forecast or a test less trustworthy than it looks, in sentences."""

from __future__ import annotations

import pandas as pd

from cryptoforecast.types import ModelCard, PriceHistory, TrainedModel


def of_prices(history: PriceHistory) -> tuple[str, ...]:
    """Say what to beware of in any forecast from these prices."""
    found = []
    if history.simulated:
        found.append("These prices are simulated: nothing here says anything of a real market.")
    # A candle is labelled by its open and closes one interval later.
    age = history.fetched_at - (history.end + history.step)
    if age > 2 * history.step:
        found.append(f"The last candle closed {_duration(age)} before the prices were read.")
    return tuple(found)


def of_forecast(history: PriceHistory, model: TrainedModel) -> tuple[str, ...]:
    """Say what to beware of in this model's forecast from the last candle."""
    card, found = model.card, list(of_prices(history))
    close = float(history.candles["close"].iloc[-1])
    for beyond, word in ((close / card.highest - 1, "above"), (1 - close / card.lowest, "below")):
        if model.spec.target == "price" and beyond > 0:
            found.append(
                f"The last close is {100 * beyond:.1f} % {word} anything seen in training."
            )
    return (*found, *of_origin(history, card))


def of_origin(history: PriceHistory, card: ModelCard) -> tuple[str, ...]:
    """Say where a model learnt from other prices than these."""
    found = []
    if card.interval != history.interval:
        found.append(f"This model learnt from {card.interval} candles, not {history.interval}.")
    if card.coin not in ("any", history.coin):
        found.append(f"This model learnt from {card.coin}, not {history.coin}.")
    if card.simulated != history.simulated:
        was, now = ("simulated", "real") if card.simulated else ("real", "simulated")
        found.append(f"This model learnt from {was} prices; these are {now}.")
    return tuple(found)


def _duration(span: pd.Timedelta) -> str:
    hours = span / pd.Timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
