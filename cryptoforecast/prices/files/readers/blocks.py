"""Plain numbers out of delimited text, block by block, on every core.

Arrow parses blocks of whole lines in threads; few are in memory at a time, whatever the file's
length. What it can't read as plain numbers makes the file ``NotPlain``, and ``delimited`` reads
it again with care. Imports its neighbours; pyarrow inside functions.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, TypeVar

from cryptoforecast.prices.files.readers.layout import Layout
from cryptoforecast.prices.files.table import PRICES
from cryptoforecast.prices.files.values.numbers import ABSENT

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes of a block: enough work for a thread, little to hold.
BLOCK_BYTES = 2_000_000
_WORKERS = min(4, os.cpu_count() or 1)
# Rows whose times tell how all are written.
_SAMPLE = 100
_AMOUNTS = (*PRICES, "price", "volume", "turnover")

T = TypeVar("T")
Parser = Callable[[bytes], "pa.Table"]


class NotPlain(Exception):
    """The file is not one of plain numbers; it may still be a good one."""


def map_blocks(
    stream: IO[bytes], layout: Layout, work: Callable[[pa.Table], T], *, dates: bool = False
) -> Iterator[T]:
    """Parse a stream and work on its blocks, several at once.

    Args:
        stream: the file from its start, unpacked.
        layout: how it is written.
        work: called in a thread with a block's columns: those that have a role, and the last;
            prices and volume are float64, the time int64, float64 or string.
        dates: whether times written as ISO 8601 come as timestamps instead.

    Yields:
        What ``work`` returns, in the file's order.

    Raises:
        NotPlain: if a block holds anything but regular rows of plain numbers.
        UnreadableFile: if the file is damaged or too large.
    """
    blocks = _blocks(stream, layout)
    first = next(blocks, None)
    if first is None:
        return
    parse = _parser(first, layout, dates=dates)
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="import")
    pending: deque[Future[T]] = deque()
    try:
        # The first block alone: what is no such file is found out before more is read.
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
    """Cut the stream into blocks of whole lines, without what stands above the first row."""
    if not layout.encoding.startswith("utf-8") and layout.encoding != "cp1252":
        raise NotPlain(layout.encoding)
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
    """Cut off the lines above the first row, and the mark of the encoding."""
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
    """Settle the columns' types by the first rows; return what parses every block with them."""
    import pyarrow as pa
    import pyarrow.csv as csv

    kept = list(dict.fromkeys([*layout.roles.values(), layout.names[-1]]))
    amounts = {layout.roles[role] for role in _AMOUNTS if role in layout.roles}
    types: dict[str, pa.DataType] = {
        name: pa.float64() if name in amounts else pa.string() for name in kept
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
    head = b"\n".join(first.split(b"\n", _SAMPLE)[:_SAMPLE])
    found = parse(head, {}, [time]).schema.field(time).type
    if pa.types.is_integer(found) or pa.types.is_floating(found):
        types[time] = found
    elif dates and pa.types.is_timestamp(found):
        types[time] = pa.timestamp("ns", found.tz)
    return lambda block: parse(block, types, kept)
