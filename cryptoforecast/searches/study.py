"""The study behind a search: Optuna proposes settings, and its storage survives the process.

This is the only module of the search that imports Optuna, and it does so when it is first used. The
sampler is TPE (Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"). It gets a seed
of its own for each proposal, so a search that was interrupted and resumed proposes the same
settings as one that was not.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cryptoforecast.errors import InvalidInput
from cryptoforecast.searches.objective import Evaluation
from cryptoforecast.searches.space import Choice, Range, Space
from cryptoforecast.types import Trial, TrialState

if TYPE_CHECKING:
    import optuna

#: Trials before TPE and before the pruner begin, and epochs before which no trial is ended.
STARTUP_TRIALS, STARTUP_PRUNER, MIN_EPOCHS = 10, 5, 4
#: Complete trials below which nothing is said about the importance of settings.
MIN_IMPORTANCE = 10
#: How a journal's file name ends, and how many journals a folder has, at most.
JOURNAL, MAX_JOURNALS = ".journal", 50
_SECONDS, _EPOCHS, _REASON = "seconds", "epochs", "reason"
_URLS = ("sqlite:///", "postgresql://", "postgresql+psycopg://")


class Proposal:
    """Settings that a study proposes to try.

    Attributes:
        values: The settings, by name.
    """

    def __init__(self, trial: optuna.Trial, values: Mapping[str, object]) -> None:
        self.values = values
        self._trial = trial

    def report(self, epoch: int, loss: float) -> bool:
        """Report the loss after an epoch; return whether the trial should end.

        It should if the best loss so far is above the median of the earlier trials at this epoch.
        """
        self._trial.report(loss, epoch)
        return self._trial.should_prune()


@dataclass(frozen=True, eq=False)
class Study:
    """One study: what was tried, and what to try next.

    Proposals may be evaluated by several workers at once: each is told when it is done.

    Attributes:
        name: Its name in the storage.
        space: What it chooses among.
        seed: Seed of its proposals.
    """

    name: str
    space: Space
    seed: int
    _study: optuna.Study
    _storage: optuna.storages.BaseStorage

    def close(self) -> None:
        """Close the connections to its storage."""
        import optuna

        if isinstance(self._storage, optuna.storages.RDBStorage):
            self._storage.remove_session()
            self._storage.engine.dispose()

    def ask(self) -> Proposal:
        """Return the next settings to try.

        Raises:
            InvalidInput: If the storage can't be used any more.
        """
        import optuna

        with failures(self.name):
            number = len(self._trials())
            self._study.sampler = optuna.samplers.TPESampler(
                seed=self.seed + number, n_startup_trials=STARTUP_TRIALS
            )
            trial = self._study.ask(_distributions(self.space))
            return Proposal(trial, self._decoded(trial.params))

    def tell(self, proposal: Proposal, evaluation: Evaluation) -> None:
        """Record what a proposal was worth."""
        if not math.isfinite(evaluation.loss):
            self.fail(proposal, f"Its loss is {evaluation.loss}.")
            return
        with failures(self.name):
            proposal._trial.set_user_attr(_SECONDS, evaluation.seconds)
            proposal._trial.set_user_attr(_EPOCHS, evaluation.epochs)
            self._study.tell(proposal._trial, evaluation.loss)

    def prune(self, proposal: Proposal, epochs: int, seconds: float) -> None:
        """Record that a proposal was ended early, because others did better."""
        from optuna.trial import TrialState

        with failures(self.name):
            proposal._trial.set_user_attr(_SECONDS, seconds)
            proposal._trial.set_user_attr(_EPOCHS, epochs)
            self._study.tell(proposal._trial, state=TrialState.PRUNED)

    def fail(self, proposal: Proposal, reason: str) -> None:
        """Record that a proposal can't be evaluated, and why."""
        from optuna.trial import TrialState

        with failures(self.name):
            proposal._trial.set_user_attr(_REASON, reason)
            self._study.tell(proposal._trial, state=TrialState.FAIL)

    def suggest(self, values: Mapping[str, object]) -> None:
        """Let these settings be the next proposal."""
        with failures(self.name):
            self._study.enqueue_trial({name: _encoded(value) for name, value in values.items()})

    def trials(self) -> tuple[Trial, ...]:
        """Return the trials that have ended, in the order of their start."""
        return tuple(
            self._trial_value(number, each)
            for number, each in enumerate(self._trials(), start=1)
            if each.state.is_finished()
        )

    def importances(self) -> dict[str, float]:
        """Return the share of the spread of losses that each setting explains, the largest first.

        The method is Optuna's: PED-ANOVA (Watanabe et al. 2023).
        """
        import optuna

        complete = [each for each in self.trials() if each.state == "complete"]
        if len(complete) < MIN_IMPORTANCE or len({each.loss for each in complete}) == 1:
            return {}
        importances = optuna.importance.get_param_importances(self._study)
        return {name: float(share) for name, share in importances.items()}

    def recover(self) -> None:
        """Propose again the trials that ran when the process of a resumed study ended."""
        from optuna.trial import TrialState

        with failures(self.name):
            for trial in self._study.get_trials(states=(TrialState.RUNNING,)):
                self._study.tell(trial.number, state=TrialState.FAIL)
                settings = trial.system_attrs.get("fixed_params")
                if settings is None and {*trial.params} == {*self.space}:
                    settings = trial.params
                if settings is not None:  # else half written: its seed proposes it again
                    self._study.enqueue_trial(settings)

    @property
    def is_new(self) -> bool:
        """Whether nothing was proposed yet."""
        with failures(self.name):
            return not self._study.get_trials(deepcopy=False)

    def _trials(self) -> list[optuna.trial.FrozenTrial]:
        """Return the trials of the storage, without those that wait or were interrupted.

        A trial that failed by itself has a reason; one that was interrupted has none.
        """
        from optuna.trial import TrialState

        with failures(self.name):
            return [
                each
                for each in self._study.get_trials(deepcopy=False)
                if each.state != TrialState.WAITING
                and (each.state != TrialState.FAIL or _REASON in each.user_attrs)
            ]

    def _trial_value(self, number: int, trial: optuna.trial.FrozenTrial) -> Trial:
        facts, state = trial.user_attrs, _STATES[trial.state.name]
        return Trial(
            number=number,
            state=state,
            values=self._decoded(trial.params),
            loss=float(trial.values[0]) if state == "complete" else math.nan,
            seconds=float(facts.get(_SECONDS, 0.0)),
            epochs=int(facts.get(_EPOCHS, 0)),
            reason=str(facts.get(_REASON, "")),
        )

    def _decoded(self, params: Mapping[str, object]) -> dict[str, object]:
        return {name: _decoded(self.space[name], value) for name, value in params.items()}


