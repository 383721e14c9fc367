"""Files that are small and unpack, or are parsed, to something huge: one function for each shape.

All are the same for the same size. ``text``, ``json``, ``parquet`` and ``feather`` in
``SHAPES`` give the content without a packing of its own around it.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import feather, parquet

from tests import growth

#: Content in pieces: a piece, and how often it comes.
Pieces = list[tuple[bytes, int]]

HEADER = b"time,open,high,low,close,volume\n"
_START = 1_609_459_200
_MEGABYTE = 1_000_000


def good_rows(count: int = 700) -> bytes:
    """Rows of a sound file, with its header."""
    rows = (b"%d,27.5,28.5,26.5,27.%d,3\n" % (_START + 3600 * i, i % 90) for i in range(count))
    return HEADER + b"".join(rows)


def seconds_of_sound_rows(read: Callable[[bytes, str], object]) -> float:
    """Return the processor's seconds for 100,000 sound rows, the least of three readings.

    What a hostile file takes is compared with it, since machines are fast or slow.
    """
    content = good_rows(100_000)
    return growth.processor_time(lambda: read(content, "x"), times=3)


# ---------------------------------------------------------------------------- text

#: What is repeated to so many megabytes, by its name.
_RUNS = {
    "line": b"1", "letters": b"a", "spaces": b" ", "commas": b",", "semicolons": b";",
    "tabs": b"\t", "bars": b"|", "quotes": b'"', "quoted quotes": b'"",', "nuls": b"\0",
    "empty lines": b"\n", "windows lines": b"\r\n", "old lines": b"\r", "empty cells": b",,,,,\n",
    "short rows": b"1,1\n", "remarks": b"# no row\n", "headers": HEADER,
    "same rows": b"1609459200,1,1,1,1,1\n", "rows of nothing": b"1600000000,NaN,NaN,NaN,NaN,NaN\n",
    "bytes": bytes(range(128, 256)), "marks": b"\xef\xbb\xbf", "long rows": b"9" * 60_000 + b"\n",
    "long cells": b"1609459200,1,1,1,1," + b"7" * 60_000 + b"\n",
    "wide rows": b"1," * 999 + b"1\n", "quoted lines": b'"1600000000\n",1,1,1,1,1\n',
    "minus": b"-", "exponents": b"1e9999,", "months": b"1 January 2024;",
}  # fmt: skip


def _run(name: str) -> Callable[[int], Pieces]:
    unit = _RUNS[name]
    return lambda megabytes: [_piece(unit, megabytes)]


def _piece(unit: bytes, megabytes: int) -> tuple[bytes, int]:
    """Repeat a unit to about a megabyte, and say how often that comes."""
    return unit * max(1, _MEGABYTE // len(unit)), megabytes


def _after_rows(name: str, opening: bytes = b"") -> Callable[[int], Pieces]:
    unit = _RUNS[name]
    return lambda megabytes: [(good_rows() + opening, 1), _piece(unit, megabytes)]


def _columns(megabytes: int) -> Pieces:
    head = b",".join(b"c%d" % i for i in range(megabytes * 10_000))
    return [(head + b"\n", 1), (b"1," * (megabytes * 10_000) + b"\n", 20)]


def _rising(megabytes: int) -> Pieces:
    """Sound rows, of which only the times differ."""
    rows = range(megabytes * 40_000)
    return [(HEADER + b"".join(b"%d,1,1,1,1,1\n" % (_START + 60 * i) for i in rows), 1)]


def _utf16(megabytes: int) -> Pieces:
    return [(good_rows().decode().encode("utf-16"), 1), _piece("7".encode("utf-16-le"), megabytes)]


TEXT: dict[str, Callable[[int], Pieces]] = {
    **{name: _run(name) for name in _RUNS},
    **{f"{name} after rows": _after_rows(name) for name in _RUNS},
    "cell": _after_rows("letters", b'"'), "open quote over lines": _after_rows("same rows", b'1,"'),
    "columns": _columns, "rising times": _rising, "UTF-16 line": _utf16,
}  # fmt: skip

# ---------------------------------------------------------------------------- JSON

_PRICES = b'"time":1600000000,"open":1,"high":1,"low":1,"close":1'
_ITEMS = {
    "lists": b"[],", "records": b"{},", "small records": b'{"a":1},', "numbers": b"1,",
    "fractions": b"1.25,", "texts": b'"ab",', "short rows": b"[1,1,1,1,1],",
    "same records": b"{" + _PRICES + b"},", "spaces": b" ", "nested rows": b"[[[[1]]]],",
    "wide": b"[" + b"1," * 999 + b"1],",
}  # fmt: skip


def _json_items(name: str) -> Callable[[int], Pieces]:
    return lambda megabytes: [(b"[", 1), _piece(_ITEMS[name], megabytes), (b"1]", 1)]


def _json(start: bytes, unit: bytes, end: bytes = b"") -> Callable[[int], Pieces]:
    return lambda megabytes: [(start, 1), _piece(unit, megabytes), (end, 1)]


def _json_keys(megabytes: int) -> Pieces:
    keys = b",".join(b'"k%d":1' % i for i in range(megabytes * 80_000))
    return [(b"[{" + keys + b"}]", 1)]


def _json_columns(megabytes: int) -> Pieces:
    count = megabytes * 80_000
    columns = [b'"%s":[%s1]' % (name, b"1," * count) for name in (b"t", b"o", b"h", b"l", b"c")]
    return [(b"{" + b",".join(columns) + b"}", 1)]


def _json_times(megabytes: int) -> Pieces:
    rows = (b'"%d":{"open":1,"close":1}' % (_START + i) for i in range(megabytes * 25_000))
    return [(b"{" + b",".join(rows) + b"}", 1)]


def _json_turned(megabytes: int) -> Pieces:
    column = b",".join(b'"%d":1' % i for i in range(megabytes * 25_000))
    names = (b"time", b"open", b"high", b"low", b"close")
    return [(b"{" + b",".join(b'"%s":{%s}' % (name, column) for name in names) + b"}", 1)]


def _json_few(megabytes: int) -> Pieces:
    first = json.dumps(dict.fromkeys([f"c{i}" for i in range(990)], 1)).encode()[:-1]
    return [(b"[" + first + b"," + _PRICES + b"},", 1), _piece(b"{},", megabytes), (b"{}]", 1)]


JSON: dict[str, Callable[[int], Pieces]] = {
    **{name: _json_items(name) for name in _ITEMS},
    "nested lists": _json(b"", b"["), "nested records": _json(b"", b'{"a":'),
    "text": _json(b'["', b"a", b'"]'), "escapes": _json(b'["', rb"\u20bf", b'"]'),
    "wide characters": _json('[{"a":"\U0001f680'.encode(), b"a", b'"}]'),
    "digits": _json(b"[[", b"7", b"]]"), "fraction": _json(b"[[1.", b"7", b"]]"),
    "same names": _json(b"[{" + _PRICES, b',"open":1', b"}]"),
    "lines": _json(b"", b"{" + _PRICES + b"}\n"), "empty lines": _json(b"{}\n{}\n", b"\n"),
    "small lines": _json(b"", b"{}\n"), "names": _json_keys, "columns": _json_columns,
    "by time": _json_times, "turned": _json_turned, "few of many names": _json_few,
    "text in a row": _json(b"[{" + _PRICES + b',"source":"', b"a", b'"}]'),
}  # fmt: skip

# ---------------------------------------------------------------------------- Arrow

_NAMES = ("time", "open", "high", "low", "close", "volume")


def _table(rows: int, **more: pa.Array) -> pa.Table:
    """Rows of the same prices, a minute apart."""
    ones = pa.array(np.ones(rows))
    times = pa.array(_START + 60 * np.arange(rows))
    return pa.table({"time": times, **dict.fromkeys(_NAMES[1:], ones), **more})


def _repeated(rows: int, text: str) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))


def _nested(rows: int, kind: str) -> pa.Array:
    if kind == "list":
        ends = pa.array(np.arange(rows + 1, dtype=np.int32) * 1_000)
        return pa.ListArray.from_arrays(ends, pa.array(np.zeros(rows * 1_000, np.int8)))
    if kind == "struct":
        return pa.StructArray.from_arrays([_repeated(rows, "x" * 9_000)], names=["x"])
    return pa.array([[("a", 1)]] * rows, pa.map_(pa.string(), pa.int64()))


def _tables(rows: int) -> Iterator[tuple[str, Callable[[], pa.Table]]]:
    """Yield tables of many rows, by what is odd about them."""
    yield "zeros", lambda: pa.table(dict.fromkeys(_NAMES, pa.array(np.zeros(rows))))
    yield "rising times", lambda: _table(rows)
    yield "symbol", lambda: _table(rows, symbol=_repeated(rows, "BTC"))
    yield "long symbol", lambda: _table(rows // 10, symbol=_repeated(rows // 10, "x" * 1_000))
    yield "texts for times", lambda: _table(rows, time=_repeated(rows, "2024-01-01 00:00"))
    yield "one text", lambda: _table(48, symbol=pa.array(["x" * (rows * 4), *[""] * 47]))
    yield "text for open", lambda: _table(48, open=pa.array(["1" * (rows * 4), *[""] * 47]))
    yield "nothing", lambda: pa.table(dict.fromkeys(_NAMES, pa.nulls(rows)))
    yield "nothing for open", lambda: _table(rows // 20, open=pa.nulls(rows // 20))
    yield "flags", lambda: _table(rows // 20, open=pa.array(np.zeros(rows // 20, bool)))
    yield "list", lambda: _table(rows // 100, open=_nested(rows // 100, "list"))
    yield "unused list", lambda: _table(rows // 100, other=_nested(rows // 100, "list"))
    yield "struct", lambda: _table(rows // 100, open=_nested(rows // 100, "struct"))
    yield "map", lambda: _table(rows // 100, open=_nested(rows // 100, "map"))
    decimals = pa.decimal256(76, 0)
    yield "decimals", lambda: _table(48, open=pa.array(["9" * 76] * 48).cast(decimals))
    far = pa.array(np.arange(48) + 2**40 * 1_000)
    yield "years beyond", lambda: _table(48, time=far.cast(pa.timestamp("s")))
    yield "years before", lambda: _table(48, time=pa.array([-(2**62)] * 48, pa.timestamp("ms")))
    yield "days beyond", lambda: _table(48, time=pa.array([2**31 - 1] * 48, pa.date32()))
    yield "no time of a day", lambda: _table(48, time=pa.array([1] * 48, pa.time64("ns")))
    yield "durations", lambda: _table(48, time=pa.array([2**60] * 48, pa.duration("ns")))
    yield "columns", lambda: pa.table({f"c{i}": [1] for i in range(max(2_000, rows // 200))})
    text = {"x" * 10: "y" * (rows // 4)}
    yield "described at length", lambda: _table(48).replace_schema_metadata(text)
    pairs = {f"k{i}": "v" for i in range(rows // 100)}
    yield "described in many words", lambda: _table(48).replace_schema_metadata(pairs)
    yield "long names", lambda: _table(48, **{"n" * (rows // 10): pa.nulls(48)})


def _parquet(table: pa.Table, **options: object) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(table, stream, **options)
    return stream.getvalue()


def _feather(table: pa.Table, **options: object) -> bytes:
    stream = io.BytesIO()
    feather.write_feather(table, stream, **options)
    return stream.getvalue()


class _Flatbuffer:
    """A flatbuffer, written from its end; places are counted from there."""

    def __init__(self) -> None:
        self.content = b""

    def text(self, text: bytes) -> int:
        end = bytes(4 - len(text) % 4)
        self.content = struct.pack("<I", len(text)) + text + end + self.content
        return len(self.content)

    def vector(self, tables: Sequence[int]) -> int:
        place = len(self.content) + 4 + 4 * len(tables)
        items = [place - 4 - 4 * i - table for i, table in enumerate(tables)]
        self.content = struct.pack(f"<{1 + len(items)}I", len(items), *items) + self.content
        return place

    def table(self, places: dict[int, int], numbers: dict[int, int] | None = None) -> int:
        """Write a table of places and of small numbers, by the field's number."""
        values = {**places, **(numbers or {})}
        place = len(self.content) + 4 + 4 * len(values)
        offsets, slots = [0] * 8, []
        for i, (field, value) in enumerate(values.items(), start=1):
            offsets[field] = 4 * i
            slots.append(place - 4 * i - value if field in places else value)
        layout = struct.pack("<10H", 20, 4 + 4 * len(values), *offsets)
        own = struct.pack(f"<i{len(slots)}I", 20, *slots)
        self.content = layout + own + self.content
        return place

    def ended(self, root: int) -> bytes:
        content = struct.pack("<I", len(self.content) + 4 - root) + self.content
        return content + bytes(-len(content) % 8)


