"""Which column of a table is which: by its name, by the header, or by the shape of its numbers."""
