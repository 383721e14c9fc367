"""What a record says equals a count by hand."""

import numpy as np
import pytest
import scipy.stats

from cryptoforecast.errors import InvalidInput
from cryptoforecast.ledger import reading, sums
from cryptoforecast.types.ledger import OPEN
from tests.ledger import making


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (0, 30), (30, 30), (24, 30),
                                             (169, 212), (80_100, 100_000)])  # fmt: skip
def test_the_interval_is_that_of_clopper_and_pearson(hits, count):
    low, high = sums.exact_interval(hits, count)
    expected = scipy.stats.binomtest(hits, count).proportion_ci(method="exact")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_record_equals_a_count_by_hand(url):
    ledger, database, clock = making.opened(url)
    making.fill(ledger, clock, 80)
    with database.reading() as connection:
        record = reading.record(connection, making.SERIES, 2)
        entries = reading.entries(connection, making.SERIES, 500)
    graded = [entry for entry in entries if entry.state != OPEN]
    assert len(graded) == 77
    assert (record.series.recorded, record.series.settled, record.series.open) == (80, 77, 3)
    assert record.series.next_due == min(
        entry.forecast.due_at for entry in entries if entry.state == OPEN
    )
    for share in record.shares:
        hits = [entry.outcome.inside[share.level][1] for entry in graded]
        assert (share.hits, share.count) == (sum(hits), 77)
        assert share.separate == 39  # every second of them
        separate = int(sum(hits[::-2]))
        assert (share.low, share.high) == pytest.approx(sums.exact_interval(separate, 39))
    misses = [abs(e.outcome.actual[1] - e.forecast.quantiles[1, 4]) for e in graded]
    assert record.total.miss == pytest.approx(np.mean(misses))
    naive = [abs(e.outcome.actual[1] - e.forecast.last_close) for e in graded]
    assert record.total.miss_naive == pytest.approx(np.mean(naive))
    for name in ("pinball", "pinball_naive", "pinball_cone"):
        losses = [getattr(entry.outcome, name)[1] for entry in graded]
        assert getattr(record.total, name) == pytest.approx(np.mean(losses))
    assert sum(week.count for week in record.weeks) == 77
    assert len(record.weeks) == 2
    for week in record.weeks:
        assert week.start.day_of_week == 0
        inside = [e for e in graded if sums.week_of(e.forecast) == f"{week.start:%Y-%m-%d}"]
        assert week.count == len(inside)


def test_there_is_no_record_of_what_was_never_forecast(url):
    ledger, database, _ = making.opened(url)
    with database.reading() as connection:
        with pytest.raises(InvalidInput, match="no forecast of BTC 1h by global-1h-lstm"):
            reading.record(connection, making.SERIES, 1)
        with pytest.raises(InvalidInput, match="`step` must be 1 to 3"):
            reading.record(connection, making.SERIES, 4)
        assert reading.series(connection) == []
    ledger.record([making.forecast()])
    with database.reading() as connection:
        record = reading.record(connection, making.SERIES, 1)
    assert (record.shares, record.total, record.weeks) == ((), None, ())
