"""Which column of a table is which: names, headers, and shapes of known exports."""
