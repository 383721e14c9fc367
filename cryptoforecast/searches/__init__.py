"""Search for settings: many trainings, judged on validation rows, and one look at the test rows."""
