"""An occasion is raised once, and a message is in the hands of one process at a time."""

from __future__ import annotations

import dataclasses
import threading

import pandas as pd
import pytest
import sqlalchemy as sa

from cryptoforecast.alarms import store as module
from cryptoforecast.alarms import tables
from cryptoforecast.alarms.store import AlarmStore
from cryptoforecast.errors import InvalidInput
from cryptoforecast.ledger import tables as ledger_tables
from cryptoforecast.ledger.database import Database
from cryptoforecast.types.alarms import (
    CANDLE,
    GIVEN_UP,
    SENT,
    UNSURE,
    WAITING,
    Alarm,
    AlarmRule,
    delivery_text,
)
from tests.ledger import making

RULE = AlarmRule(CANDLE, coin="BTC", interval="1h", value=1000)
ALARM = Alarm(1, "2026-11-28T22:00:00Z", "BTC", "BTC fell.", "Once a year.", "/anomalies")


def opened(url):
    clock = making.Clock(pd.Timestamp("2026-11-28 22:00", tz="UTC"))
    return AlarmStore(making.database(url), clock), clock


def states(store):
    return [each.state for raised in store.newest(10) for each in raised.deliveries]


def test_a_rule_is_set_once_and_its_number_is_never_another_ones(url):
    store, clock = opened(url)
    first = store.add(RULE)
    assert first.created_at == clock.now
    assert [each.rule for each in store.rules()] == [RULE]
    with pytest.raises(InvalidInput, match=f"as number {first.number}"):
        store.add(RULE)
    store.remove(first.number)
    with pytest.raises(InvalidInput, match="No alarm has the number"):
        store.remove(first.number)
    assert store.add(RULE).number > first.number


def test_at_most_so_many_rules(url, monkeypatch):
    monkeypatch.setattr(module, "MAX_RULES", 1)
    store, _ = opened(url)
    store.add(RULE)
    with pytest.raises(InvalidInput, match="At most 1 alarms can be set"):
        store.add(dataclasses.replace(RULE, value=500))


def test_an_occasion_is_raised_once(url):
    store, clock = opened(url)
    other = dataclasses.replace(ALARM, rule=2)
    raised = store.raise_new([ALARM, ALARM, other])
    assert [each.alarm for each in raised] == [ALARM, other]
    clock.now += pd.Timedelta(hours=1)
    assert store.raise_new([ALARM]) == []
    assert [each.alarm for each in store.newest(10)] == [other, ALARM]


def test_processes_that_tick_at_once_raise_and_take_once(url):
    stores = [opened(url)[0] for _ in range(6)]
    stores[0].rules()  # makes the tables
    raised, taken = [], []
    start = threading.Barrier(len(stores))

    def tick(store):
        start.wait()
        raised.extend(store.raise_new([ALARM]))
        taken.append([store.take(each.number, "json") for each in store.newest(1)])

    threads = [threading.Thread(target=tick, args=[store]) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(raised) == 1
    assert sorted(taken) == [[False]] * 5 + [[True]]


def test_a_message_is_sent_again_until_it_is_delivered(url):
    store, _ = opened(url)
    (raised,) = store.raise_new([ALARM])
    assert delivery_text(raised) == "not sent yet"
    for attempt in range(3):
        (unsent,) = store.unsent("json")
        assert unsent.number == raised.number
        assert store.take(raised.number, "json")
        assert not store.take(raised.number, "json")
        assert store.unsent("json") == []
        state = store.settle(raised.number, "json", delivered=attempt == 2)
        assert state == (SENT if attempt == 2 else WAITING)
    assert store.unsent("json") == []
    assert [each.number for each in store.unsent("mailto")] == [raised.number]
    (delivery,) = store.newest(1)[0].deliveries
    assert (delivery.state, delivery.attempts) == (SENT, 3)
    assert delivery_text(store.newest(1)[0]) == "sent to json"


def test_a_message_is_not_sent_for_ever(url):
    store, clock = opened(url)
    (often,) = store.raise_new([ALARM])
    for _ in range(module.MAX_ATTEMPTS):
        assert store.take(often.number, "json")
        store.settle(often.number, "json", delivered=False)
    assert states(store) == [GIVEN_UP]
    assert not store.take(often.number, "json")
    (old,) = store.raise_new([dataclasses.replace(ALARM, occasion="old")])
    store.take(old.number, "json")
    store.settle(old.number, "json", delivered=False)
    assert store.tidy() == 0
    clock.now += module.MAX_AGE + pd.Timedelta(seconds=1)
    assert store.unsent("json") == store.unsent("mailto") == []
    assert store.tidy() == 1
    assert states(store) == [GIVEN_UP, GIVEN_UP]
    assert delivery_text(store.newest(1)[0]) == "json given up, 1 attempt"


def test_a_message_of_a_killed_process_is_not_sent_again(url):
    store, clock = opened(url)
    (raised,) = store.raise_new([ALARM])
    assert store.take(raised.number, "json")  # and then the process is killed
    clock.now += module.MAX_SENDING
    assert store.tidy() == 0
    clock.now += pd.Timedelta(seconds=1)
    assert store.tidy() == 1
    assert states(store) == [UNSURE]
    assert store.unsent("json") == []
    assert delivery_text(store.newest(1)[0]) == "json may not have it"


def test_looking_makes_no_database(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite")
    store = AlarmStore(database, lambda: pd.Timestamp.now("UTC"))
    assert (store.rules(), store.newest(5)) == ([], [])
    with pytest.raises(InvalidInput):
        store.remove(1)
    assert not (tmp_path / "ledger.sqlite").exists()


def test_a_ledger_of_the_first_version_gets_the_tables(tmp_path):
    """A ledger that the first version wrote keeps its entries, and takes alarms."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    ledger, database, clock = making.opened(url)
    making.fill(ledger, clock, 5)
    head = ledger.head()
    with database.writing() as connection:
        for table in (ledger_tables.clocks, *reversed(tables.metadata.sorted_tables)):
            connection.execute(sa.schema.DropTable(table))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '1'"))
    store, _ = opened(url)
    assert store.add(RULE).rule == RULE
    assert making.database(url).exists
    assert ledger.head() == head
