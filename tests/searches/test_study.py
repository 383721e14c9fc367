"""Studies: proposals, storage in files and databases, resuming, and what can't be opened."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.searches import space, study
from cryptoforecast.searches.objective import Evaluation
from cryptoforecast.searches.space import Space
from cryptoforecast.searches.study import Study
from tests.searches import making

SPACE = space.parse(
    making.SPACE | {"dropout": {"low": 0.0, "high": 0.5, "step": 0.1}, "features": [["return"]]}
)


@pytest.fixture(params=["journal", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A folder, and the URL of an empty database in SQLite and PostgreSQL."""
    if request.param == "journal":
        return tmp_path / "searches"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/search.sqlite"
    make: Callable[[], str] = request.getfixturevalue("new_database")
    return make()


_OPENED: list[Study] = []


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    while _OPENED:
        _OPENED.pop().close()


def open_study(storage: Path | str, key: str, chosen: Space, **options: Any) -> Study:
    """Open a study until the end of the test."""
    _OPENED.append(study.open_study(storage, key, chosen, **options))
    return _OPENED[-1]


def worth(values: object) -> float:
    """A loss that depends on the settings alone, lowest at a learning rate of 0.01."""
    assert isinstance(values, dict)
    return abs(math.log10(values["learning_rate"]) + 2) + 0.01 * len(values["units"])


def go_on(opened: Study, until: int) -> None:
    """Evaluate proposals until so many trials have ended."""
    while len(opened.trials()) < until:
        proposal = opened.ask()
        opened.tell(proposal, Evaluation(worth(dict(proposal.values)), 2, 0.5))


def test_a_resumed_study_proposes_what_it_would_have_anyway(storage: Path | str, tmp_path) -> None:
    whole = open_study(tmp_path / "whole", "key", SPACE, seed=3)
    go_on(whole, 14)
    parted = open_study(storage, "key", SPACE, seed=3)
    go_on(parted, 12)
    parted.ask()  # the process ends while this one runs
    resumed = open_study(storage, "key", SPACE, seed=3, resume=True)
    assert resumed.name == "key-1"
    assert len(resumed.trials()) == 12
    go_on(resumed, 14)
    assert resumed.trials() == whole.trials()
    assert [each.number for each in resumed.trials()] == [*range(1, 15)]
    assert resumed.importances() == whole.importances()
    assert next(iter(whole.importances())) == "learning_rate"
    best = min(whole.trials(), key=lambda each: each.loss)
    assert 0.003 < best.values["learning_rate"] < 0.03  # type: ignore[operator]
    again = open_study(storage, "key", SPACE, seed=3)
    assert (again.name, again.is_new, again.trials()) == ("key-2", True, ())
    assert open_study(storage, "other", SPACE, resume=True).name == "other-1"


