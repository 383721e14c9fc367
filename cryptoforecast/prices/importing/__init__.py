"""From the bytes of a price file to candles, in small steps that record what they decide.

``text`` and ``delimited`` (CSV and its kin), ``records`` (JSON) and ``columnar`` (Parquet,
Feather) make a ``Table``; ``columns`` says which column is what; ``times`` and ``numbers`` read
them; ``candles`` (with ``labels`` and ``ticks``) makes the ``Reading``. Imports ``types``,
``errors`` and its neighbours in ``prices``. Whatever can't be read rightly is refused with the
reason; nothing is guessed where a guess could be wrong.
"""

from cryptoforecast.prices.importing.candles import interpret
from cryptoforecast.prices.importing.formats import tabulate
from cryptoforecast.prices.importing.table import Corrections, Reading, Table

__all__ = ["Corrections", "Reading", "Table", "interpret", "tabulate"]
