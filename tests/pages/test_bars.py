"""Bars say what their numbers say, and a stranger's text in them is only text."""

from __future__ import annotations

import math
import re

import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.ui import bars
from cryptoforecast.ui.bars import Bar
from tests.browser.payloads import TEXTS


def drawn(*each: Bar) -> str:
    """Return the HTML of bars."""

    def script(rows) -> None:
        from cryptoforecast.ui import bars

        bars.draw(rows)

    page = AppTest.from_function(script, args=(each,)).run()
    assert not page.exception
    (element,) = page.get("html")
    return str(element.value)


def widths(markup: str) -> list[str]:
    return re.findall(r"width:([0-9.]+)%", markup)


def test_a_bar_is_as_long_as_its_share_and_never_longer_than_its_track():
    shares = (0.0, 0.333, 1.0, 1.5, -2.0, math.nan, math.inf)
    markup = drawn(*(Bar("a", "1", share) for share in shares))
    assert widths(markup) == ["0.0", "33.3", "100.0", "100.0", "0.0", "0.0", "0.0"]


def test_a_promise_has_its_tick_and_no_promise_has_none():
    assert '<div class="cf-promise" style="left:80.0%">' in drawn(Bar("a", "1", 0.5, promise=0.8))
    assert "cf-promise" not in drawn(Bar("a", "1", 0.5))


def test_a_judgement_stands_behind_the_label_and_no_judgement_leaves_no_colon():
    assert "<div>80 % range: <b>held</b></div>" in drawn(
        Bar("80 % range", "80 %", 0.8, word="held")
    )
    assert "<div>80 % range</div>" in drawn(Bar("80 % range", "80 %", 0.8))


@pytest.mark.parametrize("meaning", ["chosen", "reference", "watch", "bad"])
def test_a_colour_has_its_meaning(meaning):
    assert f'class="cf-fill cf-{meaning}"' in drawn(Bar("a", "1", 0.5, meaning))


def test_the_longest_miss_is_full_and_an_undefined_one_empty():
    rows = bars.of_misses(
        [
            ("a", 50.0, "$50", "chosen"),
            ("b", 200.0, "$200", "reference"),
            ("c", math.nan, "–", "bad"),
        ]
    )
    assert widths(drawn(*rows)) == ["25.0", "100.0", "0.0"]
    assert [row.share for row in bars.of_misses([("a", 0.0, "$0", "chosen")])] == [0.0]
    assert bars.of_misses([]) == []


def test_a_share_is_written_beside_what_was_promised():
    row = bars.of_share("80 % range", 0.786, 0.8, "held", meaning="reference")
    assert row == Bar("80 % range", "79 %", 0.786, "reference", 0.8, "held")
    assert bars.of_share("Direction", math.nan, 0.5).value == "–"


def test_text_of_others_is_only_text():
    texts = [*TEXTS, "</div></div><script>alert(1)</script>", '" onmouseover="alert(1)']
    markup = drawn(*(Bar(text, text, 0.5, word=text) for text in texts))
    tags = set(re.findall(r"<[^>]*>", re.sub(r"[0-9.]+%", "", markup)))
    assert tags == {
        '<div class="cf-bars">', "<div>", "</div>", "<b>", "</b>", '<div class="cf-track">',
        '<div class="cf-fill cf-chosen" style="width:">', '<div class="cf-value">',
    }  # fmt: skip
