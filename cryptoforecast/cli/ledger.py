"""The commands of the ledger: record, grade, show, verify, head, rebuild, export; and tick."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from cryptoforecast.cli import alarms, tables
from cryptoforecast.cli.answer import Answer, status_of
from cryptoforecast.cli.progress import one_line, say
from cryptoforecast.errors import CryptoForecastError, InvalidInput
from cryptoforecast.json_views import Json
from cryptoforecast.json_views import alarms as alarm_json
from cryptoforecast.json_views import ledger as json_views
from cryptoforecast.json_views.renewals import refusal_json, renewal_json
from cryptoforecast.service import Service, files, ledger_files, ticks
from cryptoforecast.texts import lines_text
from cryptoforecast.types.durations import plural
from cryptoforecast.types.ledger import (
    Attempt,
    GradeCounts,
    LedgerEntry,
    LedgerHead,
    result_text,
)
from cryptoforecast.types.ledger_record import (
    EVERY_DAY,
    ONE_LOOK,
    LedgerRecord,
    LedgerView,
    anytime_sentence,
    usual_sentence,
)
from cryptoforecast.types.renewal import Renewal

COMMANDS = ("ledger", "tick")


def answer(service: Service, args: argparse.Namespace) -> Answer:
    """Run one of ``COMMANDS``; see ``commands.answer``."""
    try:
        return _tick(service, args) if args.command == "tick" else _action(service, args)
    finally:
        service.ledger.close()


def _action(service: Service, args: argparse.Namespace) -> Answer:
    return {
        "record": _record,
        "grade": _grade,
        "show": _show,
        "verify": _verify,
        "head": _head,
        "rebuild": _rebuild,
        "export": _export,
    }[args.action](service, args)


def _record(service: Service, args: argparse.Namespace) -> Answer:
    attempts = service.ledger.record(
        args.models, args.coins, args.intervals, predictor=args.predictor, prices=args.prices
    )
    _say_refusals(attempts)
    return Answer([json_views.attempt_json(each) for each in attempts], _attempts_text(attempts))


def _say_refusals(attempts: Sequence[Attempt]) -> None:
    for attempt in attempts:
        if attempt.refusal:
            name = f"{attempt.model}, {attempt.coin} {attempt.interval}"
            say(f"note: {name} is left out. {one_line(attempt.refusal)}")


def _attempts_text(attempts: Sequence[Attempt]) -> str:
    if not attempts:
        return ""
    rows = [
        [
            f"{each.model} {forecast.series.market} {forecast.series.interval}",
            each.state,
            "" if each.position is None else str(each.position),
            tables.time(forecast.due_at),
            "practice" if forecast.series.simulated else "",
        ]
        for each in attempts
        if (forecast := each.forecast) is not None
    ]
    return lines_text(tables.aligned(("forecast", "state", "entry", "due (UTC)", ""), rows))


def _grade(service: Service, args: argparse.Namespace) -> Answer:
    del args
    counts = service.ledger.grade()
    return Answer(_counts_json(counts), _counts(counts))


def _counts_json(counts: GradeCounts) -> Json:
    return {"graded": counts.graded, "void": counts.void, "waiting": counts.waiting}


def _counts(counts: GradeCounts) -> str:
    waiting = f" {counts.waiting:,} wait for their source." if counts.waiting else ""
    return f"Graded {counts.graded:,}, void {counts.void:,}.{waiting}\n"


def _tick(service: Service, args: argparse.Namespace) -> Answer:
    """Take every step of a tick; the exit status is that of the first one that failed."""
    selection = ticks.Selection(
        args.models, args.coins, args.intervals, predictor=args.predictor, prices=args.prices
    )
    result = ticks.tick(service, selection)
    errors = list(result.failures.values())
    if {"grade", "record"} <= result.failures.keys():
        raise errors[0]
    for error in errors:
        if not isinstance(error, CryptoForecastError):
            raise error
        say(f"error: {one_line(str(error))}")
    _say_refusals(result.attempts)
    json: Json = {
        "grades": _counts_json(result.grades),
        "forecasts": [json_views.attempt_json(each) for each in result.attempts],
        "renewal": renewal_json(result.renewal) if isinstance(result.renewal, Renewal) else None,
        "refused_renewal": refusal_json(result.renewal),
        "alarms": alarm_json.run_json(result.alarms),
        "failures": {name: str(error) for name, error in result.failures.items()},
        "head": json_views.head_json(service.ledger.head()),
    }
    text = _counts(result.grades) + _attempts_text(result.attempts)
    if result.renewal is not None:
        text += f"{result.renewal.name}: {one_line(result.renewal.sentence)}\n"
    text += alarms.run_text(result.alarms)
    return Answer(json, text, status=status_of(errors[0]) if errors else 0)


def _show(service: Service, args: argparse.Namespace) -> Answer:
    view = service.ledger.look(
        model=args.model, predictor=args.predictor, coin=args.coin, interval=args.interval,
        step=args.step, limit=args.limit,
    )  # fmt: skip
    return Answer(json_views.view_json(view), _view_text(view))


def _view_text(view: LedgerView) -> str:
    if not view.series:
        return "The ledger has no such forecast. `ledger record` writes one.\n"
    header = ("series", "recorded", "open", "graded", "void", "next due (UTC)")
    rows = [
        [
            f"{each.name.forecaster} {each.name.market} {each.name.interval}"
            + (", simulated" if each.name.simulated else ""),
            f"{each.recorded:,}",
            f"{each.open:,}",
            f"{each.recorded - each.open - each.void:,}",
            f"{each.void:,}",
            tables.UNDEFINED if each.next_due is None else tables.time(each.next_due),
        ]
        for each in view.series
    ]
    lines = tables.aligned(header, rows)
    if view.record is not None and view.record.total is not None:
        lines += ["", *_record_lines(view.record)]
    return lines_text([*lines, "", *_entry_lines(view.entries)])


def _record_lines(record: LedgerRecord) -> list[str]:
    total, name = record.total, record.series.name
    if total is None:
        return []
    kind = "practice, which counts nowhere" if name.simulated else "graded"
    return [
        f"Step {record.step}, {total.count:,} forecasts ({kind}):",
        *(
            f"  The {share.level} % range held {share.hits:,} of {share.count:,} prices "
            f"({share.value:.1%}; by {share.separate:,} forecasts that do not overlap: "
            f"{share.low:.1%} to {share.high:.1%})."
            for share in record.shares
        ),
        f"  Average miss {tables.money(total.miss, name.quote)} {name.quote}, of the last price "
        f"{tables.money(total.miss_naive, name.quote)}.",
        f"{EVERY_DAY}:",
        *(f"  {anytime_sentence(verdict)}" for verdict in record.verdicts),
        f"{ONE_LOOK}:",
        *(f"  {usual_sentence(verdict)}" for verdict in record.verdicts),
    ]


def _entry_lines(entries: Sequence[LedgerEntry]) -> list[str]:
    header = ("entry", "forecast", "made (UTC)", "due (UTC)", "80 % range", "came", "result")
    rows = []
    for entry in entries:
        forecast, outcome = entry.forecast, entry.outcome
        name, last = forecast.series, forecast.quantiles[-1]
        low, high = (tables.money(float(last[column]), name.quote) for column in (2, -3))
        has_candles = outcome is not None and outcome.has_candles
        rows.append(
            [
                str(entry.position),
                f"{name.model} {name.market} {name.interval}",
                tables.time(forecast.made_at),
                tables.time(forecast.due_at),
                f"{low} to {high} {name.quote}",
                tables.money(float(outcome.actual[-1]), name.quote)
                if outcome and has_candles
                else "",
                result_text(entry, name.horizon),
            ]
        )
    return tables.aligned(header, rows)


def _verify(service: Service, args: argparse.Namespace) -> Answer:
    if (args.head is None) != (args.at is None):
        raise InvalidInput("--head and --at go together. Received: one of them. Add the other.")
    published = None if args.head is None else LedgerHead(args.at, args.head.strip().lower())
    result = service.ledger.verify(published)
    words = (
        f"All is as it was written: {result.forecasts:,} {plural(result.forecasts, 'forecast')}, "
        f"{result.outcomes:,} {plural(result.outcomes, 'outcome')}.\n"
        f"Head at entry {result.head.position:,}: {result.head.hash}\n"
    )
    if result.clock_corrections:
        times = "once" if result.clock_corrections == 1 else f"{result.clock_corrections:,} times"
        words += (
            f"A clock had been ahead and was set back {times}: entries before that have times that "
            "had not come.\n"
        )
    if not result.intact:
        more = result.count - len(result.problems)
        problems = [*result.problems, *([f"And {more:,} more."] if more else [])]
        words = lines_text(["The ledger was rewritten.", *(f"- {each}" for each in problems)])
    return Answer(json_views.verification_json(result), words, status=0 if result.intact else 1)


def _head(service: Service, args: argparse.Namespace) -> Answer:
    del args
    head = service.ledger.head()
    words = (
        f"{head.hash}\n\nHead at entry {head.position:,}. Publish it where nobody can change it. "
        f"Later, this finds any rewrite:\nledger verify --head {head.hash} --at {head.position}\n"
    )
    return Answer(json_views.head_json(head), words)


def _rebuild(service: Service, args: argparse.Namespace) -> Answer:
    del args
    service.ledger.rebuild()
    return Answer({"rebuilt": True}, "Counted anew.\n")


def _export(service: Service, args: argparse.Namespace) -> Answer:
    if args.to is None and args.html is None:
        raise InvalidInput("A file is needed. Add --to FILE, --html FILE or both.")
    if args.to is not None:
        files.check_target(args.to, force=args.force)
    if args.html is not None:
        files.check_page(args.html, force=args.force)
    from cryptoforecast.html_report import ledger as page

    listed = args.limit if args.to is not None else min(args.limit, page.MAX_ENTRIES)
    entries = service.ledger.entries(limit=listed)
    written = []
    if args.to is not None:
        files.write_table(ledger_files.frame(entries), args.to)
        written.append(str(args.to))
    if args.html is not None:
        series = service.ledger.series()
        records = [service.ledger.record_of(each.name, each.name.horizon) for each in series]
        files.write_text(page.page(records, entries, service.ledger.head()), args.html)
        written.append(str(args.html))
    json: Json = {"forecasts": len(entries), "to": written}
    return Answer(json, f"Wrote {len(entries):,} forecasts to {' and '.join(written)}.\n")
