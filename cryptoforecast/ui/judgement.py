"""Whether a forecast can be trusted: the finding in a few words, and four bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from cryptoforecast.types import Judgement, Promise, predictor_name
from cryptoforecast.ui import bars, card, words

#: What a test comes to, in a heading.
HEADINGS = {
    "better": "Beats “the price stays put”",
    "tie": "No better than “the price stays put”",
    "worse": "Worse than “the price stays put”",
    "unknown": "Too few past forecasts to tell",
}
HELP = (
    "The forecast was made again for every past {noun} of the test, from the prices that were "
    "known then, and compared with what came. “The price stays put” is the simplest forecast: "
    "the last price (naive). “Better” and “worse” are said only where a bootstrap interval and "
    "the Diebold-Mariano test agree that it is more than chance. Where the best guess was the last "
    "price each time, only the range says something: how far the price may go. The Backtest page "
    "shows all of it."
)
#: The row of the last price, on every page.
STAYS_PUT = predictor_name("naive")
#: What a trained network is compared with, and what these rows are called.
REFERENCES = {"previous": "Previous", "default": "Default", "naive": STAYS_PUT}
#: Why a network has two verdicts.
ALONE = (
    "Here the network is judged alone. A forecast of the app mixes it with a regression of "
    "volatility (HAR). Past forecasts decide how much each counts, and the network may count "
    "little. So the two verdicts can differ, although both rest on the same past forecasts."
)
#: Which words say that a share is above or below what was promised.
_DIRECTION = {
    "better": "proven", "tie": "not proven", "worse": "wrong more often", "unknown": "not given",
}  # fmt: skip
#: How far a share within chance of its promise may lie from it to be called held, not roughly held.
MAX_HELD = 0.02
_RANGE = {"better": "too wide", "tie": "held", "worse": "too narrow", "unknown": "unknown"}
_ROUGHLY = "roughly held"
#: What a forecast is good for whose middle was the last price, and what its range has to be then.
_HOW_FAR = "It tells how far, not where."
_KNOWN = ("held", _ROUGHLY)
#: Whether a range can be trusted, by what is said of it.
_ANSWERS = {
    "held": "Yes, it held",
    _ROUGHLY: "Roughly, it may be off by chance",
    "too wide": "No, it is too wide",
    "too narrow": "No, it is too narrow",
    "unknown": "That can't be told yet",
}


def heading(test: Judgement, noun: str, eyebrow: str = "Can it be trusted?") -> None:
    """Write the finding of a test.

    Args:
        test: The result of the test.
        noun: What one candle is called.
        eyebrow: A few words above.
    """
    help_text = words.plain(HELP.format(noun=noun))
    if test.seen:
        card.heading(
            "Not a fair test",
            "It may have learnt from these very prices.",
            eyebrow=words.plain(eyebrow),
            mark="watch",
            help=help_text,
        )
        return
    mark = "none" if test.outcome == "unknown" else test.outcome
    text = line(test)
    card.heading(
        HEADINGS[test.outcome],
        text,
        eyebrow=words.plain(eyebrow),
        mark=mark,
        help=help_text,
        wide=text != _HOW_FAR,  # short enough for a phone
    )


def line(test: Judgement) -> str:
    """Explain a finding in one sentence."""
    change = 100 * (1 - test.error / test.reference) if test.reference > 0 else 0.0
    size = f"{abs(change):.1f} %"
    if test.outcome == "unknown":
        return f"There are {test.origins:,} so far."
    if test.error == test.reference and math.isnan(test.direction.share):
        known = _range_word(test.coverage) in _KNOWN
        return _HOW_FAR if known else "Its best guess was the last price, each time."
    if size == "0.0 %" and test.outcome == "tie":
        return "Guessing no change misses by as much."
    if size == "0.0 %":
        return f"Its miss is {'smaller' if change > 0 else 'larger'}, by less than 0.1 %."
    if test.outcome == "tie":
        less = "less" if change > 0 else "more"
        return f"It misses by {size} {less}, which may be chance."
    return f"It misses by {size} {'less' if change > 0 else 'more'} than guessing no change."


def figures(tests: Mapping[str, Judgement], quote: str) -> None:
    """Draw the misses, and how often direction and range were right.

    Args:
        tests: The results by predictor: first that of the forecast, then that of its network
            alone, where the forecast combines it with a regression.
        quote: The currency of the prices.
    """
    (name, test), *others = tests.items()
    rows = [
        (predictor_name(name), test.error, ""),
        *(
            (predictor_name(other), each.error, words.VERDICTS.get(each.outcome, ""))
            for other, each in others
        ),
    ]
    if name != "naive":
        rows.append((STAYS_PUT, test.reference, ""))
    captioned(f"Average miss, {test.origins:,} past forecasts", misses(rows, quote))
    # A middle that stays at the last price has no direction.
    directions = [test.direction] if math.isfinite(test.direction.share) else []
    captioned(
        "How often right (tick: expected)",
        [*map(_direction, directions), _range("80 % range", test.coverage)],
    )


def misses(rows: Sequence[tuple[str, float, str]], quote: str) -> list[bars.Bar]:
    """Return bars of errors; those of one's own are blue.

    Args:
        rows: Label, error and the judgement in a word, which may be empty, of each.
        quote: The currency of the prices.
    """
    meanings: list[bars.Meaning] = [
        "reference" if label in REFERENCES.values() else "chosen" for label, _, _ in rows
    ]
    drawn = bars.of_misses(
        [
            (label, error, words.miss(error, quote), meaning)
            for (label, error, _), meaning in zip(rows, meanings, strict=True)
        ]
    )
    return [replace(bar, word=word) for bar, (_, _, word) in zip(drawn, rows, strict=True)]


def _direction(promise: Promise) -> bars.Bar:
    return bars.of_share("Direction", promise.share, promise.promised, _DIRECTION[promise.outcome])


def _range(label: str, promise: Promise) -> bars.Bar:
    return bars.of_share(label, promise.share, promise.promised, _range_word(promise))


def _range_word(promise: Promise) -> str:
    if promise.outcome == "tie" and abs(promise.share - promise.promised) > MAX_HELD:
        return _ROUGHLY
    return _RANGE[promise.outcome]


def range_answer(test: Judgement) -> tuple[str, str]:
    """Answer whether the range can be trusted, in a few words and in a sentence."""
    word, share = _range_word(test.coverage), 100 * test.coverage.share
    if not math.isfinite(share):
        return _ANSWERS["unknown"], ""
    sentence = f"{share:.0f} % of {test.origins:,} prices ended inside the 80 % range."
    return _ANSWERS[word], sentence


def captioned(caption: str, rows: Sequence[bars.Bar]) -> None:
    """Draw bars below a caption."""
    with st.container(gap="xsmall"):
        st.caption(words.plain(caption))
        bars.draw(rows, caption.partition(" ")[0].lower(), side=True)
