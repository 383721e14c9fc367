"""The Ledger page's card of the promise: how often ranges held, the misses, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from cryptoforecast.types import predictor_name
from cryptoforecast.types.ledger_record import MIN_FORECASTS, LedgerRecord, LedgerVerdict
from cryptoforecast.ui import bars, card, words

_TAMPER = (
    "Each entry carries a hash of itself and of the one before. `ledger verify` finds every "
    "rewrite; `ledger head` prints a hash to publish, with which a ledger that was made anew is "
    "found too."
)
_USUAL = (
    "The Diebold-Mariano test of the same forecasts holds if you look once, on a day chosen "
    "beforehand. Looked at day after day, it finds a difference by chance sooner or later."
)


def promise(record: LedgerRecord) -> None:
    """Compare how often the ranges held with what they promise, and the misses."""
    series, total = record.series, record.total
    if total is None:
        card.heading("Nothing to judge yet", "The promise is judged once forecasts are due.")
        _locked()
        return
    finding, mark = _promise(record)
    card.heading(words.plain(finding), mark=mark)
    with st.container(gap="xsmall"):
        kind = "practised" if series.name.simulated else "graded"
        st.caption(f"{total.count:,} {kind}, share held", help=words.plain(_intervals(record)))
        bars.draw(
            [
                bars.of_share(f"{share.level} % range", share.value, share.level / 100)
                for share in record.shares
            ],
            "ledger-shares",
            side=True,
        )
    with st.container(gap="xsmall"):
        st.caption("Average miss")
        quote = series.name.quote
        misses: tuple[tuple[str, float, str, bars.Meaning], ...] = (
            ("Forecasts", total.miss, words.miss(total.miss, quote), "chosen"),
            (
                predictor_name("naive"),
                total.miss_naive,
                words.miss(total.miss_naive, quote),
                "reference",
            ),
        )
        bars.draw(bars.of_misses(misses), "ledger-misses", side=True)
    with st.container(gap="xxsmall"):
        for verdict in record.verdicts:
            sign, sentence = _verdict(verdict)
            st.markdown(
                f"{card.MARKS[sign]} {words.plain(sentence)}", help=words.plain(_evidence(verdict))
            )
        if any(verdict.forecasts for verdict in record.verdicts):
            st.caption(words.plain(_usual(record.verdicts)), help=_USUAL)
    st.space("stretch")
    _locked()


def _promise(record: LedgerRecord) -> tuple[str, card.Mark]:
    """Return the heading: whether the ranges hold as many prices as they promise, and its sign."""
    if any(share.high < share.level / 100 for share in record.shares):
        return "The ranges hold too few prices", "watch"
    if not all(share.holds for share in record.shares):
        return "The ranges are wider than promised", "watch"
    if record.shares[0].separate < MIN_FORECASTS:
        return "Too few to judge yet", "none"
    return "The promise holds", "good"


def _intervals(record: LedgerRecord) -> str:
    """Write the exact intervals behind the bars."""
    separate = record.shares[0].separate
    parts = [
        f"{share.level} %: {words.percent(share.low)} to {words.percent(share.high)}"
        for share in record.shares
    ]
    return (
        "Exact 95 % intervals (Clopper-Pearson) of the share behind each bar, from the "
        f"{separate:,} forecasts that do not overlap: {'; '.join(parts)}."
    )


def _verdict(verdict: LedgerVerdict) -> tuple[card.Mark, str]:
    """Return the sign and the words of a verdict."""
    other, equal = "on the price than “stays put”", "forecast has differed from “stays put”"
    if verdict.against == "cone":
        other = "range than the volatility cone"
        equal = "range has differed from the volatility cone"
    if not verdict.forecasts:
        return "tie", f"No {equal} yet."
    if verdict.better:
        return "better", f"Better {other}."
    if verdict.worse:
        return "worse", f"Worse {other}."
    return "tie", f"No better {other}."


def _evidence(verdict: LedgerVerdict) -> str:
    """Explain a verdict: it holds however often one looks."""
    if not verdict.forecasts:
        return "Equal forecasts say nothing about which is better, so there is no verdict yet."
    text = (
        "This verdict may be looked at every day (anytime-valid confidence sequence): over all "
        "looks together it is wrong at most 5 times in 100. It rests on "
        f"{verdict.forecasts:,} forecasts that do not overlap"
    )
    low, high = words.percent(verdict.low), words.percent(verdict.high)
    return f"{text}. Improvement {words.percent(verdict.skill)}, at least {low}, at most {high}."


def _usual(verdicts: Sequence[LedgerVerdict]) -> str:
    """Write what the usual test says of the same forecasts, and how often each may be looked at."""
    tests = [verdict.usual for verdict in verdicts]
    if all(math.isfinite(each.p_value) and not each.better and not each.worse for each in tests):
        result = f"neither is proven ({', '.join(each.p_text for each in tests)})"
    else:
        result = ", ".join(usual_result(verdict) for verdict in verdicts)
    return (
        "The verdicts above hold however often you look. The usual test holds for one look only: "
        f"{result}."
    )


def usual_result(verdict: LedgerVerdict) -> str:
    """Write what the usual test says of the price or the range."""
    usual, noun = verdict.usual, "price" if verdict.against == "naive" else "range"
    if not math.isfinite(usual.p_value):
        return f"{noun} too few forecasts"
    result = "better" if usual.better else "worse" if usual.worse else "not proven"
    return f"{noun} {result} ({usual.p_text})"


def _locked() -> None:
    st.caption(
        ":material/lock: Stored with time and fingerprint, so that a later change can be found.",
        help=_TAMPER,
    )
