"""Prices of 0 before a listing, left out when asked."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices import frames
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

PRICES = ["open", "high", "low", "close"]


def listed_late(rows: int) -> pd.DataFrame:
    frame = samples.candles("1h", 48)
    frame.iloc[:rows, :4] = 0.0
    return frame


@pytest.mark.parametrize("step", [1, -1], ids=["oldest first", "newest first"])
def test_zeros_before_the_first_price_are_left_out_when_asked(step: int) -> None:
    content = samples.own(listed_late(7)[::step])
    with pytest.raises(UnreadableFile, match=r"above 0.*the first price .*--repair unlisted"):
        read(content, "x.csv")
    history = read(content, "x.csv", repairs=["unlisted"])
    assert (len(history), history.start.hour) == (41, 7)
    problem = next(each for each in history.quality.problems if each.kind == "unlisted")
    assert (problem.count, problem.first_line, problem.repair) == (
        7, 2 if step == 1 else 43, "7 left out",
    )  # fmt: skip
    assert len(frames.read(listed_late(7), coin="BTC", repairs=["unlisted"])) == 41


def test_a_zero_after_the_first_price_is_refused_all_the_same() -> None:
    frame = listed_late(7)
    frame.iloc[20, :4] = 0.0
    with pytest.raises(UnreadableFile, match=r"above 0. Received: 0 as open \(line 22; 1 row"):
        read(samples.own(frame), "x.csv", repairs=["unlisted"])
    frame = pd.concat([listed_late(8).iloc[:8], listed_late(7).iloc[7:]])
    with pytest.raises(UnreadableFile, match=r"above 0. Received: 0 as open \(line 9; 1 row"):
        read(samples.own(frame), "x.csv", repairs=["unlisted"])
    frame = listed_late(0)
    assert len(read(samples.own(frame), "x.csv", repairs=["unlisted"])) == 48
    frame.iloc[0, 1] = 0.0
    with pytest.raises(UnreadableFile, match="Received: 0 as high"):
        read(samples.own(frame), "x.csv", repairs=["unlisted"])


def test_zeros_alone_are_no_prices() -> None:
    content = samples.own(listed_late(48))
    with pytest.raises(UnreadableFile, match="above 0"):
        read(content, "x.csv", repairs=["unlisted"])


@pytest.mark.parametrize("form", ["csv", "json", "numbered frame"])
def test_zeros_are_left_out_of_rows_without_names_too(form: str) -> None:
    frame = listed_late(7)
    rows = [
        [int(time.timestamp()), *row]
        for time, row in zip(frame.index, frame.to_numpy().tolist(), strict=True)
    ]
    content = {
        "csv": samples.lines([[*map(str, row)] for row in rows]),
        "json": json.dumps(rows).encode(),
    }
    if form == "numbered frame":
        history = frames.read(pd.DataFrame(rows), coin="BTC", repairs=["unlisted"])
    else:
        with pytest.raises(UnreadableFile, match=r"above 0.*the first price .*--repair unlisted"):
            read(content[form], "x")
        history = read(content[form], "x", repairs=["unlisted"])
    assert (len(history), history.start.hour) == (41, 7)
    assert history.candles["close"].tolist() == frame["close"][7:].tolist()
