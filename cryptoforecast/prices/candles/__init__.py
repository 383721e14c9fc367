"""Candles of any origin: resampling, ranges, quality, repairs, and the list of coins."""
