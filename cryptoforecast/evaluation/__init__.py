"""Tests of forecasts: losses and scores, significance, backtest, verdict."""
