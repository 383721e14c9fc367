"""The rows of a file fit into the memory, or they are refused before they take it."""

import functools
import io

import pytest
from pyarrow import feather

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import PriceService
from cryptoforecast.service.memory import Memory, used
from cryptoforecast.service.prices import SHARE_OF_MEMORY
from cryptoforecast.settings import Settings
from tests.prices.files.readers.test_fast_csv import minutes, text

FRAME = minutes(60_000)
TABLE = FRAME.reset_index()
NUMBERED = TABLE.assign(time=FRAME.index.as_unit("s").asi8)


def binary(write, frame, **options):
    stream = io.BytesIO()
    write(frame, stream, **options)
    return stream.getvalue()


#: How each file is written; the texts take a second.
FILES = {
    "numbers": lambda: text(FRAME, "s"),
    "times in text": lambda: text(FRAME, "words"),
    "Parquet": lambda: binary(lambda frame, stream: frame.to_parquet(stream), TABLE),
    "Feather": lambda: binary(feather.write_feather, NUMBERED, compression="lz4"),
    "JSON": lambda: NUMBERED.to_json(orient="records").encode(),
}


@functools.cache
def content_of(kind: str) -> bytes:
    return FILES[kind]()


@pytest.fixture
def prices(home):
    def with_room_for(megabytes):
        return PriceService(
            Settings(home, live=False), memory=Memory(used() + megabytes / SHARE_OF_MEMORY)
        )

    return with_room_for


@pytest.mark.parametrize("kind", FILES)
def test_rows_that_do_not_fit_are_refused(kind, prices):
    with pytest.raises(InvalidInput, match="must fit into the memory, which has room for"):
        prices(3).read(content_of(kind), "x")
    assert len(prices(1000).read(content_of(kind), "x")) == len(FRAME)


def test_rows_that_are_merged_while_they_are_read_always_fit(prices, monkeypatch):
    monkeypatch.setattr("cryptoforecast.prices.files.readers.fast_parquet.FEW_ROWS", 1_000)
    for kind in ("numbers", "Parquet"):
        assert len(prices(3).read(content_of(kind), "x", interval="1h")) == len(FRAME) // 60
    # Times in words are held whole.
    with pytest.raises(InvalidInput, match="must fit into the memory"):
        prices(3).read(content_of("times in text"), "x", interval="1h")


def test_what_large_work_was_promised_is_not_free():
    memory = Memory(used() + 500)
    with memory.reserved("A training", 300, "Wait."):
        assert memory.free < 250
    assert memory.free > 300


def test_trades_are_bounded_too(prices):
    trades = TABLE.assign(time=FRAME.index.as_unit("s").asi8)[["time", "close", "volume"]]
    content = trades.rename(columns={"close": "price"}).to_csv(index=False).encode()
    with pytest.raises(InvalidInput, match="must fit into the memory"):
        prices(3).read(content, "x")


def test_an_unknown_limit_bounds_nothing(prices, monkeypatch):
    monkeypatch.setattr("cryptoforecast.service.memory.allowed", lambda: None)
    assert Memory().free == float("inf")
