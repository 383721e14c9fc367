"""Streams are used where they lie, within bounds."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable

import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files import opening, price_file
from tests.prices.files import samples

ROWS = 60_000
CONTENT = samples.own(samples.candles(rows=ROWS))


class Recording(io.BytesIO):
    """A stream that remembers the largest piece that was read."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.largest = max(self.largest, len(found))
        return found

    def getvalue(self) -> bytes:
        raise AssertionError("The whole file was asked for at once.")


class OneWay(Recording):
    def seekable(self) -> bool:
        return False

    def seek(self, *where: int) -> int:
        raise io.UnsupportedOperation("seek")


def test_a_stream_that_can_seek_is_used_in_place_and_left_open() -> None:
    stream = Recording(CONTENT)
    with opening.open_source(stream) as used:
        assert used is stream
    stream.seek(0, io.SEEK_END)
    for _ in range(2):
        assert len(price_file.read(stream, "x.csv")) == ROWS
        assert not stream.closed
    assert stream.largest < 2_500_000 < len(CONTENT)


def test_a_stream_that_can_not_seek_is_read_too() -> None:
    assert len(price_file.read(OneWay(CONTENT), "x.csv")) == ROWS


@pytest.mark.parametrize("kind", [Recording, OneWay, bytes])
def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    monkeypatch.setattr(opening, "MAX_BYTES", len(CONTENT) - 1)
    source = kind(CONTENT)
    with pytest.raises(UnreadableFile, match="Split it"):
        price_file.read(source, "x.csv")
    if kind is Recording:
        assert source.largest == 0
    monkeypatch.setattr(opening, "MAX_BYTES", len(CONTENT))
    assert len(price_file.read(kind(CONTENT), "x.csv")) == ROWS


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_progress_rises_to_the_end_of_the_file(pack: Callable[[bytes], bytes]) -> None:
    content = pack(b"".join(b"%d\n" % i for i in range(300_000)))
    shares: list[float] = []
    with opening.open_source(content, shares.append) as packed:
        stream = opening.unpack(packed)
        while stream.read(100_000):
            pass
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5
    assert shares[-1] == 1.0
