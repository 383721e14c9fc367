"""What a user can choose from, and the rules of each choice.

The pages, the API and the command line take names, limits and checks from here, so that all of
them offer the same and refuse the same in the same words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation.anomalies import check as check_alarms
from cryptoforecast.evaluation.anomalies import choices as alarm_choices
from cryptoforecast.evaluation.anomalies import usual as usual_alarms
from cryptoforecast.evaluation.comparison import min_origins
from cryptoforecast.evaluation.leaderboard import METRICS, check_metric
from cryptoforecast.evaluation.saved_spans import check_shares, first_start
from cryptoforecast.evaluation.walk_forward import check as check_plan
from cryptoforecast.evaluation.walk_forward import folds_every
from cryptoforecast.forecasting.baselines import BASELINES, HEAVY
from cryptoforecast.forecasting.probability import MAX_LEVELS, ladder, round_step
from cryptoforecast.forecasting.probability import check as check_levels
from cryptoforecast.forecasting.stack import NAME as STACK
from cryptoforecast.learning import preset_files
from cryptoforecast.learning.features import FEATURES, has_volume
from cryptoforecast.learning.keras_files import FORMATS, check_format
from cryptoforecast.learning.preset_files import text as preset_text
from cryptoforecast.learning.samples import candles_needed
from cryptoforecast.learning.specs import (
    BOUNDS,
    LOSSES,
    NETWORKS,
    PRESET_HELP,
    PRESETS,
    SCHEDULES,
    TARGETS,
    TRAININGS,
    UNITS,
    check_network,
    is_network,
)
from cryptoforecast.learning.specs import make as make_spec
from cryptoforecast.learning.specs import with_inputs as add_inputs
from cryptoforecast.service.price_choices import (
    ASSIGNABLE,
    COINS,
    REPAIRS,
    TIME_RULE,
    Corrections,
    base_interval,
    check_coin_of_file,
    check_interval,
    check_repairs,
    parse_time,
    repairable,
    resolve,
    window,
)
from cryptoforecast.types import (
    ModelCard,
    ModelSpec,
    PriceHistory,
    TrainedModel,
    is_signal,
    signal_name,
)
from cryptoforecast.types.quotes import market_name

__all__ = [
    "ASSIGNABLE",
    "BASELINES",
    "BOUNDS",
    "COINS",
    "CUTOFF",
    "FEATURES",
    "FORMATS",
    "HEAVY",
    "LOSSES",
    "MAX_LEVELS",
    "METRICS",
    "NETWORKS",
    "PREDICTORS",
    "PRESETS",
    "PRESET_HELP",
    "REPAIRS",
    "SCHEDULES",
    "TARGETS",
    "TIME_RULE",
    "TRAININGS",
    "UNITS",
    "Corrections",
    "alarm_choices",
    "base_interval",
    "candles_needed",
    "check_alarms",
    "check_board",
    "check_coin_of_file",
    "check_format",
    "check_interval",
    "check_levels",
    "check_metric",
    "check_network",
    "check_plan",
    "check_repairs",
    "check_shares",
    "check_signals",
    "default_coin",
    "folds_every",
    "has_volume",
    "is_network",
    "ladder",
    "make_spec",
    "min_origins",
    "of_preset",
    "parse_since",
    "parse_time",
    "preset_text",
    "repairable",
    "resolve",
    "round_step",
    "since_training",
    "unused_settings",
    "usual_alarms",
    "window",
    "with_inputs",
]

#: What may make a forecast: a stack, its network, or a baseline.
PREDICTORS = (STACK, *NETWORKS, *BASELINES)

#: Settings that shape the test of a baseline; all others are those of networks.
_OF_BASELINES = ("network", "horizon", "test", "validation")

#: Stands for the last candle that a saved model saw, where a time could stand.
CUTOFF = "cutoff"


def check_board(spec: ModelSpec, step: int | None, against: str | None) -> None:
    """Refuse a leaderboard that a test could not have, before the test.

    Args:
        spec: What is tested.
        step: Step of the horizon; ``None`` for the last.
        against: Name of the reference; ``None`` for the last price.

    Raises:
        InvalidInput: If there is no such step or predictor.
    """
    if step is not None and not 1 <= step <= spec.horizon:
        raise InvalidInput(f"`step` must be 1 to the horizon, {spec.horizon}. Received: {step}.")
    names = (*BASELINES, *((spec.network, STACK) if is_network(spec) else ()))
    if against is not None and against not in names:
        raise InvalidInput(
            f"`against` must be one of {', '.join(names)}. Received: {against!r:.60}."
        )


def check_signals(
    network: str, signals: Collection[str], rule: str = "`signals` must be left out"
) -> None:
    """Refuse signals for a baseline, which reads prices alone.

    Args:
        network: Kind of the network, or name of the baseline.
        signals: Names of the signals.
        rule: How the error message begins: what must be true of the field that names them.

    Raises:
        InvalidInput: If there are any, and it is a baseline.
    """
    if signals and network in BASELINES:
        raise InvalidInput(
            f"{rule} for a baseline, which reads prices alone. Received: {', '.join(signals)} for "
            f"{network}. Leave them out, or choose a network ({' or '.join(NETWORKS)})."
        )


def with_inputs(spec: ModelSpec, names: Iterable[str]) -> ModelSpec:
    """Add inputs, such as those of signals, to those that a network reads.

    Raises:
        InvalidInput: If one is unknown, or a baseline is to read a signal.
    """
    names = tuple(names)
    check_signals(spec.network, [signal_name(name) for name in names if is_signal(name)])
    chosen = [name for name in spec.features if is_signal(name)]
    check_signals(spec.network, chosen, "`features` must be without signals")
    return add_inputs(spec, names)


def unused_settings(network: str | None, settings: Iterable[str]) -> list[str]:
    """Return which settings change nothing for a baseline; none for a network."""
    if network not in BASELINES:
        return []
    return [name for name in settings if name not in _OF_BASELINES]


def of_preset(preset: str, network: str | None) -> dict[str, object]:
    """Return what a preset sets, for ``make_spec``: one by its name, or a file of one.

    Args:
        preset: Name of a preset, or the path of a file that ``search`` has written.
        network: The network that the user has chosen; ``None`` for that of the file.

    Raises:
        InvalidInput: If the file is no preset.
    """
    if not preset.lower().endswith(".json"):
        return {"preset": preset, **({} if network is None else {"network": network})}
    settings = preset_files.read(Path(preset))
    return settings if network is None else {**settings, "network": network}


def parse_since(since: str | date, card: ModelCard) -> pd.Timestamp:
    """Read the time from which a saved model is tested.

    Args:
        since: A time, see ``parse_time``, or ``"cutoff"`` for the candles after the last one that
            the model saw.
        card: Card of the model.

    Returns:
        The time, UTC.

    Raises:
        ValueError: If it is neither.
    """
    if since == CUTOFF:
        return pd.Timestamp(card.cutoff).tz_convert("UTC") + pd.Timedelta(1, "ns")
    return parse_time(since)


def since_training(history: PriceHistory, model: TrainedModel) -> pd.Timestamp:
    """Return the time, UTC, from which a saved model is tested on prices that it has not seen.

    That is just after its cutoff, or later where baselines need earlier candles to be fitted on.
    """
    return max(parse_since(CUTOFF, model.card), first_start(history, model.spec))


def default_coin(card: ModelCard) -> str:
    """Return the coin or pair that a saved model forecasts unless the user chooses another."""
    return "BTC" if card.coin == "any" else market_name(card.coin, card.quote)
