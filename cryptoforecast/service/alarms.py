"""The alarms of the service: set, looked at with each tick, sent once, and shown.

Only a setting of the owner says where messages go: no page and no request can change it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast.alarms.rules import VALUES, checked, rule_text
from cryptoforecast.errors import CryptoForecastError, InvalidInput, SourceUnavailable
from cryptoforecast.service import ledger_clock, outlooks, price_choices
from cryptoforecast.service.anomalies import AnomalyService
from cryptoforecast.service.ledger import LedgerService
from cryptoforecast.service.outlooks import OutlookService
from cryptoforecast.service.prices import PriceService
from cryptoforecast.settings import Settings
from cryptoforecast.types import PriceHistory, candles_a_month
from cryptoforecast.types.alarms import (
    CALIBRATION,
    CANDLE,
    GIVEN_UP,
    MODEL,
    PRICE,
    SENT,
    SOURCE,
    WAITING,
    Alarm,
    AlarmRule,
    AlarmRun,
    AlarmView,
    RaisedAlarm,
    SetRule,
    Trial,
)
from cryptoforecast.types.ledger import SeriesName
from cryptoforecast.types.moments import moment_text

if TYPE_CHECKING:
    from cryptoforecast.alarms.sending import Destination
    from cryptoforecast.alarms.store import AlarmStore

__all__ = ["VALUES", "AlarmService", "rule_text"]

#: Messages to one destination in one tick.
MAX_MESSAGES = 20
_TITLE = "CryptoForecast: "


class AlarmService:
    """The rules for alarms, the alarms that they have raised, and the messages about them.

    Args:
        settings: Where messages go, and where links lead.
        prices: Gives the candles that are looked at.
        anomalies: Says how rare candles were.
        ledger: Holds forecasts, and the database.
        outlooks: Knows the models.
        clock: Returns the time, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        prices: PriceService,
        anomalies: AnomalyService,
        ledger: LedgerService,
        outlooks: OutlookService,
        clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now("UTC"),
    ) -> None:
        self._settings, self._prices, self._anomalies = settings, prices, anomalies
        self._ledger, self._outlooks, self._clock = ledger, outlooks, clock

    # ------------------------------------------------------------------ rules

    def add(self, rule: AlarmRule) -> SetRule:
        """Set a rule.

        Candles that had closed before, prices that were touched before, and forecasts that were
        graded before don't raise it. The other kinds look at the present state, which may be older
        than the rule: ``CALIBRATION`` counts the whole quarter, and a model may have expired, or a
        source fallen silent, before.

        Raises:
            InvalidInput: If a part of it is outside the rules, or it is set already.
            UnknownModel: If there is no such model.
            LedgerUnavailable: If the database does not answer.
        """
        saved = self._outlooks.saved(rule.model) if rule.model else None
        if saved is not None and rule.coin:
            own = outlooks.interval_of(saved, rule.interval or None)
            rule = dataclasses.replace(rule, interval=own)
        rule = checked(rule)
        if rule.kind == MODEL and saved is None:
            raise InvalidInput(
                f"A saved model has a date. Received: {rule.model}, a baseline. Name a saved model."
            )
        if rule.source:
            self._prices.check_source(rule.source, rule.coin)
        return self._store.add(rule)

    def remove(self, number: int) -> None:
        """Remove a rule.

        Raises:
            InvalidInput: If there is none of this number.
            LedgerUnavailable: If the database does not answer.
        """
        self._store.remove(number)

    def view(self, limit: int = 10) -> AlarmView:
        """Return the rules, the newest alarms, and whether messages can be sent.

        Args:
            limit: Alarms, at least 1.

        Raises:
            InvalidInput: If the limit is outside the rules.
            LedgerUnavailable: If the database does not answer.
        """
        targets, problem = self._destinations()
        return AlarmView(
            rules=tuple(self._store.rules()),
            raised=tuple(self._store.newest(limit)),
            destinations=tuple(each.name for each in targets),
            problem=problem,
        )

    # ------------------------------------------------------------------ looking

    def run(self) -> AlarmRun:
        """Look at every rule, raise what is new, and send what is unsent.

        A rule that can't be looked at does not stop the others.

        Raises:
            LedgerUnavailable: If the database does not answer.
        """
        if not self._ledger.database.exists:
            return AlarmRun((), (), 0, 0, 0)
        alarms: list[Alarm] = []
        unchecked = []
        history = functools.cache(self._history)  # fetches each market once
        for one in self._store.rules():
            try:
                alarms += self._occasions(one, history)
            except CryptoForecastError as error:
                unchecked.append((one, str(error)))
        raised = self._store.raise_new(alarms)
        deliveries, waiting, given_up, problem = self._send_all()
        return AlarmRun(tuple(raised), tuple(unchecked), deliveries, waiting, given_up, problem)

    def _occasions(
        self, one: SetRule, history: Callable[[str, str], PriceHistory]
    ) -> Iterable[Alarm]:
        from cryptoforecast.alarms import occasions
        from cryptoforecast.alarms.store import MAX_AGE

        rule, now = one.rule, self._clock()
        if rule.kind == CANDLE:
            prices = history(rule.coin, rule.interval)
            saved = self._anomalies.model(prices)
            alarms_a_month = candles_a_month(rule.interval) / rule.value
            anomalies = self._anomalies.find(
                prices, alarms_a_month, None if saved is None else saved.model
            )
            return occasions.rare_moves(one, anomalies, max(one.created_at, now - MAX_AGE))
        if rule.kind == PRICE:
            return occasions.touched_price(one, history(rule.coin, rule.interval))
        if rule.kind == MODEL:
            saved = self._outlooks.saved(rule.model)
            return [] if saved is None else occasions.past_date(one, saved.model.card, now)
        if rule.kind == SOURCE:
            return occasions.silent(one, self._last_close(rule, history), now)
        return self._of_ledger(one, now)

    def _of_ledger(self, one: SetRule, now: pd.Timestamp) -> list[Alarm]:
        """Return what the record of a forecaster raises; nothing before it has one."""
        from cryptoforecast.alarms import drift, occasions
        from cryptoforecast.alarms.store import MAX_AGE
        from cryptoforecast.ledger import reading, separate

        rule, name = one.rule, self._series(one.rule)
        if name is None:
            return []
        step = rule.step or name.horizon
        if step > name.horizon:
            raise InvalidInput(f"`step` must be 1 to {name.horizon}. Received: {step}.")
        quarter = drift.quarter(now)
        with self._ledger.database.reading() as connection:
            if rule.kind == CALIBRATION:
                outcomes = separate.outcomes(connection, name, step, quarter)
                return occasions.drifted(one, name, step, outcomes, now)
            # Forecasts that reach from one quarter into the next are looked at as well.
            before = drift.quarter(quarter - pd.Timedelta(days=1))
            since = max(one.created_at, now - MAX_AGE)
            return [
                occasions.left_range(one, reading.entry(connection, each.position), step)
                for each in separate.outcomes(connection, name, step, before)
                if each.graded_at >= since and not each.inside[round(rule.value)]
            ]

    def _series(self, rule: AlarmRule) -> SeriesName | None:
        """Return a forecaster's series with the most forecasts; ``None`` if it has none."""
        names = (each.name for each in self._ledger.series())
        matches = (
            name
            for name in names
            if (name.model, name.market, name.interval) == (rule.model, rule.coin, rule.interval)
            and not name.simulated
        )
        return next(matches, None)

    def _history(self, coin: str, interval: str) -> PriceHistory:
        history = self._prices.history(price_choices.window(coin, interval), prices="live")
        ledger_clock.check(history)
        return history

    def _last_close(
        self, rule: AlarmRule, history: Callable[[str, str], PriceHistory]
    ) -> pd.Timestamp | None:
        """Return when the newest candle of a source, or of any, closed; ``None`` without one."""
        try:
            if not rule.source:
                return history(rule.coin, rule.interval).closes_at
            query = price_choices.window(rule.coin, rule.interval)
            own = self._prices.of_source(rule.source, query)
        except SourceUnavailable:
            return None
        ledger_clock.check(own)
        return own.closes_at

    # ------------------------------------------------------------------ messages

    def test(self) -> list[Trial]:
        """Send a message to each destination, and say which took it.

        Raises:
            InvalidInput: If no destination is set, the setting is wrong, or Apprise is missing.
        """
        from cryptoforecast.alarms import sending

        targets, problem = self._destinations()
        if problem or not targets:
            raise InvalidInput(
                problem
                or "Messages need a destination. Received: none. Set CRYPTOFORECAST_ALARMS "
                "to its address, such as mailtos://… or json://…."
            )
        body = self._body(
            "This message was sent by `alarms test`. Alarms arrive the same way.",
            "", "/ledger", f"Sent on {moment_text(self._clock())}.",
        )  # fmt: skip
        reasons = {each: sending.send(each, f"{_TITLE}test", body) for each in targets}
        return [Trial(each.name, not reason, reason) for each, reason in reasons.items()]

    def _destinations(self) -> tuple[tuple[Destination, ...], str]:
        """Return where messages go, and what is wrong with the setting."""
        from cryptoforecast.alarms import sending

        try:
            targets = sending.destinations(self._settings.alarms)
            if targets:
                sending.check_installed()
        except InvalidInput as error:
            return (), str(error)
        return targets, ""

    def _send_all(self) -> tuple[int, int, int, str]:
        """Send what is unsent; return how many were sent, wait and are given up, and a problem."""
        given_up = self._store.tidy()
        targets, problem = self._destinations()
        deliveries = waiting = 0
        for target in targets:
            for raised in self._store.unsent(target.name)[:MAX_MESSAGES]:
                state = self._send(raised, target)
                deliveries += state == SENT
                given_up += state == GIVEN_UP
                if state in (WAITING, GIVEN_UP):
                    break  # this destination is left alone until the next tick
            waiting += len(self._store.unsent(target.name))
        return deliveries, waiting, given_up, problem

    def _send(self, raised: RaisedAlarm, target: Destination) -> str:
        """Send a message unless another process has it, and return its state."""
        from cryptoforecast.alarms import sending

        if not self._store.take(raised.number, target.name):
            return ""
        alarm = raised.alarm
        last = f"Alarm {raised.number}, raised on {moment_text(raised.raised_at)}."
        body = self._body(alarm.sentence, alarm.rate, alarm.path, last)
        reason = sending.send(target, f"{_TITLE}{alarm.title}", body)
        return self._store.settle(raised.number, target.name, delivered=not reason)

    def _body(self, sentence: str, rate: str, path: str, last: str) -> str:
        link = f"{self._settings.address}{path}" if self._settings.address else ""
        return "\n\n".join(part for part in (sentence, rate, link, last) if part)

    @property
    def _store(self) -> AlarmStore:
        from cryptoforecast.alarms.store import AlarmStore

        return AlarmStore(self._ledger.database, self._clock)
