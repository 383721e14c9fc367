"""Whether a forecast can be trusted: the finding in a few words, and four bars."""

from __future__ import annotations

import math

import streamlit as st

from cryptoforecast.types import Comparison, Judgement, Promise
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
#: Which words say that a share is above or below what was promised.
_DIRECTION = {
    "better": "proven", "tie": "not proven", "worse": "wrong more often", "unknown": "not given",
}  # fmt: skip
_RANGE = {"better": "too wide", "tie": "held", "worse": "too narrow", "unknown": "unknown"}


def heading(judged: Judgement, noun: str, eyebrow: str = "Can it be trusted?") -> None:
    """Write the finding of a test.

    Args:
        judged: The test.
        noun: What one candle is called.
        eyebrow: A few words above.
    """
    help_text = words.plain(HELP.format(noun=noun))
    if judged.seen:
        card.heading(
            "Not a fair test",
            "It may have learnt from these very prices.",
            eyebrow=words.plain(eyebrow),
            mark="watch",
            help=help_text,
        )
        return
    mark = "none" if judged.outcome == "unknown" else judged.outcome
    card.heading(
        HEADINGS[judged.outcome],
        line(judged),
        eyebrow=words.plain(eyebrow),
        mark=mark,
        help=help_text,
        wide=True,
    )


def line(judged: Judgement) -> str:
    """Explain a finding in one sentence."""
    change = 100 * (1 - judged.error / judged.reference) if judged.reference > 0 else 0.0
    size = f"{abs(change):.1f} %"
    if judged.outcome == "unknown":
        return f"There are {judged.origins:,} so far."
    if size == "0.0 %":
        return "Guessing no change misses by as much."
    if judged.outcome == "tie":
        less = "less" if change > 0 else "more"
        return f"It misses by {size} {less}, which may be chance."
    return f"It misses by {size} {'less' if change > 0 else 'more'} than guessing no change."


def figures(judged: Judgement, quote: str, own: str = "This forecast") -> None:
    """Draw the misses, and how often direction and range were right.

    Args:
        judged: The test.
        quote: The currency of the prices.
        own: What the forecast is called.
    """
    _bars(
        f"Average miss, {judged.origins:,} past forecasts",
        bars.of_misses(
            [
                (own, judged.error, words.miss(judged.error, quote), "chosen"),
                ("Stays put", judged.reference, words.miss(judged.reference, quote), "reference"),
            ]
        ),
    )
    # A middle that stays at the last price has no direction.
    directions = [judged.direction] if math.isfinite(judged.direction.share) else []
    _bars("How often right", [*map(_direction, directions), _range("80 % range", judged.held)])


def against(
    compared: Comparison, own: Judgement, other: Judgement, quote: str, name: str = "Default"
) -> None:
    """Draw a trained model beside another one and the last price.

    Args:
        compared: Both on the same past forecasts.
        own: The test of the trained model.
        other: That of the other one.
        quote: The currency of the prices.
        name: What the other one is called.
    """
    rows: list[tuple[str, float, str, bars.Meaning]] = [
        ("Yours", compared.error, words.miss(compared.error, quote), "chosen"),
        (name, compared.other, words.miss(compared.other, quote), "reference"),
    ]
    if compared.origins == own.origins:  # else it was measured on other forecasts
        stays = words.miss(own.reference, quote)
        rows.append(("Stays put", own.reference, stays, "reference"))
    _bars(f"Average miss, {compared.origins:,} past forecasts", bars.of_misses(rows))
    _bars(
        "80 % range held",
        [
            bars.of_share("Yours", own.held.share, own.held.promised),
            bars.of_share(name, other.held.share, other.held.promised, meaning="reference"),
        ],
    )


def comparison_heading(compared: Comparison, quote: str, eyebrow: str, name: str) -> None:
    """Write how a trained model compares with another one, in a heading and a sentence.

    Args:
        compared: Both on the same past forecasts.
        quote: The currency of the prices.
        eyebrow: A few words above.
        name: What the other one is called.
    """
    apart = words.miss(abs(compared.difference), quote)
    size = f"{abs(100 * compared.range_skill):.1f} %"
    # Two medians that both stay at the last price miss by the same: the ranges tell them apart.
    by_range = compared.outcome == "tie" and compared.range_outcome in ("better", "worse")
    same = compared.difference == 0
    texts: dict[str, tuple[str, str, card.Mark]] = {
        "better": (f"Better than the {name}", f"It misses by {apart} less.", "better"),
        "worse": (f"Worse than the {name}", f"It misses by {apart} more.", "worse"),
        "tie": (
            f"As good as the {name}, no better",
            f"Both miss alike; ranges {size} apart is within chance."
            if same
            else f"{apart} apart is within chance.",
            "tie",
        ),
        "unknown": ("Trained", f"Too few past forecasts to compare it with the {name}.", "none"),
        "range better": (
            f"A better range than the {name}",
            f"The middle misses alike; the range errs {size} less.",
            "better",
        ),
        "range worse": (
            f"A worse range than the {name}",
            f"The middle misses alike; the range errs {size} more.",
            "worse",
        ),
    }
    text, line, mark = texts[f"range {compared.range_outcome}" if by_range else compared.outcome]
    card.heading(words.plain(text), words.plain(line), eyebrow=words.plain(eyebrow), mark=mark)


def _direction(kept: Promise) -> bars.Bar:
    return bars.of_share("Direction", kept.share, kept.promised, _DIRECTION[kept.outcome])


def _range(label: str, kept: Promise) -> bars.Bar:
    return bars.of_share(label, kept.share, kept.promised, _RANGE[kept.outcome])


def _bars(caption: str, rows: list[bars.Bar]) -> None:
    with st.container(gap="xsmall"):
        st.caption(words.plain(caption))
        bars.draw(rows, caption.partition(" ")[0].lower(), side=True)
