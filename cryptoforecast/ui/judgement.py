"""Whether a forecast can be trusted: the finding in a few words, and four bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from cryptoforecast.types import Comparison, Contest, Judgement, Outcome, Promise
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
    "the Diebold-Mariano test agree that it is more than chance. The Backtest page shows all of "
    "it."
)
#: What is compared in the card of a trained network, and what it is called, in this order.
ROWS = {
    "own": "Yours, combined", "alone": "Yours alone", "previous": "Previous", "default": "Default",
    "naive": "Stays put",
}  # fmt: skip
#: Those that a trained network is compared with, in a sentence.
RIVALS = {"default": "the default", "previous": "your previous one"}
_REFERENCES = (ROWS["previous"], ROWS["default"], ROWS["naive"])
#: Why a network has two verdicts.
ALONE = (
    "The network alone is judged here. A forecast of the app combines it with a regression of "
    "volatility (HAR) by weights that follow from past forecasts, which may be small. Both are "
    "tested on the same past forecasts, so they may differ."
)
ALONE_TOO = (
    "“Yours alone” is the network by itself, beside “the price stays put”. The Models page judges "
    "it so, by the same past forecasts."
)
#: Which words say that a share is above or below what was promised.
_DIRECTION = {
    "better": "proven", "tie": "not proven", "worse": "wrong more often", "unknown": "not given",
}  # fmt: skip
#: How far a share may be from its promise to be called held, not only within chance of it.
MAX_HELD = 0.02
_RANGE = {"better": "too wide", "tie": "held", "worse": "too narrow", "unknown": "unknown"}


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
    card.heading(
        HEADINGS[test.outcome],
        line(test),
        eyebrow=words.plain(eyebrow),
        mark=mark,
        help=help_text,
        wide=True,
    )


def line(test: Judgement) -> str:
    """Explain a finding in one sentence."""
    change = 100 * (1 - test.error / test.reference) if test.reference > 0 else 0.0
    size = f"{abs(change):.1f} %"
    if test.outcome == "unknown":
        return f"There are {test.origins:,} so far."
    if test.error == test.reference and math.isnan(test.direction.share):
        return "Its middle is the last price."
    if size == "0.0 %":
        return "Guessing no change misses by as much."
    if test.outcome == "tie":
        less = "less" if change > 0 else "more"
        return f"It misses by {size} {less}, which may be chance."
    return f"It misses by {size} {'less' if change > 0 else 'more'} than guessing no change."


def figures(test: Judgement, quote: str, alone: Judgement | None = None, network: str = "") -> None:
    """Draw the misses, and how often direction and range were right.

    Args:
        test: The result of the test.
        quote: The currency of the prices.
        alone: The test of the network alone, where the forecast combines it with a regression.
        network: The kind of that network.
    """
    misses = [("This forecast" if alone is None else "Combined", test.error, "")]
    if alone is not None:
        word = words.VERDICTS.get(alone.outcome, "")
        misses.append((f"{words.NETWORKS[network]} alone", alone.error, word))
    _bars(
        f"Average miss, {test.origins:,} past forecasts",
        _misses([*misses, ("Stays put", test.reference, "")], quote),
    )
    # A middle that stays at the last price has no direction.
    directions = [test.direction] if math.isfinite(test.direction.share) else []
    _bars("How often right", [*map(_direction, directions), _range("80 % range", test.held)])


def contest(result: Contest, quote: str, alone: Outcome, ahead: str = "") -> None:
    """Draw a trained network beside its rivals and the last price.

    Args:
        result: All of them on the same past forecasts, by the keys of ``ROWS``.
        quote: The currency of the prices.
        alone: The verdict on the network alone; ``"unknown"`` is not written.
        ahead: How far ahead they are compared, if some of them look farther.
    """
    words_of = {"alone": words.VERDICTS.get(alone, "")}
    where = f" {ahead} ahead, as far as all look" if ahead else ""
    _bars(
        f"Average miss{where}, {result.origins:,} past forecasts",
        _misses(
            [
                (label, result.errors[name], words_of.get(name, ""))
                for name, label in ROWS.items()
                if name in result.errors
            ],
            quote,
        ),
    )
    _bars(
        "80 % range held",
        [
            bars.of_share(
                ROWS[name], result.held[name], 0.8,
                meaning="chosen" if name == "own" else "reference",
            )
            for name in ("own", next(iter(result.comparisons)))
        ],
    )  # fmt: skip


def contest_heading(result: Contest, quote: str, eyebrow: str, help: str) -> None:
    """Write how a trained network compares with its rivals: the first one in a heading.

    Args:
        result: All of them on the same past forecasts.
        quote: The currency of the prices.
        eyebrow: A few words above.
        help: Explains it.
    """
    (first, comparison), *others = result.comparisons.items()
    text, line, mark = _compared(comparison, quote, RIVALS[first])
    card.heading(
        words.plain(text),
        words.plain(line),
        eyebrow=words.plain(eyebrow),
        mark=mark,
        help=words.plain(help),
    )
    for name, other in others:
        text, line, mark = _compared(other, quote, RIVALS[name])
        more = f" :gray[{words.plain(line)}]" if mark != "tie" else ""
        st.markdown(f"{card.MARKS[mark]} {words.plain(text)}.{more}")


def _compared(comparison: Comparison, quote: str, name: str) -> tuple[str, str, card.Mark]:
    """Write how a forecast compares with another one: a finding, a sentence and a mark."""
    apart = words.miss(abs(comparison.difference), quote)
    size = f"{abs(100 * comparison.range_skill):.1f} %"
    # Two medians that both stay at the last price miss by the same: the ranges tell them apart.
    by_range = comparison.outcome == "tie" and comparison.range_outcome in ("better", "worse")
    same = comparison.difference == 0
    texts: dict[str, tuple[str, str, card.Mark]] = {
        "better": (f"Better than {name}", f"Its average miss is {apart} smaller.", "better"),
        "worse": (f"Worse than {name}", f"Its average miss is {apart} larger.", "worse"),
        "tie": (
            f"As good as {name}, no better",
            "Both miss alike. Their ranges differ by chance."
            if same
            else f"Their average misses, {apart} apart, differ within chance.",
            "tie",
        ),
        "unknown": ("Trained", f"Too few past forecasts to compare it with {name}.", "none"),
        "range better": (
            f"A better range than {name}",
            f"The middle misses alike; the range errs {size} less.",
            "better",
        ),
        "range worse": (
            f"A worse range than {name}",
            f"The middle misses alike; the range errs {size} more.",
            "worse",
        ),
    }
    return texts[f"range {comparison.range_outcome}" if by_range else comparison.outcome]


def _misses(rows: Sequence[tuple[str, float, str]], quote: str) -> list[bars.Bar]:
    """Return the bars of errors: label, error and a word; one's own are blue."""
    meanings: list[bars.Meaning] = [
        "reference" if label in _REFERENCES else "chosen" for label, _, _ in rows
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
    word = _RANGE[promise.outcome]
    if promise.outcome == "tie" and abs(promise.share - promise.promised) > MAX_HELD:
        word = "within chance"
    return bars.of_share(label, promise.share, promise.promised, word)


def _bars(caption: str, rows: list[bars.Bar]) -> None:
    with st.container(gap="xsmall"):
        st.caption(words.plain(caption))
        bars.draw(rows, caption.partition(" ")[0].lower(), side=True)
