"""A tick: the steps that cron, a workflow or the app itself takes again and again.

A step that fails does not stop those after it. A new step is a function in ``STEPS`` that adds to
``Tick`` what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cryptoforecast.service import Service
from cryptoforecast.types.alarms import AlarmRun
from cryptoforecast.types.ledger import Attempt, GradeCounts
from cryptoforecast.types.renewal import RefusedRenewal, Renewal


@dataclass(frozen=True)
class Selection:
    """What a tick forecasts; see ``LedgerService.record``.

    Attributes:
        models: Names of saved models, or of baselines.
        coins: Coins or pairs.
        intervals: Candle lengths.
        predictor: Member of each model's stack.
        prices: ``"live"`` or ``"any"``.
    """

    models: Sequence[str] = ()
    coins: Sequence[str] = ()
    intervals: Sequence[str] = ()
    predictor: str | None = None
    prices: str = "live"


@dataclass
class Tick:
    """What a tick did; a part is empty where its step failed.

    Attributes:
        grades: What became of the forecasts that were due.
        attempts: What became of the forecasts that were to be recorded.
        renewal: What came of renewing the model that has been past its date for longest; ``None``
            if none was. A renewal that is refused, because too little is new, is no failure.
        alarms: What was raised and sent.
        failures: Why a step failed, by its name.
    """

    grades: GradeCounts = field(default_factory=lambda: GradeCounts(0, 0, 0))
    attempts: list[Attempt] = field(default_factory=list)
    renewal: Renewal | RefusedRenewal | None = None
    alarms: AlarmRun = field(default_factory=lambda: AlarmRun((), (), 0, 0, 0))
    failures: dict[str, Exception] = field(default_factory=dict)


Step = Callable[[Service, Selection, Tick], None]


def tick(service: Service, selection: Selection | None = None) -> Tick:
    """Take every step, even if one before it has failed.

    Args:
        service: Does the work.
        selection: What is forecast; by default the models for all coins.

    Returns:
        What was done, and the error of each step that failed.
    """
    result = Tick()
    for name, step in STEPS.items():
        try:
            step(service, selection or Selection(), result)
        except Exception as error:  # not even a fault of ours may stop the later steps
            result.failures[name] = error
    return result


def _grade(service: Service, selection: Selection, result: Tick) -> None:
    del selection
    result.grades = service.ledger.grade()


def _record(service: Service, selection: Selection, result: Tick) -> None:
    result.attempts = service.ledger.record(
        selection.models, selection.coins, selection.intervals,
        predictor=selection.predictor, prices=selection.prices,
    )  # fmt: skip


def _alarm(service: Service, selection: Selection, result: Tick) -> None:
    del selection
    result.alarms = service.alarms.run()


def _renew(service: Service, selection: Selection, result: Tick) -> None:
    del selection
    result.renewal = service.renewals.renew_next()


#: The steps in their order, by their names in messages and JSON. The last one, a training, takes
#: longest.
STEPS: Mapping[str, Step] = {
    "grade": _grade, "record": _record, "alarms": _alarm, "renew": _renew,
}  # fmt: skip
