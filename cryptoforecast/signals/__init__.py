"""Signals beside the price: series of one's own, live sources, and the join with candles."""
