"""The embedded market: simulated prices that need no network."""