def _growing_schema(flat: _Flatbuffer, levels: int) -> int:
    """Write Arrow's description of columns, each of which has the next one twice within it."""
    name = flat.text(b"c")
    # The fields are the name, what kind it is (6: a flag; 13: a record), the kind and the children.
    column = flat.table({0: name, 3: flat.table({}), 5: flat.vector([])}, {2: 6})
    for _ in range(levels):
        children = flat.vector([column, column])
        column = flat.table({0: name, 3: flat.table({}), 5: children}, {2: 13})
    return flat.table({1: flat.vector([column])})


def growing_message(levels: int) -> bytes:
    """Arrow's message with such a description, as Parquet keeps it."""
    flat = _Flatbuffer()
    content = flat.ended(flat.table({2: _growing_schema(flat, levels)}, {0: 4, 1: 1}))
    return b"\xff" * 4 + struct.pack("<I", len(content)) + content


def growing_feather(levels: int = 24) -> bytes:
    """A Feather file whose end has such a description."""
    flat = _Flatbuffer()
    batches = flat.vector([])
    footer = flat.ended(flat.table({1: _growing_schema(flat, levels), 3: batches}, {0: 4}))
    begin = b"ARROW1\0\0" + growing_message(levels) + b"\xff" * 4 + bytes(4)
    return begin + footer + struct.pack("<I", len(footer)) + b"ARROW1"


