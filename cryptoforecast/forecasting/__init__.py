"""Predictors: baselines and networks, the bands of networks, and the next steps."""
