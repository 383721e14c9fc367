"""Better settings on the Backtest page: the offer, the verdict first, the winner in the form."""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.cli import options
from cryptoforecast.jobs import Job
from cryptoforecast.service import Run, choices, searches, shared
from cryptoforecast.types import OWNER, Search, SearchPlan, TeamProgress
from cryptoforecast.ui import better_settings, drafts, training
from tests.pages.conftest import words
from tests.searches import making


@functools.cache
def tried() -> Search:
    """A real search of tiny networks, some of whose trials fail."""
    plan = SearchPlan(trials=5, finalists=1, seeds=2)
    spaces = {**making.SPACE, "lookback": [4, 8, 400]}
    return making.search(Path(mkdtemp()), plan=plan, choices=spaces)


def result() -> None:
    """The page of a finished search."""
    from cryptoforecast.service import shared
    from cryptoforecast.ui import better_settings
    from tests.pages.test_better_settings import tried
    from tests.searches import making

    better_settings.finished(shared(), making.HISTORY, tried())


def duration(page: AppTest) -> str:
    """How long a search takes, as the page says it."""
    return next(each.value for each in page.caption if "At most" in each.value)


def test_a_search_is_offered_with_what_it_takes(open_page: Callable[..., AppTest]) -> None:
    page = open_page("backtest", model="cone", view="Settings", trials="10", minutes="5")
    assert page.select_slider(key="trials").value == "10"
    assert page.select_slider(key="minutes").value == "5"
    assert page.button(key="search").label == "Search"
    assert duration(page).startswith("At most ")
    assert "Only the winner is tested, once" in words(page)
    page.select_slider(key="trials").set_value("20").run()
    assert page.query_params["trials"] == "20"
    assert page.query_params["minutes"] == "5"


def test_several_workers_are_offered_where_they_fit(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptoforecast.service.workers.cores", lambda: 4)
    page = open_page("backtest", model="cone", view="Settings")
    toggle = page.toggle(key="at-once")
    assert toggle.label == "Train 4 networks at once"
    alone = duration(page)
    toggle.set_value(True).run()
    assert duration(page) != alone
    monkeypatch.setattr("cryptoforecast.service.workers.cores", lambda: 1)
    assert not open_page("backtest", model="cone", view="Settings").toggle


def test_the_progress_of_several_workers_is_one_line() -> None:
    progress = TeamProgress(3, 10, 0.25, 30.0, fold=2, folds=28, workers=2, finished=7)
    assert training._of_all(progress) == "7 of 28 trainings done, 2 at once"


def test_where_optuna_is_absent_the_page_says_how_to_install_it(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    page = open_page("backtest", model="cone", view="Settings")
    assert 'pip install "cryptoforecast[search]"' in words(page)
    assert not [each for each in page.button if each.key == "search"]


def test_the_verdict_stands_first_and_the_winner_goes_into_the_form() -> None:
    page = AppTest.from_function(result, default_timeout=120).run()
    assert not page.exception
    search = tried()
    finding = search.sentence.partition(": ")[0]
    assert page.header[0].value.endswith(finding)
    failed = search.count("failed")
    assert f"{failed} of 5 failed." in words(page)
    assert len(page.get("plotly_chart")) == (3 if search.importances else 2)
    command = shlex.split(page.code[0].value)
    assert command[:4] == ["cryptoforecast", "backtest", "--data", "test.csv"]
    options.parser().parse_args(command[1:])
    page.button(key="use").click().run()
    assert not page.exception
    draft = page.session_state["draft"]
    assert draft.network == search.winner.network
    assert draft.spec(making.HISTORY) == search.winner
    assert page.button(key="train").label == "Train"


def test_tables_have_every_trial_and_every_seed() -> None:
    search = tried()
    trials = better_settings.trials_table(search)
    assert sorted(trials["trial"]) == [*range(1, 6)]
    assert trials["reason"].str.contains("training origins").sum() == search.count("failed")
    finalists = better_settings.finalists_table(search)
    assert {"seed 1", "seed 2"} <= {*finalists}
    assert "default settings" in finalists["settings"].tolist()
    sets = better_settings.sets_table(search)
    assert sets.empty or {*sets.columns} == {"setting", "set", "is"}
    importance = better_settings.importance_table(search)
    assert len(importance) == len(search.importances)


def test_the_preset_file_is_the_winner(tmp_path: Path) -> None:
    spec = tried().winner
    path = tmp_path / "settings.json"
    path.write_text(choices.preset_text(spec))
    assert json.loads(path.read_text())["settings"]["units"] == list(spec.units)
    assert choices.make_spec(**choices.of_preset(str(path), None)) == spec
    assert searches.options(making.HISTORY, spec)[:2] == ["--network", spec.network]
    assert drafts.Draft().recipe == "quick"


def moving() -> None:
    """The view of a search, with one candle more once ``later`` is set."""
    import dataclasses

    import streamlit as st

    from cryptoforecast.service import shared
    from cryptoforecast.ui import better_settings
    from tests.searches import making

    history = making.HISTORY
    if not st.session_state.get("later"):
        history = dataclasses.replace(history, candles=history.candles.iloc[:-1])
    better_settings.show(shared(), shared().backtests.of_baseline(history, "cone", 1))


def test_a_candle_that_closes_meanwhile_loses_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    service, jobs = shared(), []
    submit = service.searches.submit

    def submit_and_note(*order: Any, **more: Any) -> Job[Run]:
        jobs.append(submit(*order, **more))
        return jobs[-1]

    monkeypatch.setattr(service.searches, "submit", submit_and_note)
    page = AppTest.from_function(moving, default_timeout=60).run()
    page.button(key="search").click().run()
    assert not page.exception
    page.session_state["later"] = True
    page.run()
    assert "Searching settings" in words(page)  # it is not offered anew
    service.training.cancel(jobs[0].key, user=OWNER)
    assert jobs[0].wait(60)
    page.run()
    assert "What was tried is kept" in words(page)
    page.button(key="search").click().run()
    service.training.cancel(jobs[1].key, user=OWNER)
    assert jobs[1].wait(60)
    assert jobs[1].key == jobs[0].key  # the same search goes on, and not one of other prices
