"""The first good answer of several sources, within one deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidInput,
    NotEnoughData,
    SourceUnavailable,
)
from cryptoforecast.prices.live.fallback import Attempt, Fallback
from tests import growth

DEADLINE = 0.6


class Sources:
    """Attempts that fail, wait or answer, a record of their calls, and of the answers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float, tuple[str, ...]]] = []
        self.ended: list[str] = []
        self.release = threading.Event()

    def attempt(
        self,
        title: str,
        outcome: CryptoForecastError | str | float,
        share: float = 1.0,
        most: float = 1.0,
    ) -> Attempt:
        def request(budget: float, reasons: tuple[str, ...]) -> float:
            self.calls.append((title, budget, reasons))
            if outcome == "silent":
                self.release.wait(3.5)
            elif isinstance(outcome, float):
                time.sleep(outcome)
            elif isinstance(outcome, Exception):
                raise outcome
            self.ended.append(title)
            return share

        return Attempt(title, request, most)

    @property
    def titles(self) -> list[str]:
        return [title for title, _, _ in self.calls]


@pytest.fixture
def sources() -> Iterator[Sources]:
    fakes = Sources()
    yield fakes
    fakes.release.set()


@pytest.fixture
def short_head_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the next source soon, though the deadline is longer than a source is silent."""
    monkeypatch.setattr("cryptoforecast.prices.live.fallback.HEAD_START", 0.0005)


DOWN = SourceUnavailable("A is down.")


def test_who_answers_first_is_enough(sources: Sources) -> None:
    Fallback([sources.attempt("A", "answer"), sources.attempt("B", "answer")], DEADLINE).run()
    assert sources.titles == ["A"]
    assert sources.calls[0][2] == ()


def test_a_whole_answer_is_enough_of_a_source_that_may_not_give_more() -> None:
    asked: list[str] = []

    def request(budget: float, reasons: tuple[str, ...]) -> float:
        asked.append("asked")
        return 1.0

    Fallback([Attempt("A", request), Attempt("B", request)], DEADLINE).run()
    assert asked == ["asked"]


def test_who_can_not_answer_more_is_not_asked(sources: Sources) -> None:
    attempts = [
        sources.attempt("A", "answer", share=0.5),
        sources.attempt("B", "answer", most=0.4),
        sources.attempt("C", "answer"),
    ]
    Fallback(attempts, DEADLINE).run()
    assert sources.titles == ["A", "C"]


def test_a_failure_passes_the_question_on_at_once(sources: Sources) -> None:
    Fallback([sources.attempt("A", DOWN), sources.attempt("B", "answer")], 100).run()
    # Without the failure, A would have a head start of 30 s.
    assert sources.calls[1][1] > 100 - 25
    assert sources.calls[1][2] == ("A is down.",)


def test_silence_costs_its_head_start_only(sources: Sources) -> None:
    attempts = [
        sources.attempt("A", "silent"),
        sources.attempt("B", "silent"),
        sources.attempt("C", "answer"),
    ]
    Fallback(attempts, DEADLINE).run()
    (_, first, _), (_, second, _), (_, third, reasons) = sources.calls
    assert first > second > third > 0.2 * DEADLINE
    assert [reason[:28] for reason in reasons] == [
        "A has not answered within 0.",
        "B has not answered within 0.",
    ]


def test_a_slow_source_still_counts_when_nobody_else_can_answer(sources: Sources) -> None:
    attempts = [sources.attempt("A", 0.4), sources.attempt("B", SourceUnavailable("B is down."))]
    Fallback(attempts, DEADLINE).run()
    assert sources.titles == ["A", "B"]


def test_who_had_its_head_start_delays_nobody_a_second_time(sources: Sources) -> None:
    attempts = [
        sources.attempt("A", "silent"),
        sources.attempt("B", DOWN),
        sources.attempt("C", "answer"),
    ]
    Fallback(attempts, DEADLINE).run()
    assert sources.titles == ["A", "B", "C"]
    assert sources.calls[2][1] > 0.6 * DEADLINE


def test_what_an_early_failure_leaves_of_its_time_is_the_next_ones(sources: Sources) -> None:
    attempts = [
        sources.attempt("A", DOWN),
        sources.attempt("B", 0.3),
        sources.attempt("C", "answer"),
    ]
    Fallback(attempts, DEADLINE).run()
    assert sources.titles == ["A", "B"]
    attempts[1] = sources.attempt("B", "silent")
    Fallback(attempts, DEADLINE).run()
    assert sources.titles == ["A", "B", "A", "B", "C"]


def test_a_late_failure_takes_no_head_start_away(sources: Sources) -> None:
    def fail(budget: float, reasons: tuple[str, ...]) -> float:
        time.sleep(0.45)
        raise DOWN

    attempts = [Attempt("A", fail), sources.attempt("B", 0.2), sources.attempt("C", "answer")]
    Fallback(attempts, 2 * DEADLINE).run()
    assert sources.titles == ["B"]


def test_waiting_takes_no_processor_time(sources: Sources) -> None:
    fallback = Fallback([sources.attempt("A", 0.5)], DEADLINE + 1)
    assert growth.calls(fallback.run) < 200


def test_when_nobody_answers_every_reason_is_told(sources: Sources) -> None:
    with pytest.raises(
        SourceUnavailable, match=r"^A is down\. B has not answered within 0\.\d+ s\.$"
    ):
        Fallback([sources.attempt("A", DOWN), sources.attempt("B", "silent")], 0.3).run()


def test_a_bug_in_a_source_is_a_failure_and_the_next_one_is_asked(
    sources: Sources, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(budget: float, reasons: tuple[str, ...]) -> float:
        raise ZeroDivisionError("x" * 300)

    Fallback([Attempt("A", fail), sources.attempt("B", "answer")], 100).run()
    text = f"A's prices could not be updated: ZeroDivisionError: {'x' * 200}"
    assert sources.calls[0][2] == (text,)
    assert "ZeroDivisionError" in caplog.text
    with pytest.raises(SourceUnavailable) as raised:
        Fallback([Attempt("A", fail)], 100).run()
    assert str(raised.value) == text


def test_a_silent_source_does_not_keep_the_process_alive() -> None:
    threads: list[threading.Thread] = []

    def note(budget: float, reasons: tuple[str, ...]) -> float:
        threads.append(threading.current_thread())
        return 1.0

    Fallback([Attempt("A", note)], 5).run()
    assert [thread.daemon for thread in threads] == [True]


NOTHING = NotEnoughData("Nothing there.")
UNKNOWN = InvalidInput("No such coin.")


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([DOWN, DOWN], SourceUnavailable),
        ([NOTHING, NOTHING], NotEnoughData),
        ([NOTHING, DOWN], SourceUnavailable),
        ([UNKNOWN, UNKNOWN], InvalidInput),
        ([DOWN, UNKNOWN], InvalidInput),
        ([NOTHING, UNKNOWN], InvalidInput),
    ],
)
def test_the_error_is_of_the_kind_that_says_most(
    sources: Sources, errors: list[CryptoForecastError], kind: type[CryptoForecastError]
) -> None:
    attempts = [sources.attempt(f"S{place}", error) for place, error in enumerate(errors)]
    with pytest.raises(CryptoForecastError) as raised:
        Fallback(attempts, DEADLINE).run()
    assert type(raised.value) is kind
    assert str(raised.value) == " ".join(map(str, errors))


# ---------------------------------------------------------------------------- a part only


@pytest.mark.usefixtures("short_head_start")
def test_a_part_waits_for_who_may_have_more(sources: Sources) -> None:
    attempts = [
        sources.attempt("A", "answer", share=0.1, most=0.1),
        sources.attempt("B", 0.3),
        sources.attempt("C", "silent"),
    ]
    Fallback(attempts, 100).run()
    # B's answer is whole, so nobody waits for C.
    assert sources.ended == ["A", "B"]
    assert sources.titles[:2] == ["A", "B"]


def test_a_part_ends_the_waiting_when_time_is_up(sources: Sources) -> None:
    attempts = [sources.attempt("A", "silent"), sources.attempt("B", "answer", share=0.1)]
    began = time.monotonic()
    Fallback(attempts, DEADLINE).run()
    assert time.monotonic() - began >= DEADLINE


def test_a_part_passes_the_question_on_at_once(sources: Sources) -> None:
    attempts = [
        sources.attempt("A", "answer", share=0.5),
        sources.attempt("B", "answer", share=0.9),
        sources.attempt("C", "answer"),
    ]
    Fallback(attempts, 100).run()
    assert sources.titles == ["A", "B", "C"]
    assert sources.calls[2][1] > 100 - 25
    assert sources.calls[2][2] == (
        "A has only a part of these prices.",
        "B has only a part of these prices.",
    )


@pytest.mark.parametrize(("most", "titles"), [(0.5, ["A"]), (0.6, ["A", "B"])])
def test_who_cannot_have_more_is_not_asked(
    sources: Sources, most: float, titles: list[str]
) -> None:
    attempts = [
        sources.attempt("A", "answer", share=0.5),
        sources.attempt("B", "answer", share=most, most=most),
    ]
    Fallback(attempts, 100).run()
    assert sources.titles == titles


@pytest.mark.usefixtures("short_head_start")
def test_nobody_waits_for_a_silent_source_that_cannot_have_more(sources: Sources) -> None:
    attempts = [sources.attempt("A", "silent", most=0.3), sources.attempt("B", "answer", share=0.4)]
    Fallback(attempts, 100).run()
    assert sources.ended == ["B"]


@pytest.mark.usefixtures("short_head_start")
def test_nobody_waits_for_a_source_that_cannot_have_more_than_the_best_part(
    sources: Sources,
) -> None:
    attempts = [
        sources.attempt("A", "silent", most=0.4),
        sources.attempt("B", "answer", share=0.3),
        sources.attempt("C", "answer", share=0.5),
    ]
    Fallback(attempts, 100).run()
    assert sources.titles == ["A", "B", "C"]
    assert sources.ended == ["B", "C"]


def test_a_part_is_an_answer_though_all_others_fail(sources: Sources) -> None:
    attempts = [sources.attempt("A", "answer", share=0.5), sources.attempt("B", DOWN)]
    Fallback(attempts, 100).run()
    assert sources.titles == ["A", "B"]


def test_when_nobody_can_have_any_of_it_nobody_is_asked(sources: Sources) -> None:
    attempts = [sources.attempt(title, "answer", most=0.0) for title in "AB"]
    with pytest.raises(SourceUnavailable):
        Fallback(attempts, 100).run()
    assert sources.titles == []


@pytest.mark.usefixtures("short_head_start")
def test_nobody_waits_for_a_source_that_can_have_as_much_and_no_more(sources: Sources) -> None:
    attempts = [sources.attempt("A", "silent", most=0.4), sources.attempt("B", "answer", share=0.4)]
    Fallback(attempts, 100).run()
    assert sources.ended == ["B"]
