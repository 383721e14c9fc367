"""Prices from live sources: requests, fallback from one source to the next, and the disk cache."""
