"""The lessons: each is guessed, run and revealed, and says what was computed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.charts import lessons as figures
from cryptoforecast.charts import stages as stage_figures
from cryptoforecast.errors import SourceUnavailable
from cryptoforecast.service import LessonService, shared
from cryptoforecast.types import PREDICTOR_NAMES, Cheats
from cryptoforecast.ui import words as writing
from cryptoforecast.ui.learn import delay, glossary, leaks, overview, pictures, prices
from tests import synthetic
from tests.pages.conftest import ROOT, shown, words

pytestmark = pytest.mark.one_service


def heading(page) -> str:
    (title,) = page.title
    return shown(str(title.value))


@pytest.fixture
def learn() -> Callable[..., AppTest]:
    """Return ``learn(**query)``: the page by itself, after its first run."""

    def run(**query: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "pages" / "learn.py"), default_timeout=60)
        for key, value in query.items():
            page.query_params[key] = value
        page.run()
        assert not page.exception, page.exception
        return page

    return run


def press(page, key: str):
    page.button(key=key).click().run()
    assert not page.exception, page.exception
    return page


def lesson(learn, number: int):
    return learn(lesson=str(number))


def test_the_overview_has_four_lessons_and_begins_with_the_first(open_page):
    page = open_page("learn")
    assert heading(page) == "Why most price forecasts are worthless"
    assert [each.key for each in page.button[:4]] == [f"open-{number}" for number in (1, 2, 3, 4)]
    press(page, "open-1")
    assert heading(page) == "What does the network look at?"
    press(page, "lessons")
    assert heading(page) == "Why most price forecasts are worthless"


def test_an_unknown_lesson_is_said_to_be_unknown(learn):
    page = learn(lesson="9")
    assert "There is no such lesson" in page.warning[0].value
    assert heading(page).startswith("Why most")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_lesson_is_guessed_run_and_revealed(learn, number):
    one = overview.LESSONS[number - 1]
    page = lesson(learn, number)
    assert heading(page) == one.question
    right = one.right(shared())
    wrong = (right + 1) % len(one.answers)
    press(page, f"answer-{wrong}")
    assert heading(page) == one.question
    for title in list(one.stages[1].values())[1:] if one.stages else []:
        assert next(each for each in page.button if each.key == "stage").label == f"Next: {title}"
        press(page, "stage")
    press(page, "why")
    assert heading(page) == one.finding(shared()) != one.question
    text = words(page) + "".join(str(each.value) for each in page.header)
    assert f"You guessed “{one.answers[wrong]}”" in text
    assert one.answers[right] in text
    press(page, "next")
    if number < 4:
        assert heading(page) == overview.LESSONS[number].question
        press(page, "lessons")
    assert [each.label for each in page.button if each.key == f"open-{number}"] == ["Again"]


def test_a_right_guess_is_said_to_be_right(learn):
    page = lesson(learn, 2)
    press(page, f"answer-{overview.LESSONS[1].right(shared())}")
    press(page, "why")
    assert "You guessed it" in words(page)


def test_every_stage_of_a_forecast_has_its_picture_and_the_window_moves(learn):
    page = press(lesson(learn, 1), "answer-0")
    alts = set()
    for name in stage_figures.STAGES:
        page.segmented_control(key="lesson-stage").set_value(name).run()
        (chart,) = page.get("plotly_chart")
        alts.add(chart.proto.alt)
    assert len(alts) == len(stage_figures.STAGES)
    page.slider(key="lesson-back").set_value(-60).run()
    (chart,) = page.get("plotly_chart")
    assert chart.proto.alt not in alts
    result = prices.tested(shared())
    stages = shared().lessons.stages(result, 60)
    assert chart.proto.alt == stage_figures.summary_stage(stages, "price")


@pytest.mark.own_service
def test_the_small_training_runs_and_its_result_is_drawn(learn):
    page = press(lesson(learn, 2), "answer-0")
    assert "were" not in page.get("plotly_chart")[0].proto.alt.split("learnt from")[0]
    press(page, "train-small")
    job = shared().lessons.job(page.session_state["lesson-job"])
    assert job.wait(120)
    page.run()
    (chart,) = page.get("plotly_chart")
    assert chart.proto.alt == figures.summary_recipe(job.result)
    assert job.result.network == "16 neurons"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("calm", "BTC made no such new high, so these prices are of a coin of the simulated"),
        ("away", "Prices of BTC could not be had now, so these prices are of a coin of the"),
        ("waits", "Prices of BTC could not be had now, so these prices are of a coin of the"),
        ("rises", ""),
    ],
)
def test_it_is_said_why_the_prices_are_of_another_coin(monkeypatch, source, reason):
    def at_hand(*_):
        if source == "away":
            raise SourceUnavailable("No source answers.")
        return None if source == "waits" else synthetic.history()

    monkeypatch.setattr(prices.live, "at_hand", at_hand)
    monkeypatch.setattr(LessonService, "rises", lambda *_: source == "rises")
    history, sentence = prices.rising(shared())
    assert history.coin == ("BTC" if source == "rises" else prices.RISING)
    assert sentence.startswith(reason)
    assert bool(sentence) == bool(reason)


@pytest.mark.own_service
def test_the_reason_stays_with_the_training(learn):
    page = press(lesson(learn, 2), "answer-0")
    press(page, "train-small")
    assert shared().lessons.job(page.session_state["lesson-job"]).wait(120)
    page.run()
    text = words(page)
    assert ("made no such new high" in text) == bool(page.session_state["lesson-reason"])
    page.session_state["coin"] = "LTC"
    page.run()
    assert words(page) == text


def test_a_cheat_lifts_the_test_and_is_kept_in_the_table(learn):
    page = press(lesson(learn, 3), "answer-0")
    page.toggle(key="leak-shuffled").set_value(True).run()
    page.toggle(key="leak-ahead").set_value(True).run()
    table = page.table[0].value
    assert list(table["Experiment"]) == [
        "No cheat",
        "Shuffle the days",
        "Shuffle the days + Peek ahead",
    ]
    scores = shared().lessons.leaks(Cheats(shuffled=True, ahead=True))
    assert table["Test"].iloc[-1] == writing.percent(scores.test)
    assert table["Untouched"].iloc[-1] == writing.percent(scores.untouched)
    press(page, "toss")
    assert "tosses 2" in page.table[0].value["Experiment"].iloc[-1]


def test_the_line_fits_where_the_gap_is_smallest(learn):
    page = press(lesson(learn, 4), "answer-0")
    late = shared().lessons.delay(prices.tested(shared()))
    assert late.best == late.step == 24
    assert "Drag until" in str(page.header[-1].value)
    page.slider(key="lesson-shift").set_value(late.best).run()
    assert "They fit at 24 hours" in str(page.header[-1].value)
    press(page, "why")
    alts = [chart.proto.alt for chart in page.get("plotly_chart")]
    assert alts[1] == figures.summary_delay_curve(late)


@pytest.mark.parametrize(
    ("best", "answer", "finding", "text"),
    [
        (24, 1, "It is yesterday’s price: it fits best 24 hours back", "Every turn comes 24 hours"),
        (7, 1, "It is an old price: it fits best 7 hours back", "Every turn comes 7 hours late."),
        (1, 1, "It is an old price: it fits best 1 hour back", "Every turn comes 1 hour late."),
        (0, 0, "It fits best where it is: it is no old price", "Whether it is better than one"),
    ],
)
def test_the_last_lesson_says_what_was_measured(best, answer, finding, text):
    late = shared().lessons.delay(prices.tested(shared()))
    gaps = np.ones(len(late.gaps))
    gaps[best] = 0
    late = dataclasses.replace(late, gaps=gaps)
    assert delay.right(late) == answer
    assert delay.finding(late) == finding
    assert text in " ".join(delay.explained(late))


def test_words_are_found_by_name_and_by_meaning(learn):
    page = learn()
    assert len(page.table[0].value) == glossary.SHOWN
    page.text_input(key="find-word").set_value("lookback").run()
    assert [re.sub(r":gray\[(.*)\]", r"\1", word) for word in page.table[0].value["Word"]] == [
        "Looks back"
    ]
    page.text_input(key="find-word").set_value("zebra").run()
    assert not page.table
    assert "No such word" in words(page)
    page.text_input(key="find-word").set_value("").run()
    page.toggle(key="all-words").set_value(True).run()
    assert len(page.table[0].value) == len(glossary.WORDS)


def test_every_way_to_forecast_is_among_the_words():
    missing = {name for name in PREDICTOR_NAMES.values() if name not in glossary.WORDS}
    assert missing == {"LSTM network", "Dense network"}
    assert {"LSTM", "Dense"} <= glossary.WORDS.keys()


def test_the_finding_of_the_leak_lab_is_computed():
    scores = shared().lessons.leaks(leaks.EVERYTHING)
    finding = leaks.LESSON.finding(shared())
    assert finding.startswith(f"{100 * scores.test:.0f} % right in the test")
    assert scores.test > 0.65
    assert not shared().lessons.leaks(leaks.HONEST).lifted


@pytest.mark.parametrize("dark", [False, True])
def test_pictures_are_drawings_without_links(dark):
    for number in (1, 2, 3, 4):
        picture = pictures.of(number, dark=dark)
        assert picture.startswith("<svg")
        assert "href" not in picture
