"""The chain: each entry carries a hash of itself and of the entry before.

Whoever changes, removes, inserts or swaps entries changes every later hash. If these hashes are
computed anew as well, they no longer lead to a head that was published before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

#: What the first entry has as the hash before it.
BEGINNING = "0" * 64
FORECAST, OUTCOME, CLOCK = "forecast", "outcome", "clock"


def entry_hash(previous: str, kind: str, columns: Mapping[str, object]) -> str:
    """Compute the hash of an entry from the one before and every column of its row.

    Args:
        previous: Hash of the entry before; ``BEGINNING`` of the first one.
        kind: ``FORECAST``, ``OUTCOME`` or ``CLOCK``.
        columns: The whole row, its position included.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(f"{previous}\n{canonical(kind, columns)}".encode()).hexdigest()


def canonical(kind: str, columns: Mapping[str, object]) -> str:
    """Write a row as JSON in the one form that is hashed.

    Names are sorted, there are no spaces, and a number has the shortest digits that give it back.
    What JSON cannot hold, such as bytes that someone put into a column, is written as Python does.
    """
    return json.dumps(
        {"kind": kind, **columns}, sort_keys=True, separators=(",", ":"), default=repr
    )
