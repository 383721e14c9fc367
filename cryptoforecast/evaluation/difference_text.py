"""A difference of two errors in words, with the interval that decides whether it is chance."""

from __future__ import annotations

import math

from cryptoforecast.types.confidence import beyond_chance, decimals, interval_text, rounded

#: From this multiple on an error is given in times, not in per cent.
MIN_MULTIPLE = 2.0


def size_text(skill: float, baseline: str = "", places: int | None = None) -> str:
    """Write how an error differs from a baseline's: "4.7 times as large as that of the cone".

    Args:
        skill: 1 - error / the baseline's error, a fraction.
        baseline: Whose error it is compared with, such as "that of the cone"; may be left
            out.
        places: Decimals; as many as the size needs by default.
    """
    if skill == 0 and baseline and places is None:
        return f"the same as {baseline}"
    if 1 - skill >= MIN_MULTIPLE:
        return f"{rounded(1 - skill, places or 1)} times as large{_before(' as', baseline)}"
    if places is None:
        places = decimals(100 * skill, math.nan, math.nan)
    word = "smaller" if skill > 0 else "larger"
    return f"{rounded(100 * abs(skill), places)} % {word}{_before(' than', baseline)}"


def difference_text(skill: float, low: float, high: float, baseline: str = "") -> str:
    """Write how an error differs from a baseline's, with its interval and what that means.

    Returns:
        For example "0.2 % larger than that of the cone (within chance: -0.4 to 1.0 %)". The
        brackets hold the interval at 95 %, and "beyond chance" only if the interval, as it is
        written, leaves out no difference. Nothing is in brackets where no origin differs.

    Args:
        skill: 1 - error / the baseline's error, a fraction.
        low: Lower end of the interval of the skill.
        high: Upper end of that interval.
        baseline: Whose error it is compared with, such as "that of the cone"; may be left
            out.
    """
    if low == high == 0:
        return size_text(skill, baseline)
    chance = "beyond" if beyond_chance(low, high) else "within"
    if 1 - skill >= MIN_MULTIPLE:
        places, ends = decimals(-skill, -high, -low), (1 - high, 1 - low)
        unit = "times"
    else:
        places = decimals(100 * skill, 100 * low, 100 * high)
        ends = (100 * low, 100 * high) if skill > 0 else (-100 * high, -100 * low)
        unit = "%"
    size = size_text(skill, baseline, places)
    return f"{size} ({chance} chance: {interval_text(*ends, places)} {unit})"


def _before(word: str, baseline: str) -> str:
    return f"{word} {baseline}" if baseline else ""
