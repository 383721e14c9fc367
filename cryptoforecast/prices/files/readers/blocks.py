"""Plain numbers out of delimited text, in blocks of whole lines, on every core.

Few blocks are in memory at a time, however long the file is.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, TypeVar

import numpy as np

from cryptoforecast.prices.files.columns.choice import is_amount
from cryptoforecast.prices.files.readers.layout import Layout
from cryptoforecast.prices.files.readers.lines import check_average, in_utf8
from cryptoforecast.prices.files.values.numbers import ABSENT

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes of a block: enough work for a thread, and little memory.
BLOCK_BYTES = 2_000_000
_WORKERS = min(4, os.cpu_count() or 1)
# Rows that show in which way the times are written.
_SAMPLE_ROWS = 100

_LINE_BREAK, _SAMPLE_STEP = 10, 101

T = TypeVar("T")
Parser = Callable[[bytes], "pa.Table"]


class NotPlain(Exception):
    """The file has more than plain numbers; it is then read as text."""


def map_blocks(
    stream: IO[bytes], layout: Layout, work: Callable[[pa.Table], T], *, dates: bool = False
) -> Iterator[T]:
    """Parse a stream and work on its blocks, several at once.

    Args:
        stream: The file from its start, unpacked.
        layout: How the file is written.
        work: Called in a thread with a block's columns: those with a role, and the last one.
            Prices and volume are float64; the time is int64, float64 or string, or with ``dates``
            perhaps timestamps in ns; any other column is string.
        dates: Whether times written as ISO 8601 are parsed to timestamps.

    Yields:
        The answers of ``work``, in the file's order.

    Raises:
        NotPlain: If a block is not regular rows of plain numbers.
        UnreadableFile: If the file is damaged or too large.
    """
    blocks = _blocks(stream, layout)
    first = next(blocks, None)
    if first is None:
        return
    parse = _parser(first, layout, dates=dates)
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="import")
    pending: deque[Future[T]] = deque()
    try:
        # The first block is read alone, so that another kind of file is found out early.
        yield work(parse(first))
        for block in blocks:
            pending.append(pool.submit(lambda block: work(parse(block)), block))
            if len(pending) > _WORKERS:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _blocks(stream: IO[bytes], layout: Layout) -> Iterator[bytes]:
    """Cut the stream into blocks of whole lines, without the lines above the first row."""
    if layout.encoding.startswith("utf-16"):
        stream = in_utf8(stream, layout.encoding)
    rest = b""
    lines: int | None = layout.skip
    while part := stream.read(BLOCK_BYTES):
        end = part.rfind(b"\n") + 1
        if not end and len(rest) > BLOCK_BYTES:
            raise NotPlain("a line without end")
        if not end:
            rest += part
            continue
        block, rest = rest + part[:end], part[end:]
        if lines is not None:
            block, lines = _below(block, lines), None
        if block:
            yield block
    if lines is not None and rest:
        rest = _below(rest, lines)
    if rest := rest.rstrip(b"\r\n"):
        yield rest


def _below(block: bytes, lines: int) -> bytes:
    """Return the block without the lines above the first row, and without a byte order mark."""
    block = block.removeprefix(b"\xef\xbb\xbf")
    if re.search(rb"\r(?!\n)", block):
        raise NotPlain("lines that end in a carriage return")
    for _ in range(lines):
        end = block.find(b"\n") + 1
        if not end:
            return b""
        block = block[end:]
    return block


def _parser(first: bytes, layout: Layout, *, dates: bool) -> Parser:
    """Find the columns' types by the first block, and return a parser of blocks with them."""
    import pyarrow as pa
    from pyarrow import csv

    names = list(dict.fromkeys([*layout.roles.values(), layout.names[-1]]))
    amounts = {name for role, name in layout.roles.items() if is_amount(role)}
    types: dict[str, pa.DataType] = {
        name: pa.float64() if name in amounts else pa.string() for name in names
    }

    def parse(block: bytes, types: Mapping[str, pa.DataType | None], names: list[str]) -> pa.Table:
        try:
            return csv.read_csv(
                pa.BufferReader(block),
                csv.ReadOptions(
                    column_names=list(layout.names), use_threads=False, block_size=len(block) + 1
                ),
                csv.ParseOptions(delimiter=layout.delimiter, ignore_empty_lines=False),
                csv.ConvertOptions(
                    column_types={name: type for name, type in types.items() if type is not None},
                    include_columns=names,
                    null_values=ABSENT,
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowException as error:
            raise NotPlain(str(error)) from error

    time = layout.roles["time"]
    head = b"\n".join(first.split(b"\n", _SAMPLE_ROWS)[:_SAMPLE_ROWS])
    type_ = parse(head, {}, [time]).schema.field(time).type
    if pa.types.is_integer(type_) or pa.types.is_floating(type_):
        types[time] = type_
    elif dates and pa.types.is_timestamp(type_):
        types[time] = pa.timestamp("ns", type_.tz)

    def parse_rows(block: bytes) -> pa.Table:
        # Lines are estimated from a sample before any cell is made, and counted afterwards.
        sample = np.frombuffer(block, np.uint8)[::_SAMPLE_STEP]
        check_average(_SAMPLE_STEP * int(np.count_nonzero(sample == _LINE_BREAK)), len(block))
        table = parse(block, types, names)
        check_average(table.num_rows, len(block))
        return table

    return parse_rows