_STATES: dict[str, TrialState] = {
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
}


def open_study(
    storage: Path | str, key: str, space: Space, *, seed: int = 0, resume: bool = False
) -> Study:
    """Begin a study, or go on with the latest one of the same key.

    Args:
        storage: A folder for a journal file, or the URL of a database: ``sqlite:///PATH`` or
            ``postgresql://…``.
        key: Names the prices, the settings and the space.
        space: What to choose among.
        seed: Seed of the proposals.
        resume: Whether to go on with the latest study. Where there is none, a new one begins.

    Raises:
        InvalidInput: If Optuna is not installed, or the storage can't be used.
    """
    check_installed()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = optuna.pruners.MedianPruner(STARTUP_PRUNER, n_warmup_steps=MIN_EPOCHS)
    with failures(_shown(storage)):
        if isinstance(storage, Path):
            storage.mkdir(parents=True, exist_ok=True)
            names = [each.name.removesuffix(JOURNAL) for each in storage.glob(f"*{JOURNAL}")]
            name = _name(key, names, resume)
            backend: optuna.storages.BaseStorage = _journal(storage, name)
        else:
            backend = optuna.storages.RDBStorage(_checked(storage))
            name = _name(key, optuna.get_all_study_names(backend), resume)
        study = optuna.create_study(
            storage=backend, study_name=name, load_if_exists=resume, pruner=pruner
        )
    result = Study(name, space, seed, study, backend)
    if resume:
        result.recover()
    return result


