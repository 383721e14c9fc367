"""Whether all rows of a file are of one coin, by its column of symbols."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.table import Table


def single_symbol(table: Table) -> str:
    """Return the symbol that every row has; empty without a column of symbols.

    Args:
        table: The raw columns and their roles.

    Raises:
        UnreadableFile: If rows have different symbols.
    """
    if "symbol" not in table.roles:
        return ""
    codes, names = pd.factorize(table.column("symbol").astype("str"), use_na_sentinel=True)
    plain = [re.sub(r"[^A-Z0-9]", "", str(name).upper()) for name in names]
    if len(set(plain)) <= 1:
        return str(names[0]) if len(names) else ""
    other = next(i for i, name in enumerate(plain) if name != plain[0])
    row = int(np.argmax(codes == other))
    raise UnreadableFile(
        f"A file must hold one coin. Received: {str(names[0])[:30]!r} and "
        f"{str(names[other])[:30]!r} ({table.where(row)}, column {table.roles['symbol']!r}; "
        f"{len(set(plain))} in all). Save one coin a file."
    )
