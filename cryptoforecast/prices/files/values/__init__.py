"""Values in text: numbers, dates, times and time zones."""
