"""The plain names of predictors, shipped models and inputs, for users.

JSON, API and command line keep the identifiers, which users type.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptoforecast.types.signals import is_signal, signal_name

#: The name of each predictor in tables, legends and choices.
PREDICTOR_NAMES: Mapping[str, str] = {
    "stack": "Combined forecast",
    "naive": "Stays put",
    "cone": "Volatility cone",
    "drift": "Drifts on",
    "har": "HAR regression",
    "linear": "Linear regression",
    "boosting": "Boosted trees",
    "lstm": "LSTM network",
    "dense": "Dense network",
}
#: The same in a sentence.
_IN_SENTENCES: Mapping[str, str] = {
    "stack": "the combined forecast",
    "naive": "“the price stays put”",
    "cone": "the volatility cone",
    "drift": "“the price drifts on”",
    "har": "the HAR regression",
    "linear": "linear regression",
    "boosting": "boosted trees",
    "lstm": "the LSTM network",
    "dense": "the dense network",
}

#: The name of each model that comes with the project; no other model can have its identifier.
MODEL_NAMES: Mapping[str, str] = {
    "global-1h-lstm": "All-coin LSTM hourly",
    "global-1d-lstm": "All-coin LSTM daily",
    "btc-1h-lstm-close": "Bitcoin LSTM",
    "btc-1h-dense": "Bitcoin Dense",
}
#: The name of each input of a network.
INPUT_NAMES: Mapping[str, str] = {
    "close": "closing price",
    "return": "move",
    "abs_return": "size of the move",
    "range": "range of the candle",
    "scaled_return": "move in usual ranges",
    "scaled_move": "size of the move in usual ranges",
    "scaled_range": "range of the candle in usual ranges",
    "short_range": "range of 24 candles",
    "long_range": "range of 504 candles",
    "volume": "volume",
    "hour": "hour of the day",
    "half_day": "hour of the half day",
    "week": "moment of the week",
    "weekend": "weekend",
    "rsi": "RSI",
    "macd": "MACD",
    "bollinger": "Bollinger band",
    "atr": "average true range",
    "averages": "moving averages",
}


#: The name of each signal that is known by its name.
SIGNAL_NAMES: Mapping[str, str] = {
    "fear_greed": "Fear & Greed index",
    "dvol": "volatility index of options (DVOL)",
}


def predictor_name(predictor: str) -> str:
    """Name a predictor or a saved model for users: "HAR regression".

    A name that is not ours stays as it is.
    """
    return PREDICTOR_NAMES.get(predictor) or MODEL_NAMES.get(predictor, predictor)


def predictor_phrase(predictor: str) -> str:
    """Name a predictor or a saved model inside a sentence: "the HAR regression"."""
    return _IN_SENTENCES.get(predictor) or MODEL_NAMES.get(predictor, predictor)


def input_name(feature: str) -> str:
    """Name an input of a network: "hour of the day", "Fear & Greed index"."""
    if is_signal(feature):
        name = signal_name(feature)
        return SIGNAL_NAMES.get(name, f"signal {name}")
    return INPUT_NAMES.get(feature, feature)
