"""Long files of regular numbers merged into longer candles while they are read.

Each block of rows is merged by itself, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from cryptoforecast.prices.files.bounds import UNBOUNDED, Bounds
from cryptoforecast.prices.files.corrections import Corrections
from cryptoforecast.prices.files.readers import blocks
from cryptoforecast.prices.files.readers.block_merging import Merger, Part, is_usual, join_parts
from cryptoforecast.prices.files.readers.blocks import NotPlain
from cryptoforecast.prices.files.readers.layout import HEAD_BYTES, find_layout
from cryptoforecast.prices.files.table import Reading


def read_and_merge(
    open_file: Callable[[], IO[bytes]],
    corrections: Corrections,
    interval: str,
    bounds: Bounds = UNBOUNDED,
) -> Reading | None:
    """Read a long file of regular candles, and merge them into longer ones.

    Args:
        open_file: Opens the unpacked file at its start.
        corrections: What the user says about the file.
        interval: Length of the candles to make.
        bounds: What a file of this size may hold.

    Returns:
        The same as ``candles_from_table``; ``None`` if the file is short or irregular.

    Raises:
        UnreadableFile: If the file is damaged, too large or no table of prices.
        InvalidInput: If ``interval`` is no multiple of the file's candle length.
    """
    if len(open_file().read(blocks.BLOCK_BYTES + 1)) <= blocks.BLOCK_BYTES:
        return None
    layout = find_layout(open_file().read(HEAD_BYTES), corrections)
    if not is_usual(layout, corrections):
        return None
    merger = Merger(layout, interval)
    parts: list[Part] = []
    size = 0
    try:
        for part in blocks.map_blocks(open_file(), layout, merger, dates=True):
            parts.append(part)
            size += part.size
            bounds.check_rows(size)
        return join_parts(parts, merger, corrections)
    except NotPlain:
        return None
