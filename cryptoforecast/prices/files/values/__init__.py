"""Values of a column: numbers, dates, times and time zones, as people and programs write them."""
