"""Candles in, and whether to trust them."""
