"""What is true of candles whatever their origin: resampling, quality, repairs, coins."""
