"""Price files: bytes become a table, a table becomes candles, and candles become a file.

``opening`` bounds and unpacks the bytes, ``readers`` make a table of raw columns, ``columns``
find out which column is which, ``values`` read numbers and times, ``rows`` puts rows in order,
``candles`` makes candles of them, ``price_file`` is the way in, and
``writing`` is the way out.
"""
