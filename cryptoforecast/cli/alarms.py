"""The commands of alarms: add, list, remove and test."""

from __future__ import annotations

import argparse

from cryptoforecast.cli import tables
from cryptoforecast.cli.answer import Answer
from cryptoforecast.cli.progress import one_line, say
from cryptoforecast.errors import InvalidInput
from cryptoforecast.json_views import alarms as json_views
from cryptoforecast.service import Service
from cryptoforecast.service.alarms import VALUES, rule_text
from cryptoforecast.texts import lines_text
from cryptoforecast.types.alarms import AlarmRule, AlarmRun, delivery_text


def answer(service: Service, args: argparse.Namespace) -> Answer:
    """Run one of the commands of ``alarms``; see ``commands.answer``."""
    try:
        return {"add": _add, "list": _list, "remove": _remove, "test": _test}[args.action](
            service, args
        )
    finally:
        service.ledger.close()


def _add(service: Service, args: argparse.Namespace) -> Answer:
    own = VALUES.get(args.kind, ("", 0.0))[0]
    for name, _ in VALUES.values():
        if name != own and getattr(args, name) is not None:
            raise InvalidInput(
                f"--{name} does not belong to an alarm of the kind {args.kind!r:.40}. Leave it out."
            )
    one = service.alarms.add(
        AlarmRule(
            kind=args.kind,
            coin=args.coin,
            interval=args.interval,
            model=args.model,
            source=args.source,
            value=(getattr(args, own) if own else None) or 0.0,
            step=args.step,
        )
    )
    note = "" if service.settings.alarms else "Set CRYPTOFORECAST_ALARMS to have it sent.\n"
    return Answer(json_views.rule_json(one), f"Set as {one.number}. {rule_text(one.rule)}.\n{note}")


def _list(service: Service, args: argparse.Namespace) -> Answer:
    view = service.alarms.view(args.limit)
    lines = ["No alarm is set. `alarms add` sets one."]
    if view.rules:
        rows = [
            [str(one.number), rule_text(one.rule), tables.time(one.created_at)]
            for one in view.rules
        ]
        lines = tables.aligned(("number", "alarm", "set (UTC)"), rows)
    if view.problem:
        lines += ["", view.problem]
    else:
        names = ", ".join(view.destinations)
        where = f"Messages go to {names}." if names else "CRYPTOFORECAST_ALARMS is not set."
        lines += ["", where]
    for raised in view.raised:
        lines += [
            "",
            f"{tables.time(raised.raised_at)} UTC, alarm {raised.number}, {delivery_text(raised)}",
            f"  {raised.alarm.sentence}",
        ]
    return Answer(json_views.view_json(view), lines_text(lines))


def _remove(service: Service, args: argparse.Namespace) -> Answer:
    service.alarms.remove(args.number)
    return Answer({"removed": args.number}, f"Removed {args.number}.\n")


def _test(service: Service, args: argparse.Namespace) -> Answer:
    del args
    trials = service.alarms.test()
    lines = [f"{each.destination}: {'sent' if each.delivered else each.reason}" for each in trials]
    status = 0 if all(each.delivered for each in trials) else 1
    return Answer([json_views.trial_json(each) for each in trials], lines_text(lines), None, status)


def run_text(run: AlarmRun) -> str:
    """Describe what one look at all rules did; "" where nothing happened.

    Notes on stderr name the alarms that were not looked at, and what is wrong with delivery.
    """
    for one, reason in run.unchecked:
        say(f"note: alarm {one.number} was not looked at. {one_line(reason)}")
    if run.problem:
        say(f"note: {one_line(run.problem)}")
    lines = [f"Alarm {each.number}: {each.alarm.sentence}" for each in run.raised]
    counts = {"sent": run.deliveries, "waiting": run.waiting, "given up": run.given_up}
    if any(counts.values()):
        listed = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        lines.append(f"Messages: {listed}.")
    return lines_text(lines) if lines else ""
