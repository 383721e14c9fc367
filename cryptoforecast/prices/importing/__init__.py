"""From the bytes of a price file to candles, in small steps that record what they decide.

``formats.read`` is the way in. ``text`` finds a text file's layout, with ``header``;
``delimited`` (CSV and its kin), ``records`` (JSON, with ``nested``) and ``columnar`` (Parquet,
Feather, with ``arrow``) make a ``Table``.
``columns`` says which column is what (``dialects`` and ``tickers`` know the names, ``shapes`` what
has none); ``times`` (``dates``, ``days``, ``months``, ``zones``) and ``numbers`` read them;
``candles`` (with ``labels``, ``ticks`` and ``merging``) makes the ``Reading``.
``folding`` is the short way for long files of plain candles: ``blocks`` parses them
in parts. Imports ``types``, ``errors`` and its neighbours
in ``prices``. Whatever can't be read rightly is refused with the reason; nothing is guessed
where a guess could be wrong.
"""

from cryptoforecast.prices.importing.formats import read
from cryptoforecast.prices.importing.table import Corrections, Reading

__all__ = ["Corrections", "Reading", "read"]
