"""Alarms as JSON."""

from __future__ import annotations

from cryptoforecast.json_views.values import Json, time_json
from cryptoforecast.types.alarms import AlarmRun, AlarmView, RaisedAlarm, SetRule, Trial


def rule_json(one: SetRule) -> Json:
    """Write a rule; what its kind does not need is null."""
    rule = one.rule
    return {
        "number": one.number,
        "set_at": time_json(one.created_at),
        "kind": rule.kind,
        "coin": rule.coin or None,
        "interval": rule.interval or None,
        "model": rule.model or None,
        "source": rule.source or None,
        "value": rule.value or None,
        "step": rule.step or None,
    }


def raised_json(raised: RaisedAlarm) -> Json:
    """Write an alarm, and what became of its messages."""
    alarm = raised.alarm
    return {
        "number": raised.number,
        "rule": alarm.rule,
        "raised_at": time_json(raised.raised_at),
        "title": alarm.title,
        "sentence": alarm.sentence,
        "expected": alarm.rate,
        "path": alarm.path,
        "deliveries": [
            {"destination": each.destination, "state": each.state, "attempts": each.attempts}
            for each in raised.deliveries
        ],
    }


def view_json(view: AlarmView) -> Json:
    """Write the rules, the newest alarms, and where messages go."""
    return {
        "alarms": [rule_json(one) for one in view.rules],
        "raised": [raised_json(raised) for raised in view.raised],
        "destinations": list(view.destinations),
        "problem": view.problem or None,
    }


def trial_json(trial: Trial) -> Json:
    """Write whether a destination took a test message."""
    return {
        "destination": trial.destination,
        "delivered": trial.delivered,
        "reason": trial.reason or None,
    }


def run_json(run: AlarmRun) -> Json:
    """Write what one look at all rules did."""
    return {
        "raised": [raised_json(raised) for raised in run.raised],
        "unchecked": [{"number": one.number, "reason": reason} for one, reason in run.unchecked],
        "sent": run.deliveries,
        "waiting": run.waiting,
        "given_up": run.given_up,
        "problem": run.problem or None,
    }