def growing_parquet(levels: int = 24) -> bytes:
    """A Parquet file that has such a description beside its own."""
    stream = io.BytesIO()
    table = _table(48)
    with parquet.ParquetWriter(stream, table.schema, store_schema=False) as writer:
        writer.write_table(table)
        described = base64.b64encode(growing_message(levels))
        writer.add_key_value_metadata({"ARROW:schema": described.decode()})
    return stream.getvalue()


def _many_groups(rows: int) -> bytes:
    return _parquet(_table(rows // 2_000), row_group_size=1)


def _one_group_often(rows: int) -> bytes:
    """Many row groups of few bytes each."""
    return _parquet(_table(rows // 20), row_group_size=rows // 2_000, compression="zstd")


def _differences(rows: int) -> bytes:
    texts = pa.array(["x" * 60_000] * (rows // 1_000))
    table = _table(len(texts), symbol=texts)
    return _parquet(
        table,
        use_dictionary=False,
        compression="zstd",
        column_encoding={"symbol": "DELTA_BYTE_ARRAY"},
    )


def _deltas(rows: int) -> bytes:
    columns = dict.fromkeys(_NAMES, pa.array(_START + 60 * np.arange(rows)))
    encoding = dict.fromkeys(_NAMES, "DELTA_BINARY_PACKED")
    return _parquet(pa.table(columns), use_dictionary=False, column_encoding=encoding)


def wrong_counts(rows: int, claim: int, **options: object) -> bytes:
    """A file whose end says that it has other counts of rows and values than its pages have."""
    content = _parquet(_table(rows), row_group_size=rows, **{"compression": "zstd", **options})
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    true = _varint(2 * rows)
    wrong = _varint(2 * claim, len(true))
    if content.count(true, start) < len(_NAMES) + 2:
        raise ValueError("the counts are not where they should be")
    return content[:start] + content[start:].replace(true, wrong)


def _varint(value: int, size: int = 0) -> bytes:
    """Write a number as Thrift does, with zeros behind it if it is to have more bytes."""
    parts: list[int] = []
    while value > 127 or len(parts) + 1 < size:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def _parquet_shapes(rows: int) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for (name, table), codec in itertools.product(
        _tables(rows), ("snappy", "gzip", "brotli", "zstd", "lz4", "none")
    ):
        heavy = name in ("zeros", "one text", "long symbol", "rising times")
        if heavy or codec == "zstd":
            yield (
                f"{name}, {codec}",
                lambda table=table, codec=codec: _parquet(  # type: ignore[misc]
                    table(), compression=codec
                ),
            )
    yield (
        "plain zeros",
        lambda: _parquet(
            pa.table(dict.fromkeys(_NAMES, pa.array(np.zeros(rows)))),
            use_dictionary=False,
            compression="zstd",
            data_page_size=2**30,
        ),
    )
    yield "row groups of one row", lambda: _many_groups(rows)
    yield "row groups", lambda: _one_group_often(rows)
    yield "differences of text", lambda: _differences(rows)
    yield "differences of numbers", lambda: _deltas(rows)
    yield "fewer rows at the end", lambda: wrong_counts(rows, rows // 64)
    yield (
        "more rows at the end",
        lambda: wrong_counts(max(rows // 64, 10_000), min(rows, 1_000_000)),
    )
    yield "end cut off", lambda: _parquet(_table(48))[:-1]
    yield "long end", lambda: b"PAR1" + bytes(rows) + struct.pack("<I", rows) + b"PAR1"
    yield (
        "nested end",
        lambda: b"PAR1" + b"\x1c" * (rows // 100) + struct.pack("<I", rows // 100) + b"PAR1",
    )
    yield (
        "many lists at the end",
        lambda: (
            b"PAR1\x00\x49\xfc\xff\xff\x03" + bytes(250_000) + struct.pack("<I", 250_006) + b"PAR1"
        ),
    )
    yield "growing description", growing_parquet


def _feather_shapes(rows: int) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for (name, table), codec in itertools.product(_tables(rows), ("lz4", "zstd", "uncompressed")):
        heavy = name in ("zeros", "one text", "columns", "nothing")
        if heavy or codec == "lz4":
            yield (
                f"{name}, {codec}",
                lambda table=table, codec=codec: _feather(  # type: ignore[misc]
                    table(), compression=codec, chunksize=2**30
                ),
            )
    yield "batches of one row", lambda: _feather(_table(rows // 1_000), chunksize=1)
    yield "batches", lambda: _feather(_table(rows // 10), chunksize=rows // 10_000)
    yield "a stream", lambda: _stream(rows)
    yield "version 1", lambda: b"FEA1" + bytes(rows)
    yield "no more than an end", lambda: b"ARROW1\0\0" + bytes(8) + b"\xff\xff\xff\x7fARROW1"
    yield "growing description", growing_feather
    yield "two thousand million rows", lambda: _nulls(2**31 - 1)


def _stream(rows: int) -> bytes:
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, _table(1).schema) as writer:
        writer.write_table(_table(rows // 10))
    return stream.getvalue()


def _nulls(rows: int) -> bytes:
    stream = io.BytesIO()
    columns = [pa.nulls(rows)] * len(_NAMES)
    batch = pa.RecordBatch.from_arrays(columns, names=list(_NAMES))
    with pa.ipc.new_file(stream, batch.schema) as writer:
        writer.write_batch(batch)
    return stream.getvalue()


# ---------------------------------------------------------------------------- packing


def gzipped(pieces: Iterable[tuple[bytes, int]]) -> bytes:
    """Pack pieces by gzip, each kind of piece as a member of its own."""
    packed = []
    for piece, times in pieces:
        work = zlib.compressobj(9, zlib.DEFLATED, 31)
        # Eight at once is as small as one member of all, and does not take as long to make.
        some = min(8, times)
        member = work.compress(piece * some) + work.flush()
        packed.append(member * max(1, times // some))
    return b"".join(packed)


def zipped(pieces: Iterable[tuple[bytes, int]]) -> bytes:
    """Pack pieces as the one file of a zip archive."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("prices.csv", "w") as file,
    ):
        for piece, times in pieces:
            for _ in range(times):
                file.write(piece)
    return stream.getvalue()


def _plain(pieces: Iterable[tuple[bytes, int]]) -> bytes:
    return b"".join(piece * times for piece, times in pieces)


def _archives(rows: int) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield archives that are odd themselves."""
    member = gzipped([(good_rows(), 1)])
    yield "many members", lambda: gzipped([(b"", 1)]) * (rows // 20)
    yield "padding", lambda: member + bytes(rows * 4)
    yield "name without end", lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (rows * 4)
    yield "gzip in gzip", lambda: gzipped([(gzipped([(bytes(_MEGABYTE), 400)]), 1)])
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"method {method}", lambda method=method: _zip({"a": bytes(rows)}, method)  # type: ignore[misc]
    yield "zip in zip", lambda: _zip({"a.zip": zipped([(bytes(_MEGABYTE), 400)])})
    yield "no name", lambda: _zip({"": good_rows()})
    yield "many files", lambda: _zip({f"{i:030d}": b"" for i in range(rows // 200)})


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def bombs(
    rows: int = 9_000_000, packed: int = 900, plain: int = 12
) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Yield the kind of each file, what is in it, and the function that makes it.

    Args:
        rows: Of Parquet and Feather.
        packed: Megabytes that packed text unpacks to; JSON to a twentieth.
        plain: Megabytes of text and JSON that are not packed.
    """
    for kind, shapes in (("text", TEXT), ("JSON", JSON)):
        for name, pieces in shapes.items():
            is_stream = name in ("rising times", "columns", "names", "by time", "turned")
            size = packed if kind == "text" and not is_stream else max(packed // 20, 2)
            yield kind, f"{name}, gzip", lambda p=pieces, n=size: gzipped(p(n))  # type: ignore[misc]
            yield kind, f"{name}, plain", lambda p=pieces: _plain(p(plain))  # type: ignore[misc]
    for name in ("line", "commas", "commas after rows", "empty lines", "cell"):
        yield "text", f"{name}, zip", lambda p=TEXT[name]: zipped(p(packed))  # type: ignore[misc]
    for kind, many in (
        ("archive", _archives(rows)),
        ("Parquet", _parquet_shapes(rows)),
        ("Feather", _feather_shapes(rows)),
    ):
        for name, make in many:
            yield kind, name, make
