"""Readers of each file format; each gives a table of raw columns."""
