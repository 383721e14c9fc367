"""Which column is meant where several have the name of one role."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cryptoforecast.errors import SeveralSeries, UnreadableFile
from cryptoforecast.prices.files.columns.dialects import (
    ALIASES,
    CLOSING_NAMES,
    Meaning,
    meaning,
    without_place,
)
from cryptoforecast.prices.files.columns.tickers import (
    is_same_coin,
    prices_by_ticker,
    quote_of_ticker,
)
from cryptoforecast.prices.files.table import PRICES
from cryptoforecast.types.quotes import DEFAULT_QUOTE, quote_of

# Stands between a role and the number of a further column for it: ``"open 2"``.
_NUMBERED = " "
# Stands in a decision before the prices that are left out.
_LEFT_OUT = "; left out: "
#: Role of the volume that is taken where the first one is zero everywhere.
SPARE = "spare volume"
_TICKS = ("tickvolume", "tickvol")
# Further names of columns that may have times, and how many of them are looked at.
_MORE_TIMES = re.compile("unix|epoch|timestamp|utc")
_MAX_OTHER_TIMES = 2


def role_of(role: str) -> str:
    """Return a role without the number of a rival: ``"open"`` for ``"open 2"``."""
    return role.partition(_NUMBERED)[0] if role[-1:].isdigit() else role


def rivals(roles: Mapping[str, str], role: str) -> list[str]:
    """Return the roles of the other columns that may play a role."""
    return [each for each in roles if each != role and role_of(each) == role]


def is_amount(role: str) -> bool:
    """Tell whether a role's column holds prices or volumes."""
    return role == SPARE or role_of(role) in (*PRICES, "price", "volume", "turnover")


def without_rivals(roles: dict[str, str], role: str) -> None:
    """Forget the other columns that may play a role; changes ``roles``."""
    for each in [*rivals(roles, role), *([SPARE] if role == "volume" else [])]:
        roles.pop(each, None)


@dataclass(frozen=True)
class Preference:
    """Which of several prices in one file the user wants.

    Attributes:
        quote: Currency of the prices, as ``quote_of`` returns it.
        only: Symbol or other name of one series.
    """

    quote: str | None = None
    only: str | None = None


class Choice(NamedTuple):
    """Columns chosen by their names.

    Attributes:
        roles: Column by role. ``"open 2"`` is another column that ``"open"`` may be; the file is
            refused if their values differ.
        decisions: Why one of several was chosen, by topic.
        refusal: Why none may be chosen; the roles are then those of one of them.
    """

    roles: dict[str, str]
    decisions: dict[str, str]
    refusal: UnreadableFile | None = None


class _Column(NamedTuple):
    """A column and what its name says."""

    name: str
    meaning: Meaning


# Columns by role; all of one role have the same alias.
_Family = dict[str, list[str]]


def choose(names: Sequence[str], fixed: Mapping[str, str], preference: Preference) -> Choice:
    """Choose the columns of the roles by their names.

    Args:
        names: Names of the columns, all different.
        fixed: Column by role, as the user gives them.
        preference: Which of several prices the user wants.
    """
    columns = [_Column(name, meaning(name)) for name in names]
    roles: dict[str, str] = {}
    prices, decisions, refusal = _choose_prices(columns, fixed, preference)
    others: dict[str, list[str]] = {
        role: _of_best_name(columns, role)
        for role in ALIASES
        if role not in (*PRICES, "price") and role not in fixed
    }
    others["time"] = _in_utc(others.get("time", []))
    others.update((role, candidates) for role, candidates in prices.items() if role not in fixed)
    style = _usual_style(others)
    for role in ALIASES:
        if candidates := others.get(role):
            roles[role], *more = _by_case(candidates, style)
            if role in ("time", "volume", *PRICES, "price"):
                roles |= {f"{role}{_NUMBERED}{i}": name for i, name in enumerate(more, start=2)}
    if "time" in roles:
        roles |= _other_times(columns, roles, {*roles.values(), *fixed.values()})
    if "volume" not in fixed:
        _choose_volume(columns, roles)
    return Choice(roles, decisions, refusal)


def _other_times(
    columns: Sequence[_Column], roles: Mapping[str, str], owned: set[str]
) -> dict[str, str]:
    """Return roles for time columns of other names, one of which may be surer."""
    own = meaning(roles["time"]).name
    names = [
        each.name
        for each in columns
        if each.name not in owned
        and each.meaning.name not in (own, *CLOSING_NAMES)
        and (each.meaning.name in ALIASES["time"] or _MORE_TIMES.search(each.meaning.name))
    ]
    first = len(rivals(roles, "time")) + 2
    return {
        f"time{_NUMBERED}{i}": name for i, name in enumerate(names[:_MAX_OTHER_TIMES], start=first)
    }


