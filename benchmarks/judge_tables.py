"""What ``benchmarks.judge`` measures in each market, and the tables that are made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

#: Origins of each test: the short and the long one.
SPANS = (480, 14_000)


@dataclass(frozen=True)
class Opinion:
    """One verdict on one forecaster in one market.

    Attributes:
        case: Table, market, forecaster, horizon and origins; one row of a table.
        better: Whether the price was called better than the baseline's.
        worse: Whether it was called worse.
        band_better: Whether the band was called better than the cone's.
        band_worse: Whether it was called worse.
        skill: Skill of the price, a fraction.
        band_skill: Skill of the band, a fraction.
    """

    case: tuple[str, str, str, int, int]
    better: bool
    worse: bool
    band_better: bool
    band_worse: bool
    skill: float
    band_skill: float


@dataclass(frozen=True)
class BandCoverage:
    """What one forecaster's bands covered in one market."""

    case: tuple[str, str, int]
    of_80: float
    of_95: float


def claims(opinions: list[Opinion]) -> list[dict[str, str]]:
    """Make the rows of "nothing to find"."""
    rows = []
    for case, group in grouped(opinions):
        table, _, who, horizon, span = case
        if table != "nothing":
            continue
        row = {
            "forecaster": who,
            "ahead": f"{horizon} h",
            "origins": f"{span:,}",
            "price called better": rate([one.better for one in group]),
            "price called worse": "",
            # The linear regression has HAR's band, which is better than the cone's.
            "band called better": "",
            "band called worse": "",
        }
        if who == "opposites":
            row["price called worse"] = rate([one.worse for one in group])
            row["band called worse"] = rate([one.band_worse for one in group])
        if who in ("opposites", "drift"):
            row["band called better"] = rate([one.band_better for one in group])
        rows.append(row)
    return rows


def power(opinions: list[Opinion]) -> list[dict[str, str]]:
    """Make the rows of "something to find"."""
    rows = []
    for case, group in grouped(opinions):
        table, planted, who, horizon, span = case
        if table == "nothing":
            continue
        price = table == "price"
        worth = np.mean(
            [
                one.skill if price else one.band_skill
                for one in opinions
                if one.case == (*case[:4], max(SPANS))
            ]
        )
        rows.append(
            {
                "planted": planted,
                "forecaster": who,
                "ahead": f"{horizon} h",
                "worth": f"{100 * worth:.2f} %",
                "origins": f"{span:,}",
                "found": rate([one.better if price else one.band_better for one in group]),
            }
        )
    return rows


def bands(measured: list[BandCoverage]) -> list[dict[str, str]]:
    """Make the rows of the coverages."""
    cases: dict[tuple[str, str, int], list[BandCoverage]] = {}
    for one in measured:
        cases.setdefault(one.case, []).append(one)
    return [
        {
            "market": where,
            "band": who,
            "ahead": f"{horizon} h",
            "80 % band covers": mean([one.of_80 for one in group]),
            "95 %": mean([one.of_95 for one in group]),
        }
        for (where, who, horizon), group in cases.items()
    ]


def grouped(
    opinions: Iterable[Opinion],
) -> Iterable[tuple[tuple[str, str, str, int, int], list[Opinion]]]:
    """Gather verdicts by the row of a table they belong to, in the order they came."""
    cases: dict[tuple[str, str, str, int, int], list[Opinion]] = {}
    for one in opinions:
        cases.setdefault(one.case, []).append(one)
    return cases.items()


def rate(claims: list[bool]) -> str:
    """Write a share with its exact (Clopper-Pearson) 95 % interval."""
    ends = binomtest(sum(claims), len(claims)).proportion_ci(method="exact")
    low, high = 100 * ends.low, 100 * ends.high
    return f"{100 * sum(claims) / len(claims):.1f} % ({low:.1f} to {high:.1f})"


def mean(values: list[float]) -> str:
    """Write a mean over markets with its 95 % interval."""
    half = 1.96 * np.std(values) / np.sqrt(len(values))
    return f"{100 * np.mean(values):.2f} % (± {100 * half:.2f})"
