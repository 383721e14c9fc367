"""Only candles that have closed are prices: no live row, no open candle, none of the future."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import NotEnoughData, UnreadableFile
from cryptoforecast.prices import frames
from cryptoforecast.prices.candles.resample import nanoseconds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.open_candles import count_closed
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import INTERVALS, PriceHistory, Problem
from tests.prices.files import samples

#: A Monday, so that weeks begin here.
NOW = pd.Timestamp("2024-03-04", tz="UTC")
ROWS = 60


def candles(interval: str, last: pd.Timestamp, rows: int = ROWS) -> pd.DataFrame:
    index = pd.date_range(end=last, periods=rows, freq=INTERVALS[interval])
    return samples.candles("1h", rows).set_axis(index)


def written(frame: pd.DataFrame, kind: str) -> bytes:
    frame = frame.rename_axis("time")
    buffer = io.BytesIO()
    if kind == "parquet":
        frame.reset_index().to_parquet(buffer)
        return buffer.getvalue()
    if kind == "json":
        return frame.reset_index().to_json(orient="records", date_format="iso").encode()
    form = "%d.%m.%Y %H:%M:%S" if kind == "semicolons" else "%Y-%m-%d %H:%M:%S"
    return samples.dated(frame[::-1] if kind == "newest first" else frame, form)


def problem(history: PriceHistory, kind: str) -> Problem:
    (match,) = [each for each in history.quality.problems if each.kind == kind]
    return match


KINDS = ("csv", "newest first", "semicolons", "json", "parquet")
#: Every interval in one format, and every format of three intervals.
CASES = [("csv", interval) for interval in INTERVALS]
CASES += [(kind, interval) for kind in KINDS[1:] for interval in ("5m", "1h", "1d")]


@pytest.mark.parametrize(("kind", "interval"), CASES)
def test_a_candle_that_is_open_now_is_left_out(kind: str, interval: str) -> None:
    length = INTERVALS[interval]
    for last, closed in ((NOW - length, ROWS), (NOW, ROWS - 1)):
        frame = candles(interval, last)
        for now in (NOW, NOW + length - pd.Timedelta("1s")):
            history = read(written(frame, kind), "x", now=now)
            assert len(history) == closed
            assert history.interval == interval
            assert history.end + length <= now
            if closed == ROWS:
                assert not history.notes
                assert not history.quality.problems
            else:
                assert history.notes == (
                    "The last candle was left out, still open when the file was read.",
                )
                assert problem(history, "open").count == 1
        assert len(read(written(frame, kind), "x", now=last + length)) == ROWS


def test_the_place_of_an_open_candle_is_told() -> None:
    frame = candles("1h", NOW)
    assert problem(read(written(frame, "csv"), "x", now=NOW), "open").first_line == ROWS + 1
    assert problem(read(written(frame, "newest first"), "x", now=NOW), "open").first_line == 2
    reading = problem(read(written(frame, "csv"), "x", now=NOW), "open")
    assert (reading.repair, reading.detail) == ("left out", "opened at 2024-03-04 00:00")


def test_a_data_frame_is_read_alike() -> None:
    for last, closed in ((NOW - INTERVALS["1h"], ROWS), (NOW, ROWS - 1)):
        history = frames.read(candles("1h", last), coin="BTC", now=NOW)
        assert len(history) == closed
        assert history.fetched_at == NOW


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hours", [1, 9, 14])
def test_times_of_a_zone_to_the_east_are_reported(kind: str, hours: int) -> None:
    frame = candles("1h", NOW + pd.Timedelta(hours=hours))
    history = read(written(frame, kind), "x", now=NOW + pd.Timedelta("29min"))
    assert len(history) == ROWS - hours - 1
    assert history.end == NOW - INTERVALS["1h"]
    future = problem(history, "future")
    assert future.count == hours
    assert future.detail.endswith("UTC; perhaps the times are of another zone: choose it")
    opens = "1 of them opens" if hours == 1 else f"{hours} of them open"
    assert history.notes == (
        f"The last {hours + 1} candles were left out: {opens} after 2024-03-04 00:29 UTC, when the "
        "file was read, and 1 was still open then. Perhaps the times are of another zone: choose "
        "it.",
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "The last candle was left out because it opens after"),
        (3, "The last 3 candles were left out because they open after"),
    ],
)
def test_candles_of_the_future_below_a_gap_are_said_to_open_later(count: int, said: str) -> None:
    frame = candles("1h", NOW + pd.Timedelta(hours=count))
    gap = frame.drop(frame.index[-count - 3 : -count])
    history = read(written(gap, "csv"), "x", now=NOW + pd.Timedelta("30min"))
    assert history.notes == (
        f"{said} 2024-03-04 00:30 UTC, when the file was read. Perhaps the times are of another "
        "zone: choose it.",
    )


def test_with_the_zone_nothing_is_in_the_future() -> None:
    index = candles("1h", NOW - INTERVALS["1h"])
    there = index.set_axis(index.index.tz_convert("Asia/Seoul").tz_localize(None))
    content = samples.dated(there, "%Y-%m-%d %H:%M:%S")
    history = read(content, "x", corrections=Corrections(zone="Asia/Seoul"), now=NOW)
    assert history.candles.index.equals(index.index.as_unit("ns").rename("time"))
    assert not history.notes


def test_nothing_but_the_future_is_refused() -> None:
    frame = candles("1h", NOW + pd.Timedelta("100D"))
    with pytest.raises(
        NotEnoughData, match=r"x.csv can't be read. Closed.*Received: 60 that close"
    ):
        read(written(frame, "csv"), "x.csv", now=NOW)


@pytest.mark.parametrize("interval", ["2h", "4h", "1d", "1w"])
def test_merged_candles_are_closed_too(interval: str) -> None:
    """The day that is merged from hours of which the last is open is not over."""
    end = NOW + pd.Timedelta("23h")
    frame = candles("1h", end, 24 * 30)
    for now in (end, end + pd.Timedelta("30min"), end + pd.Timedelta("59min")):
        history = read(written(frame, "csv"), "x", interval=interval, now=now)
        assert history.end + INTERVALS[interval] <= now
    whole = read(written(frame, "csv"), "x", interval=interval, now=end + INTERVALS["1h"])
    assert whole.end + INTERVALS[interval] <= end + INTERVALS["1h"]
    assert (whole.end > history.end) == (interval != "1w")


def test_the_fast_way_leaves_open_candles_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cryptoforecast.prices.files.readers.blocks.BLOCK_BYTES", 1_000)
    frame = candles("1h", NOW + pd.Timedelta("23h"), 24 * 30)
    content = written(frame, "csv").replace(b";", b",")
    history = read(content, "x", interval="4h", now=NOW + pd.Timedelta("15h 59min"))
    assert history.end == NOW + pd.Timedelta("8h")
    assert history.candles["volume"].notna().all()


# ---------------------------------------------------------------------------- live prices


def with_live(frame: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    price = float(frame["close"].iloc[-1])
    row = [price, price * 1.0001, price * 0.9999, price, 3.0 + len(frame)]
    return pd.concat([frame, pd.DataFrame([row], columns=frame.columns, index=[at])])


@pytest.mark.parametrize(("kind", "interval"), CASES)
@pytest.mark.parametrize("share", [0.37, 0.9])
def test_a_live_price_below_closed_candles(kind: str, interval: str, share: float) -> None:
    """Yahoo adds the price of now; the candle that is open has no row of its own."""
    length = INTERVALS[interval]
    frame = candles(interval, NOW - length)
    at = (NOW + share * length).floor("s")
    history = read(written(with_live(frame, at), kind), "x")
    assert history.candles.index.equals(frame.index.as_unit("ns").rename("time"))
    assert history.interval == interval
    entry = problem(history, "live_price")
    assert (entry.count, entry.repair) == (1, "left out")
    assert entry.detail == f"a live price of {at:%Y-%m-%d %H:%M:%S}"
    assert entry.first_line == (2 if kind == "newest first" else entry.first_line)


@pytest.mark.parametrize("interval", INTERVALS)
def test_a_live_price_beside_the_open_candle(interval: str) -> None:
    length = INTERVALS[interval]
    frame = candles(interval, NOW)
    at = (NOW + 0.37 * length).floor("s")
    history = read(written(with_live(frame, at), "csv"), "x")
    assert history.candles.index.equals(frame.index[:-1].as_unit("ns").rename("time"))
    entry = problem(history, "live_price")
    assert entry.count == 2
    assert entry.detail == f"a live price of {at:%Y-%m-%d %H:%M:%S}, and what was open then"


def test_several_live_prices() -> None:
    frame = candles("1d", NOW - INTERVALS["1d"])
    for at in ("09:41:17", "12:00:03", "18:30:00"):
        frame = with_live(frame, NOW + pd.Timedelta(at))
    history = read(written(frame, "csv"), "x")
    assert history.end == NOW - INTERVALS["1d"]
    assert problem(history, "live_price").count == 3


def test_a_live_price_ends_what_can_be_merged() -> None:
    frame = with_live(candles("1h", NOW + pd.Timedelta("15h")), NOW + pd.Timedelta("15h 41min 9s"))
    history = read(written(frame, "csv"), "x", interval="2h")
    assert history.end == NOW + pd.Timedelta("12h")
    whole = read(written(frame.iloc[:-1], "csv"), "x", interval="2h")
    assert whole.end == NOW + pd.Timedelta("14h")


def test_a_live_price_among_closing_times() -> None:
    """The daily closes of Kaggle's coins, and today's price."""
    frame = candles("1d", NOW - INTERVALS["1d"])
    closes = frame.set_axis(frame.index + pd.Timedelta("23:59:59"))
    history = read(written(with_live(closes, NOW + pd.Timedelta("9h 41s")), "csv"), "x")
    assert history.candles.index.equals(frame.index.as_unit("ns").rename("time"))
    assert problem(history, "live_price").count == 1


def test_a_week_that_begins_on_another_day_is_the_date_of_today() -> None:
    frame = with_live(candles("1w", NOW - INTERVALS["1w"]), NOW + pd.Timedelta("4D"))
    content = samples.dated(frame, "%Y-%m-%d")
    history = read(content, "x")
    assert history.end == NOW - INTERVALS["1w"]


@pytest.mark.parametrize("interval", ["4h", "12h", "1d", "1w"])
@pytest.mark.parametrize("shift", ["1h", "-1h", "30min"])
def test_a_change_of_the_clock_is_no_live_price(interval: str, shift: str) -> None:
    """Candles that open at midnight in New York open an hour later in winter."""
    length = INTERVALS[interval]
    frame = candles(interval, NOW - length)
    moved = pd.concat([frame.iloc[:-2], frame.iloc[-2:].set_axis(
        frame.index[-2:] + pd.Timedelta(shift))])  # fmt: skip
    assert len(read(written(moved, "csv"), "x")) == ROWS


def test_irregular_rows_have_no_live_price() -> None:
    rng = np.random.default_rng(3)
    times = NOW.value + np.cumsum(rng.integers(1, 90, 200)) * 10**9
    spacing = pd.Timedelta("1min")
    assert count_closed(times, times, spacing) == 200
    grid = NOW.value + np.arange(10) * spacing.value
    assert count_closed(grid, grid, spacing) == 10
    live = np.r_[grid, grid[-1] + 70 * 10**9]
    assert count_closed(live, live, spacing) == 10
    assert count_closed(live[-3:], live[-3:], spacing) == 2
    assert count_closed(live[-2:], live[-2:], spacing) == 2


def test_the_last_rows_show_the_grid() -> None:
    """Days that opened at another hour long ago say nothing about the live price at the end."""
    day = pd.Timedelta("1D")
    old, new = (pd.date_range(start, periods=55, freq=day, unit="ns", tz="UTC")
                for start in ("2024-01-01 00:00", "2024-02-25 08:00"))  # fmt: skip
    times = np.r_[old.asi8, new.asi8, new.asi8[-1] + nanoseconds(day) + 12_345 * 10**9]
    assert count_closed(times, times, day) == 110


@pytest.mark.parametrize(("minutes", "closed"), [(30, 11), (60, 12)])
def test_half_an_hour_after_an_hourly_candle_is_a_live_price(minutes: int, closed: int) -> None:
    hour = INTERVALS["1h"]
    opens = NOW.value + np.append(
        np.arange(11) * hour.value, 10 * hour.value + minutes * 60 * 10**9
    )
    stamps = opens + hour.value  # closing times: the candle before the live price had closed
    assert count_closed(stamps, opens, hour) == closed


def with_flags(frame: pd.DataFrame, kind: str) -> bytes:
    if kind in ("json", "parquet"):
        return written(frame, kind)
    content: bytes = (
        frame[:: -1 if kind == "newest first" else 1].to_csv(index_label="time").encode()
    )
    return content


FLAGS = {
    "confirm": ("1", "0"), "Is Closed": ("True", "False"), "complete": ("yes", "No"),
    "final": ("1.0", "0.0"),
}  # fmt: skip


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("kind", ["csv", "newest first", "json", "parquet", "frame"])
def test_a_candle_that_a_column_calls_open_is_left_out(kind: str, name: str) -> None:
    frame = candles("1h", NOW)
    yes, no = FLAGS[name]
    flagged = frame.assign(**{name: [yes] * (ROWS - 1) + [no]})
    if kind == "frame":
        history = frames.read(flagged, coin="BTC")
    else:
        history = read(with_flags(flagged, kind), "x")
    assert history.end == frame.index[-2]
    entry = problem(history, "open")
    assert (entry.count, entry.repair) == (1, "left out")
    assert name in entry.detail
    np.testing.assert_array_equal(history.candles["close"], frame["close"][:-1])


@pytest.mark.parametrize("kind", ["json", "parquet", "frame"])
def test_flags_may_be_true_and_false(kind: str) -> None:
    flagged = candles("1h", NOW).assign(closed=[True] * (ROWS - 1) + [False])
    history = (
        frames.read(flagged, coin="BTC")
        if kind == "frame"
        else read(with_flags(flagged, kind), "x")
    )
    assert len(history) == ROWS - 1


def test_a_stream_gives_the_final_candle_whatever_the_order_of_its_updates() -> None:
    frame = candles("1h", NOW)
    stamps = frame.index.as_unit("ms").asi8
    rows = [
        f"{t},{t + 3_599_999},BTCUSDT,1h,{o},{c},{h},{low},{v},{x}"
        for t, (o, h, low, c, v) in zip(stamps, frame.to_numpy().tolist(), strict=True)
        for x, h, low, c in (("true", h, low, c), ("false", o, o, o))
    ]
    content = "\n".join(["t,T,s,i,o,c,h,l,v,x", *rows]).encode()
    history = read(content, "x")
    np.testing.assert_allclose(history.candles, frame)
    assert problem(history, "open").count == ROWS


@pytest.mark.parametrize("width", [8, 9])
def test_dumps_without_names_end_with_a_flag(width: int) -> None:
    """Gate's and OKX's: the last candle had not closed when they were asked."""
    frame = candles("1h", NOW)
    rows = []
    for t, (o, h, low, c, v) in zip(frame.index, frame.to_numpy().tolist(), strict=True):
        flag = t != frame.index[-1]
        seconds = int(t.timestamp())
        rows.append(
            [str(seconds), v * c, c, h, low, o, v, str(flag).lower()]
            if width == 8
            else [seconds * 1000, o, h, low, c, v, v, v * c, int(flag)]
        )
    history = read(samples.lines([[*map(str, row)] for row in rows]), "x")
    np.testing.assert_allclose(history.candles, frame[:-1])


def test_candles_merged_over_an_open_one_are_not_whole() -> None:
    frame = candles("1h", NOW + pd.Timedelta("3h"))
    flagged = frame.assign(closed=[True] * (ROWS - 1) + [False])
    history = read(with_flags(flagged, "csv"), "x", interval="4h")
    assert history.end == NOW - pd.Timedelta("4h")


def test_a_column_that_calls_every_candle_open_is_refused() -> None:
    flagged = candles("1h", NOW).assign(confirm=0)
    with pytest.raises(UnreadableFile, match=r"'confirm', which says of every row .*line 2"):
        read(with_flags(flagged, "csv"), "x")


def test_other_columns_of_such_names_say_nothing() -> None:
    frame = candles("1h", NOW)
    for values in (frame["close"], [f"batch {i % 2}" for i in range(ROWS)], None, 1):
        history = read(with_flags(frame.assign(closed=values), "csv"), "x")
        np.testing.assert_allclose(history.candles, frame)
