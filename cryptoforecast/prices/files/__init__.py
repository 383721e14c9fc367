"""Price files: from bytes to a table, from a table to candles, and back."""