def test_a_proposal_that_was_half_written_is_made_again(
    storage: Path | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = open_study(tmp_path / "whole", "key", SPACE, seed=3)
    go_on(whole, 6)
    parted = open_study(storage, "key", SPACE, seed=3)
    go_on(parted, 3)
    distributions = study._distributions
    with monkeypatch.context() as patch:
        two = lambda space: dict([*distributions(space).items()][:2])  # noqa: E731
        patch.setattr(study, "_distributions", two)
        parted.ask()  # the process ends when two of the settings are written
    resumed = open_study(storage, "key", SPACE, seed=3, resume=True)
    go_on(resumed, 6)
    assert resumed.trials() == whole.trials()


def test_values_come_back_as_they_are_meant(tmp_path: Path) -> None:
    opened = open_study(tmp_path, "key", SPACE)
    for _ in range(8):
        proposal = opened.ask()
        values = proposal.values
        assert values["units"] in ((2,), (4,), (8,))
        assert values["features"] == ("return",)
        assert type(values["lookback"]) is int
        assert values["dropout"] in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
        assert float(f"{values['learning_rate']:.3g}") == values["learning_rate"]
        opened.tell(proposal, Evaluation(1.0, 1, 1.0))
    assert opened.importances() == {}  # too few trials to say anything


def test_the_settings_of_a_default_are_tried_first(tmp_path: Path) -> None:
    opened = open_study(tmp_path, "key", SPACE)
    first = {"units": (4,), "lookback": 8, "learning_rate": 0.004, "dropout": 0.2}
    opened.suggest(first | {"features": ("return",)})
    assert opened.ask().values == first | {"features": ("return",)}


def test_failed_and_pruned_trials_are_told_with_their_reason(tmp_path: Path) -> None:
    opened = open_study(tmp_path, "key", SPACE)
    opened.fail(opened.ask(), "It has no inputs.")
    opened.prune(opened.ask(), 5, 1.5)
    opened.tell(opened.ask(), Evaluation(math.nan, 1, 1.0))
    first, second, third = opened.trials()
    assert (first.state, first.reason) == ("failed", "It has no inputs.")
    assert (second.state, second.epochs, second.seconds) == ("pruned", 5, 1.5)
    assert (third.state, third.reason) == ("failed", "Its loss is nan.")


def test_a_trial_above_the_median_of_the_others_is_ended(tmp_path: Path) -> None:
    opened = open_study(tmp_path, "key", SPACE)
    for loss in (0.9, 0.92, 0.94, 0.96, 0.98):
        proposal = opened.ask()
        assert not any(proposal.report(epoch, loss) for epoch in range(1, 10))
        opened.tell(proposal, Evaluation(loss, 9, 1.0))
    worse, better = opened.ask(), opened.ask()
    assert [worse.report(epoch, 0.97) for epoch in range(1, 7)] == [False] * 3 + [True] * 3
    assert not any(better.report(epoch, 0.91) for epoch in range(1, 7))


def test_a_line_that_a_kill_has_cut_is_dropped(tmp_path: Path) -> None:
    opened = open_study(tmp_path, "key", SPACE)
    go_on(opened, 3)
    (path,) = tmp_path.glob("*.journal")
    with path.open("ab") as file:
        file.write(b'{"op_code": 5, "worker')
    resumed = open_study(tmp_path, "key", SPACE, resume=True)
    assert resumed.trials() == opened.trials()
    go_on(resumed, 5)
    assert len(open_study(tmp_path, "key", SPACE, resume=True).trials()) == 5


def test_old_journals_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def numbers() -> list[str]:
        return sorted(path.stem.removeprefix("key-") for path in tmp_path.glob("*.journal"))

    monkeypatch.setattr(study, "MAX_JOURNALS", 3)
    for _ in range(5):
        go_on(open_study(tmp_path, "key", SPACE), 1)
    assert numbers() == ["3", "4", "5"]
    # One that is resumed is one of them.
    go_on(open_study(tmp_path, "key", SPACE, resume=True), 2)
    assert numbers() == ["3", "4", "5"]
    # Where there is room, none is deleted, also where more than half of it is taken.
    monkeypatch.setattr(study, "MAX_JOURNALS", 7)
    for _ in range(3):
        go_on(open_study(tmp_path, "key", SPACE), 1)
    assert numbers() == ["3", "4", "5", "6", "7", "8"]


@pytest.mark.parametrize(
    ("storage", "words"),
    [
        ("mysql://me:secret@host/db", "sqlite:///PATH or postgresql://"),
        ("postgresql://me:secret@127.0.0.1:9/none?connect_timeout=2", "can't be used"),
        ("sqlite:////proc/none/search.sqlite", "can't be used"),
        (Path("/proc/none"), "can't be used"),
    ],
)
def test_a_storage_that_cannot_be_used_is_refused(storage: Path | str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_study(storage, "key", SPACE)
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


def test_where_optuna_is_absent_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(InvalidInput, match=r'pip install "cryptoforecast\[search\]"'):
        open_study("sqlite://", "key", SPACE)
