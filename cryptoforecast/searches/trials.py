"""The trials of a search: ask the study, train, tell the study, until they are used up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from cryptoforecast.errors import Cancelled, CryptoForecastError
from cryptoforecast.evaluation.parts import part
from cryptoforecast.searches.objective import Evaluation
from cryptoforecast.searches.space import Make
from cryptoforecast.searches.study import Proposal, Study
from cryptoforecast.types import ModelSpec, Monitor, Progress, SearchPlan

log = logging.getLogger(__name__)

#: Trains a network with these settings and says what it is worth.
Evaluate = Callable[[ModelSpec, Monitor], Evaluation]
#: Returns the unit in which losses of epochs can be compared; ``None`` where there is none.
Unit = Callable[[ModelSpec], float | None]


class Pruned(Exception):
    """A trial is ended early, because others did better."""


def run(
    study: Study,
    make: Make,
    evaluate: Evaluate,
    unit: Unit,
    plan: SearchPlan,
    monitor: Monitor,
    total: int,
) -> None:
    """Try settings one after another, and record in the study what each was worth.

    Args:
        study: Proposes settings, and remembers them.
        make: Makes the spec of settings.
        evaluate: Trains one, and says what it is worth.
        unit: See ``Unit``.
        plan: How many trials, and for how long.
        monitor: Follows the progress, and may stop the work.
        total: Trainings of the whole search, of which the trials are the first.

    Raises:
        InvalidInput: If the storage can't be used any more.
        Cancelled: If the monitor stopped the work. The trial that ran is repeated on resuming.
    """
    began = time.perf_counter()
    while (number := len(study.trials())) < plan.trials:
        if plan.seconds is not None and time.perf_counter() - began >= plan.seconds:
            break
        if monitor.cancelled():
            raise Cancelled("The search was cancelled.")
        _try(study, study.ask(), make, evaluate, unit, part(monitor, number, total, began))


def _try(
    study: Study,
    proposal: Proposal,
    make: Make,
    evaluate: Evaluate,
    unit: Unit,
    monitor: Monitor,
) -> None:
    """Evaluate one proposal; if it fails, record why."""
    began = time.perf_counter()
    watch = None
    try:
        spec = make(proposal.values)
        watch = Watch(proposal, unit(spec), monitor)
        study.tell(proposal, evaluate(spec, Monitor(watch.report, watch.cancelled)))
    except Pruned:
        study.prune(proposal, watch.epochs if watch else 0, time.perf_counter() - began)
    except Cancelled:
        raise
    except CryptoForecastError as error:
        study.fail(proposal, str(error))
    except Exception as error:  # recorded, shown with the results, and the others go on
        log.exception("A trial failed: %s", proposal.values)
        study.fail(proposal, f"{type(error).__name__}: {error}")


class Watch:
    """Reports the epochs of a trial to its study, and ends the trial where the study says so.

    Attributes:
        epochs: Epochs that were reported.
    """

    def __init__(self, proposal: Proposal, unit: float | None, monitor: Monitor) -> None:
        self.epochs = 0
        self._proposal, self._unit, self._monitor = proposal, unit, monitor
        self._hopeless = False

    def report(self, progress: Progress) -> None:
        """Pass on the progress, and report each new epoch to the study."""
        self._monitor.report(progress)
        if len(progress.curve) <= self.epochs:
            return
        self.epochs = len(progress.curve)
        if self._unit is not None:
            share = progress.curve[-1].val_loss / self._unit
            self._hopeless = self._proposal.report(self.epochs, share)

    def cancelled(self) -> bool:
        """Return whether the user has cancelled.

        Raises:
            Pruned: If the trial is hopeless.
        """
        if self._hopeless:
            raise Pruned
        return self._monitor.cancelled()
