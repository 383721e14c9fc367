"""Judge forecasts: error metrics, significance, backtest, verdict."""
