"""A network that was just trained, beside the default, the one before it and the last price."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cryptoforecast.types import Comparison, Contest, Judgement, Outcome, predictor_name
from cryptoforecast.ui import bars, card, judgement, words

#: Those that a trained network is compared with, in a sentence.
RIVALS = {"default": "the default", "previous": "your previous one"}
#: Name of the forecasts of the network alone that was trained before.
BEFORE = "network-before"
#: Explains the row of the network alone.
ALONE = (
    "“{network}” is your network without the regression; its word compares it with “the price "
    "stays put”. The Models page judges it so, by the same past forecasts."
)


def finding(
    result: Contest,
    verdict: Judgement,
    quote: str,
    eyebrow: str,
    *,
    changes: str = "",
    help: str = "",
) -> None:
    """Write whether a trained network beats the last price, and how it compares with its rivals.

    Args:
        result: All of them on the same past forecasts.
        verdict: Its forecast against the last price.
        quote: The currency of the prices.
        eyebrow: A few words above.
        changes: What was set otherwise than in the training before.
        help: Explains the heading.
    """
    card.heading(
        judgement.HEADINGS[verdict.outcome],
        judgement.line(verdict),
        eyebrow=words.plain(eyebrow),
        mark="none" if verdict.outcome == "unknown" else verdict.outcome,
        help=words.plain(help),
    )
    with st.container(gap="xxsmall"):
        for name, other in result.comparisons.items():
            text, line, mark = _words(other, quote, RIVALS[name])
            more = [line] * bool(line) + [changes] * bool(changes and name == "previous")
            gray = f" :gray[{words.plain(' '.join(more))}]" if more else ""
            st.markdown(f"{card.MARKS[mark]} {words.plain(text)}.{gray}")


def figures(
    result: Contest, own: Sequence[str], quote: str, alone: Outcome, ahead: str = ""
) -> None:
    """Draw the misses of all of them, and how many prices their ranges held.

    Args:
        result: All of them on the same past forecasts, by predictor or by the keys of
            ``judgement.REFERENCES``.
        own: The predictors of the user's network: first the one that the page shows, last the
            network alone. ``BEFORE`` stands for the network alone that was trained before.
        quote: The currency of the prices.
        alone: The verdict on the network alone; ``"unknown"`` is not written.
        ahead: How far ahead they are compared, if some of them look farther.
    """
    verdicts = {own[-1]: words.VERDICTS.get(alone, "")}
    before = {BEFORE: "Network before"} if BEFORE in result.errors else {}
    labels = {name: predictor_name(name) for name in own} | before | judgement.REFERENCES
    rows = [
        (label, result.errors[name], verdicts.get(name, ""))
        for name, label in labels.items()
        if name in result.errors and not (before and name == "previous")
    ]
    where = f" {ahead} ahead, the farthest that all of them forecast" if ahead else ""
    judgement.captioned(
        f"Average miss{where}, {result.origins:,} past forecasts", judgement.misses(rows, quote)
    )
    first = own[0]
    judgement.captioned(
        "80 % range held (tick: expected)",
        [
            bars.of_share(labels[first], result.coverage[first], 0.8),
            *(
                bars.of_share(labels[rival], result.coverage[rival], 0.8, meaning="reference")
                for rival in result.comparisons
            ),
        ],
    )


def _words(comparison: Comparison, quote: str, name: str) -> tuple[str, str, card.Mark]:
    """Write how a forecast compares with another one: a finding, a sentence and a mark.

    What may be chance has no sentence.
    """
    apart = words.miss(abs(comparison.difference), quote)
    size = f"{abs(100 * comparison.range_skill):.1f} %"
    size = "less than 0.1 %" if size == "0.0 %" else size
    # Two medians that both stay at the last price miss by the same: the ranges tell them apart.
    by_range = comparison.outcome == "tie" and comparison.range_outcome in ("better", "worse")
    same = comparison.difference == 0
    prices = "Both best guesses miss by as much." if same else "Their misses may differ by chance."
    texts: dict[str, tuple[str, str, card.Mark]] = {
        "better": (f"Better than {name}", f"Its average miss is {apart} smaller.", "better"),
        "worse": (f"Worse than {name}", f"Its average miss is {apart} larger.", "worse"),
        "tie": (f"As good as {name}, no better", "", "tie"),
        "unknown": (f"Too few past forecasts to compare it with {name}", "", "none"),
        "range better": (
            f"A better range than {name}",
            f"{prices} The error of its range is {size} smaller.",
            "better",
        ),
        "range worse": (
            f"A worse range than {name}",
            f"{prices} The error of its range is {size} larger.",
            "worse",
        ),
    }
    return texts[f"range {comparison.range_outcome}" if by_range else comparison.outcome]