def check_installed() -> None:
    """Refuse a search where Optuna is not installed.

    Raises:
        InvalidInput: If it is not.
    """
    if find_spec("optuna") is None:
        raise InvalidInput(
            "A search for settings needs Optuna, which is not installed. Install it with "
            'pip install "cryptoforecast[search]".'
        )


@contextlib.contextmanager
def failures(name: str) -> Iterator[None]:
    """Turn failures of a storage into an error of ours, which shows no password.

    Raises:
        InvalidInput: If the storage can't be used.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OSError, ImportError, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        reason = next(iter(str(error.__cause__ or error).strip().splitlines()), "")
        raise InvalidInput(
            f"The storage of the search can't be used. Received: {name:.200} "
            f"({_without_password(reason):.200}). Look at its address and its rights."
        ) from error


def _name(key: str, names: list[str], resume: bool) -> str:
    """Return the name of the latest study of a key to resume it, or else the next free name."""
    pattern = re.compile(rf"{re.escape(key)}-(\d+)")
    numbers = [int(match[1]) for name in names if (match := pattern.fullmatch(name))]
    latest = max(numbers, default=0)
    return f"{key}-{max(latest, 1) if resume else latest + 1}"


def _journal(folder: Path, name: str) -> optuna.storages.BaseStorage:
    """Open the journal of a study, without a line that a killed process has begun."""
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage

    path = folder / f"{name}{JOURNAL}"
    others = [each for each in folder.glob(f"*{JOURNAL}") if each != path]
    oldest_first = sorted(others, key=lambda each: each.stat().st_mtime)
    for each in oldest_first[: max(0, len(others) - MAX_JOURNALS + 1)]:
        each.unlink(missing_ok=True)
    if path.exists():
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(content.rfind(b"\n") + 1)
    # Links, Optuna's other way to lock, need special rights on Windows.
    return JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))


def _checked(url: str) -> str:
    """Return the URL of a database, with the driver that is installed.

    Raises:
        InvalidInput: If it is none.
    """
    if not url.startswith(_URLS):
        raise InvalidInput(
            "A search is stored in sqlite:///PATH or postgresql://…. Received: "
            f"{_without_password(url)!r:.200}. Leave it out for a file in the home folder."
        )
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _shown(storage: Path | str) -> str:
    return _without_password(str(storage))


def _without_password(text: str) -> str:
    return re.sub(r"://[^@/\s]*@", "://***@", text)


def _distributions(space: Space) -> dict[str, optuna.distributions.BaseDistribution]:
    return {name: _distribution(each) for name, each in space.items()}


def _distribution(dimension: Choice | Range) -> optuna.distributions.BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choice):
        return CategoricalDistribution([_encoded(each) for each in dimension.values])
    low, high, step = dimension.low, dimension.high, dimension.step
    if step is not None:
        high = low + math.floor((high - low) / step + 1e-9) * step
    if dimension.whole:
        whole = 1 if step is None else int(step)
        return IntDistribution(int(low), int(high), log=dimension.log, step=whole)
    return FloatDistribution(low, high, log=dimension.log, step=step)


def _encoded(value: object) -> str | float | int | bool | None:
    """Write a value so that Optuna can store it: a tuple becomes a text."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value  # type: ignore[return-value]


def _decoded(dimension: Choice | Range, value: object) -> object:
    if isinstance(dimension, Choice):
        return next(each for each in dimension.values if _encoded(each) == value)
    if not isinstance(value, float):
        return value
    if dimension.step is not None:
        return round(value, 10)  # 0.3 for 0.30000000000000004
    # More digits would tell nothing, and be long to copy.
    return min(max(float(f"{value:.3g}"), dimension.low), dimension.high)
