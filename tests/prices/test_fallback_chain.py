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
from cryptoforecast.prices.live.fallback import Chain, Link

DEADLINE = 0.6


class Asked:
    """Links that fail, wait or answer, and what they were told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float, tuple[str, ...]]] = []
        self.release = threading.Event()

    def link(self, title: str, outcome: CryptoForecastError | str | float) -> Link:
        def ask(budget: float, reasons: tuple[str, ...]) -> None:
            self.calls.append((title, budget, reasons))
            if outcome == "silent":
                self.release.wait(5)
            elif isinstance(outcome, float):
                time.sleep(outcome)
            elif isinstance(outcome, Exception):
                raise outcome

        return Link(title, ask)

    @property
    def titles(self) -> list[str]:
        return [title for title, _, _ in self.calls]


@pytest.fixture
def asked() -> Iterator[Asked]:
    found = Asked()
    yield found
    found.release.set()


DOWN = SourceUnavailable("A is down.")


def test_who_answers_first_is_enough(asked: Asked) -> None:
    Chain([asked.link("A", "answer"), asked.link("B", "answer")], DEADLINE).run()
    assert asked.titles == ["A"]
    assert asked.calls[0][2] == ()


def test_a_failure_passes_the_question_on_at_once(asked: Asked) -> None:
    began = time.monotonic()
    Chain([asked.link("A", DOWN), asked.link("B", "answer")], 10).run()
    assert time.monotonic() - began < 1
    assert asked.calls[1][2] == ("A is down.",)


def test_silence_costs_its_head_start_only(asked: Asked) -> None:
    links = [asked.link("A", "silent"), asked.link("B", "silent"), asked.link("C", "answer")]
    Chain(links, DEADLINE).run()
    (_, first, _), (_, second, _), (_, third, reasons) = asked.calls
    assert first > second > third > 0.2 * DEADLINE
    assert [reason[:28] for reason in reasons] == [
        "A has not answered within 0.",
        "B has not answered within 0.",
    ]


def test_a_slow_source_still_counts_when_nobody_else_can_answer(asked: Asked) -> None:
    links = [asked.link("A", 0.4), asked.link("B", SourceUnavailable("B is down."))]
    Chain(links, DEADLINE).run()
    assert asked.titles == ["A", "B"]


def test_who_had_its_head_start_delays_nobody_a_second_time(asked: Asked) -> None:
    links = [asked.link("A", "silent"), asked.link("B", DOWN), asked.link("C", "answer")]
    Chain(links, DEADLINE).run()
    assert asked.titles == ["A", "B", "C"]
    assert asked.calls[2][1] > 0.6 * DEADLINE


def test_what_an_early_failure_leaves_of_its_time_is_the_next_ones(asked: Asked) -> None:
    links = [asked.link("A", DOWN), asked.link("B", 0.3), asked.link("C", "answer")]
    Chain(links, DEADLINE).run()
    assert asked.titles == ["A", "B"]
    links[1] = asked.link("B", "silent")
    Chain(links, DEADLINE).run()
    assert asked.titles == ["A", "B", "A", "B", "C"]


def test_a_late_failure_takes_no_head_start_away(asked: Asked) -> None:
    def fail(budget: float, reasons: tuple[str, ...]) -> None:
        time.sleep(0.45)
        raise DOWN

    links = [Link("A", fail), asked.link("B", 0.2), asked.link("C", "answer")]
    Chain(links, 2 * DEADLINE).run()
    assert asked.titles == ["B"]


def test_when_nobody_answers_every_reason_is_told(asked: Asked) -> None:
    began = time.monotonic()
    with pytest.raises(
        SourceUnavailable, match=r"^A is down\. B has not answered within 0\.\d+ s\.$"
    ):
        Chain([asked.link("A", DOWN), asked.link("B", "silent")], 0.3).run()
    assert 0.25 < time.monotonic() - began < 1


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
    asked: Asked, errors: list[CryptoForecastError], kind: type[CryptoForecastError]
) -> None:
    links = [asked.link(f"S{place}", error) for place, error in enumerate(errors)]
    with pytest.raises(CryptoForecastError) as raised:
        Chain(links, DEADLINE).run()
    assert type(raised.value) is kind
    assert str(raised.value) == " ".join(map(str, errors))
