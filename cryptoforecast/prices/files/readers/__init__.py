"""Readers of each file format; each makes a table of raw columns."""
