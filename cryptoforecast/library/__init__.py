"""The public library: prices, models, backtests and forecasts as ``cryptoforecast`` offers them."""