def _choose_volume(columns: Sequence[_Column], roles: dict[str, str]) -> None:
    """Choose the volume that belongs to the prices, and a spare one; changes ``roles``."""
    label = meaning(roles.get("close", "")).label
    if label and "volume" not in roles:
        # JSON may have a record for each currency, each with a volume of its own.
        own = f"{label} volume".casefold()
        same = [each.name for each in columns if each.name.casefold() == own]
        roles.update(("volume", name) for name in same[:1])
    ticks = [each.name for each in columns if each.meaning.name in _TICKS]
    if ticks and roles.get("volume") not in (None, *ticks):
        roles[SPARE] = ticks[0]


def _choose_prices(
    columns: Sequence[_Column], fixed: Mapping[str, str], preference: Preference
) -> tuple[_Family, dict[str, str], UnreadableFile | None]:
    """Choose one family of prices: those in one currency, of one side, or of one coin."""
    families = _families(columns)
    user_prices = fixed.keys() & {*PRICES}
    if len(user_prices) == len(PRICES) or ("price" in fixed and not user_prices):
        return {}, {}, None
    complete = {
        label: family
        for label, family in families.items()
        if all(role in family or role in fixed for role in PRICES)
        and any(role in family for role in PRICES)
    }
    if not complete:
        tickers = prices_by_ticker([each.name for each in columns])
        if tickers and not any("price" in family for family in families.values()):
            label, refusal = _pick_ticker(tickers, preference)
            why = f"those of {label}, out of {len(tickers)}"
            return tickers[label], {"prices": why} if len(tickers) > 1 else {}, refusal
        return _choose_apart(families, fixed, preference)
    labels = {meaning(fixed[role]).label for role in user_prices}
    if len(labels) == 1 and labels <= complete.keys():
        label, refusal = labels.pop(), None
    else:
        label, refusal = _pick_label(complete, preference)
    columns_of = {role: list(names) for role, names in complete[label].items()}
    if len(complete) == 1:
        return columns_of, {}, refusal
    in_currency = [each for each in sorted(complete) if quote_of(each)]
    if not label and in_currency and preference.quote is None:
        # Prices without a currency beside those with one: they must be the same.
        for role in columns_of:
            columns_of[role] += [
                name for each in in_currency for name in complete[each].get(role, [])
            ]
        return columns_of, {}, refusal
    return columns_of, {"prices": _why(label, complete)}, refusal


def _why(label: str, labels: Iterable[str]) -> str:
    """Say which of several prices are taken, and which are not."""
    family = f"those {'in' if quote_of(label) else 'called'} {label}" if label else "those unmarked"
    others = ", ".join(sorted(each or "those unmarked" for each in labels if each != label))
    return f"{family}{_LEFT_OUT}{others}"[:200]


def left_out(decision: str) -> list[str]:
    """Return what the decision on several prices, as ``_why`` writes it, leaves out."""
    return list(filter(None, decision.partition(_LEFT_OUT)[2].split(", ")))


def _families(columns: Sequence[_Column]) -> dict[str, _Family]:
    """Group the columns of prices by the currency, side or coin in their names."""
    labels = dict.fromkeys(each.meaning.label for each in columns)
    families: dict[str, _Family] = {}
    for label in labels:
        same_label = [each for each in columns if each.meaning.label == label]
        for role in (*PRICES, "price"):
            if names := _of_best_name(same_label, role):
                families.setdefault(label, {})[role] = names
    return families


def _of_best_name(columns: Sequence[_Column], role: str) -> list[str]:
    """Return the columns that have the role's most preferred name."""
    for alias in ALIASES[role]:
        if names := [each.name for each in columns if each.meaning.name == alias]:
            return names
    return []


def _pick_label(
    complete: Mapping[str, _Family], preference: Preference
) -> tuple[str, UnreadableFile | None]:
    """Pick one of the families that have all four prices."""
    labels = list(complete)
    if preference.only is not None:
        same = [label for label in labels if label.casefold() == preference.only.casefold()]
        if len(same) == 1:
            return same[0], None
    if len(labels) == 1:
        return labels[0], None
    if preference.quote is not None:
        quotes = [quote_of(label) for label in labels]
        if all(quotes) and preference.quote not in quotes:
            return labels[0], _no_quote(preference.quote, labels)
        labels = [label for label in labels if quote_of(label) == preference.quote] or labels
    elif all(quote_of(label) for label in labels):
        labels = [label for label in labels if quote_of(label) == DEFAULT_QUOTE] or labels
    exact = [label for label in labels if label == (preference.quote or DEFAULT_QUOTE)]
    if len(labels) == 1 or (len(exact) == 1 and all(map(quote_of, labels))):
        return (exact or labels)[0], None
    if "" in labels:
        return "", None
    first, second = (complete[label] for label in sorted(labels)[:2])
    role = next(role for role in PRICES if role in first and role in second)
    return labels[0], _several(first[role], second[role], role, [each or role for each in labels])


#: How a user chooses one of several series.
HOW_TO_CHOOSE = (
    "Series on the Data page; --only NAME or --quote CODE on the command line, only= or quote= in "
    "Python"
)


