"""Streams are used where they lie, within bounds."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files import bounds, opening, price_file, unpacking
from tests.prices.files import samples

ROWS = 60_000


@pytest.fixture(scope="module")
def content() -> bytes:
    return samples.own(samples.candles(rows=ROWS, start="2018-01-01"))


class Recording(io.BytesIO):
    """A stream that remembers the largest piece that was read."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.largest = max(self.largest, len(content))
        return content

    def getvalue(self) -> bytes:
        raise AssertionError("The whole file was asked for at once.")


class OneWay(Recording):
    def seekable(self) -> bool:
        return False

    def seek(self, *where: int) -> int:
        raise io.UnsupportedOperation("seek")


def test_a_stream_that_can_seek_is_used_in_place_and_left_open(content: bytes) -> None:
    stream = Recording(content)
    with opening.open_source(stream) as used:
        assert used is stream
    stream.seek(0, io.SEEK_END)
    for _ in range(2):
        assert len(price_file.read(stream, "x.csv")) == ROWS
        assert not stream.closed
    assert stream.largest < 2_500_000 < len(content)


def test_a_stream_that_can_not_seek_is_read_too(content: bytes) -> None:
    assert len(price_file.read(OneWay(content), "x.csv")) == ROWS


@pytest.mark.parametrize("kind", [Recording, OneWay, bytes])
def test_what_is_too_large_is_refused(
    content: bytes, monkeypatch: pytest.MonkeyPatch, kind: type
) -> None:
    monkeypatch.setattr(bounds, "MAX_BYTES", len(content) - 1)
    source = kind(content)
    with pytest.raises(UnreadableFile, match="Split it"):
        price_file.read(source, "x.csv")
    if kind is Recording:
        assert source.largest == 0
    monkeypatch.setattr(bounds, "MAX_BYTES", len(content))
    assert len(price_file.read(kind(content), "x.csv")) == ROWS


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_progress_rises_to_the_end_of_the_file(pack: Callable[[bytes], bytes]) -> None:
    content = pack(b"".join(b"%d\n" % i for i in range(300_000)))
    shares: list[float] = []
    with opening.open_source(content, shares.append) as packed:
        stream = unpacking.unpack(packed)
        while stream.read(100_000):
            pass
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5
    assert shares[-1] == 1.0


def test_a_source_of_exactly_the_bound_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_BYTES", 10)
    path = tmp_path / "x"
    for size in (10, 11):
        content = b"x" * size
        path.write_bytes(content)
        for source in (content, path, io.BytesIO(content), OneWay(content)):
            if size == 10:
                with opening.open_source(source) as stream:
                    assert stream.read() == content
                continue
            with pytest.raises(UnreadableFile, match="Split it"), opening.open_source(source):
                pass


def test_what_is_unpacked_is_bounded_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO(gzip.compress(b"x" * 1_000))
    monkeypatch.setattr(bounds, "MAX_BYTES", 1_000)
    assert len(unpacking.unpack(packed).read()) == 1_000
    monkeypatch.setattr(bounds, "MAX_BYTES", 999)
    with pytest.raises(UnreadableFile, match="Split it"):
        unpacking.unpack(packed).read()


def test_a_stream_is_read_from_its_start_wherever_it_stands() -> None:
    stream = io.BytesIO(b"abcdef")
    stream.seek(3)
    with opening.open_source(stream) as used:
        assert used.read() == b"abcdef"
    stream.seek(3)
    assert unpacking.unpack(stream).read() == b"abcdef"
    stream.seek(3)
    shares: list[float] = []
    with opening.open_source(stream, shares.append) as used:
        assert used.read() == b"abcdef"
    assert shares[-1] == 1.0
    with opening.open_source(b"", shares.append) as used:
        assert used.read() == b""
    assert shares[-1] == 0.0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a"], ""), (["a", "__MACOSX/b"], ""), (["a", "x/.DS_Store"], ""), (["a", "x/"], ""),
        (["a", "b"], r"Received: 2 \(a, b\)"), ([], r"Received: 0 \(\)"),
        (["[Content_Types].xml", "a"], "looks like a spreadsheet"),
    ],
)  # fmt: skip
def test_a_zip_archive_has_one_file(names: list[str], message: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, b"" if name.endswith("/") else b"content")
    if not message:
        assert unpacking.unpack(packed).read() == b"content"
        return
    with pytest.raises(UnreadableFile, match=message):
        unpacking.unpack(packed)


def test_the_bounds_are_told() -> None:
    message = str(bounds.too_large())
    assert "may have 1,000 MB, unpacked too, and 12 million rows" in message


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"No such file or directory\. Check the path"):
        opening.open_source(tmp_path / "x").__enter__()
    with pytest.raises(UnreadableFile, match=r"Is a directory\. Check the path"):
        opening.open_source(tmp_path).__enter__()


def test_a_damaged_archive_is_refused_while_it_is_read() -> None:
    stream = unpacking.unpack(io.BytesIO(gzip.compress(b"x" * 1_000)[:-10]))
    with pytest.raises(UnreadableFile, match=r"The gzip archive is damaged or cut off \("):
        stream.read()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", b"content")
    changed = packed.getvalue().replace(b"content", b"contend")
    with pytest.raises(UnreadableFile, match=r"The zip archive is damaged or cut off \("):
        unpacking.unpack(io.BytesIO(changed)).read()
