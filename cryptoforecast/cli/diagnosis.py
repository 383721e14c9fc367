"""The doctor's findings as text: each source step by step, then which one would be used."""

from __future__ import annotations

from cryptoforecast.cli.progress import one_line
from cryptoforecast.texts import lines_text
from cryptoforecast.types import price_text
from cryptoforecast.types.diagnosis import Agreement, CoinCheck, Diagnosis, SourceCheck


def text(diagnosis: Diagnosis) -> str:
    """Describe the findings of the doctor."""
    lines = [
        f"{diagnosis.coin} in {diagnosis.quote}, {diagnosis.interval} candles, "
        f"{diagnosis.time:%Y-%m-%d %H:%M} UTC. The cache was not used."
    ]
    for check in diagnosis.sources:
        lines += ["", *_source(check, diagnosis.quote)]
    lines += ["", _agreement(diagnosis), _winner(diagnosis)]
    if diagnosis.coins:
        lines += ["", *_coins(diagnosis.coins)]
    if diagnosis.recorded:
        lines.append(f"Recorded: {len(diagnosis.recorded)} answers, without cookies.")
    lines.append(f"Done in {diagnosis.seconds:.1f} s.")
    return lines_text(lines)


def _source(check: SourceCheck, quote: str) -> list[str]:
    """Describe one source: its name, the connection, its clock and its answer."""
    rows = [("", f"{check.title}: {'usable' if check.usable else 'not usable'}")]
    if check.problem:
        rows.append(("problem", check.problem))
    if check.addresses:
        seconds = check.resolve_seconds or 0.0
        rows.append(("name", f"{check.host} is {check.addresses[0]} ({_milliseconds(seconds)})"))
    if check.connect_seconds is not None:
        rows.append(("connection", f"stands after {_milliseconds(check.connect_seconds)}"))
    if check.clock_ahead is not None:
        side = "ahead" if check.clock_ahead >= 0 else "behind"
        rows.append(("clock", f"this machine's is {abs(check.clock_ahead):,.0f} s {side}"))
    if check.status is not None and check.seconds is not None:
        rows.append(("answer", f"status {check.status} after {_milliseconds(check.seconds)}"))
    if check.first_bytes:
        rows.append(("it begins", one_line(check.first_bytes)))
    if check.start is not None and check.end is not None and check.last_close is not None:
        rows.append(
            (
                "candles",
                f"{check.rows} closed, {check.order or 'order unknown'}, open from "
                f"{check.start:%Y-%m-%d %H:%M} to {check.end:%Y-%m-%d %H:%M} UTC; the last closed "
                f"at {price_text(check.last_close, quote)}",
            )
        )
    if check.usable and check.year_seconds is not None:
        requests = "1 request" if check.year_requests == 1 else f"{check.year_requests} requests"
        rows.append(
            (
                "a year",
                f"{check.year_rows:,} hours in {requests}, about {check.year_seconds:.1f} s",
            )
        )
    rows += [("warning", warning) for warning in check.warnings]
    return [f"  {name:<11}{words}" if name else words for name, words in rows]


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


def _agreement(diagnosis: Diagnosis) -> str:
    """Say how far the usable sources agree."""
    agreement = diagnosis.agreement
    if agreement is None:
        return "Agreement: unknown, because fewer than two sources have a candle in common."
    return f"Agreement: {_closes(agreement, diagnosis.quote)}"


def _closes(agreement: Agreement, quote: str) -> str:
    closes = ", ".join(
        f"{name} {price_text(close, quote)}" for name, close in agreement.closes.items()
    )
    verdict = "within 1 %" if agreement.within else "MORE THAN 1 %: not the same market"
    return (
        f"the closes of the candle of {agreement.time:%Y-%m-%d %H:%M} UTC differ by "
        f"{100 * agreement.difference:.2f} % ({closes}), {verdict}."
    )


def _winner(diagnosis: Diagnosis) -> str:
    """Say which source would give the prices of the landing page."""
    if diagnosis.winner is None:
        return "Winner: none. The app shows cached or simulated prices."
    check = next(one for one in diagnosis.sources if one.source == diagnosis.winner)
    return f"Winner: {check.title}, with {check.year_rows:,} of the 8,760 hours of a year."


def _coins(coins: tuple[CoinCheck, ...]) -> list[str]:
    """Describe each coin of the list in one line."""
    lines = ["All coins of the list (last closes in USD):"]
    for coin in coins:
        if not coin.in_time:
            lines.append(f"  {coin.coin:<6}not asked: time was up")
            continue
        parts = [f"{name} {price_text(close)}" for name, close in coin.closes.items()]
        if coin.difference is not None:
            parts.append(f"differ by {100 * coin.difference:.2f} %")
        parts += [one_line(problem) for problem in coin.problems.values()]
        lines.append(f"  {coin.coin:<6}{'; '.join(parts)}")
    return lines