def _pick_ticker(
    tickers: Mapping[str, _Family], preference: Preference
) -> tuple[str, UnreadableFile | None]:
    """Pick one of the tickers in the names of the columns."""
    labels = sorted(tickers)
    if preference.only is not None:
        exact = [label for label in labels if label == preference.only]
        labels = exact or [label for label in labels if is_same_coin(label, preference.only)]
        if not labels:
            return sorted(tickers)[0], not_there(preference.only, sorted(tickers))
    if len(labels) > 1 and preference.quote is not None:
        in_quote = [label for label in labels if quote_of_ticker(label) == preference.quote]
        labels = in_quote or labels
    if len(labels) == 1:
        return labels[0], None
    return labels[0], SeveralSeries(
        f"A file must hold one coin. Received: {', '.join(labels)[:80]} side by side. Choose one "
        f"({HOW_TO_CHOOSE}), or save one coin a file.",
        labels,
    )


def _choose_apart(
    families: Mapping[str, _Family], fixed: Mapping[str, str], preference: Preference
) -> tuple[_Family, dict[str, str], UnreadableFile | None]:
    """Choose each price for itself where no family has all four."""
    family: _Family = {}
    decisions: dict[str, str] = {}
    for role in (*PRICES, "price"):
        having = [label for label in families if role in families[label] and role not in fixed]
        in_currency = [
            label for label in having if quote_of(label) == (preference.quote or DEFAULT_QUOTE)
        ]
        labels = [""] if "" in having and not preference.quote else in_currency or having
        if labels:
            label = sorted(labels)[0]
            family[role] = list(families[label][role])
            if len(having) > 1:
                decisions["prices"] = _why(label, having)
            if len(labels) > 1:
                other = families[sorted(labels)[1]][role]
                return family, {}, _several(family[role], other, role, labels)
    return family, decisions, None


def _several(
    one: Sequence[str], other: Sequence[str], role: str, labels: Sequence[str]
) -> UnreadableFile:
    """Return the error for several columns of which any may be meant."""
    return SeveralSeries(
        f"A file must hold one price of each kind. Received: {one[0]!r} and {other[0]!r}, so "
        f"several prices side by side. Choose one ({HOW_TO_CHOOSE}), or say which column is meant "
        f"(Columns on the Data page; --columns {role}=NAME on the command line, columns= in "
        "Python).",
        labels,
    )


def not_there(only: str, present: Sequence[str]) -> UnreadableFile:
    """Return the error for a series that the file does not have."""
    names = ", ".join(repr(name[:30]) for name in present[:12])
    more = f" and {len(present) - 12} more" if len(present) > 12 else ""
    return SeveralSeries(
        f"The one series to read must be in the file: {names or 'it holds no name of a series'}"
        f"{more}. Received: {only[:40]!r}. "
        f"{f'Choose among them ({HOW_TO_CHOOSE})' if present else 'Leave it out'}.",
        present,
    )


def _no_quote(quote: str, labels: Sequence[str]) -> UnreadableFile:
    """Return the error for a currency that none of several prices is in."""
    return SeveralSeries(
        f"The file has prices in {', '.join(sorted(labels))}. Received: {quote}. Choose one "
        f"({HOW_TO_CHOOSE}).",
        labels,
    )


def _in_utc(names: list[str]) -> list[str]:
    """Keep the times that are called UTC, where others of the same name are not."""
    utc = [name for name in names if "utc" in name.lower()]
    return utc or names


# ---------------------------------------------------------------------------- capitals


def _style(name: str) -> str:
    """Return how a name uses capitals."""
    letters = "".join(filter(str.isalpha, name))
    if letters.islower():
        return "lower"
    return "upper" if letters.isupper() else "title" if name.istitle() else "mixed"


def _usual_style(columns: Mapping[str, Sequence[str]]) -> str:
    """Return how the times, prices and volumes whose names have no rival use capitals."""
    roles = ("time", *PRICES, "price", "volume")
    spellings = [{without_place(name) for name in columns.get(role, ())} for role in roles]
    sure = [_style(*each) for each in spellings if len(each) == 1]
    return max(sorted(set(sure)), key=sure.count) if sure else ""


def _by_case(names: list[str], usual: str) -> list[str]:
    """Keep the name in the usual case, where the case alone tells names apart; else keep all."""
    spellings = {name: without_place(name) for name in names}
    different = set(spellings.values())
    same = len({spelling.casefold() for spelling in different}) == 1
    if not same or len({_style(each) for each in different}) < len(different):
        return names
    exact = [name for name in names if _style(spellings[name]) == "lower"]
    alike = [name for name in names if _style(spellings[name]) == usual]
    # A letter in the style of the other letters is meant: O,H,L,C beside l.
    letters = all(len(each) == 1 for each in different)
    if alike and (letters or not exact or exact == alike):
        return alike
    return exact if exact and not alike else names
