"""The plain names of predictors, for people; JSON, API and command line keep the identifiers."""

from __future__ import annotations

from collections.abc import Mapping

#: The name of each predictor in tables, legends and choices.
PREDICTOR_NAMES: Mapping[str, str] = {
    "stack": "Combined forecast",
    "naive": "Price stays put",
    "cone": "Volatility cone",
    "drift": "Price drifts on",
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


def predictor_name(predictor: str) -> str:
    """Name a predictor in a table, a legend or a choice: "HAR regression".

    A name that is not ours stays as it is.
    """
    return PREDICTOR_NAMES.get(predictor, predictor)


def predictor_phrase(predictor: str) -> str:
    """Name a predictor inside a sentence: "the HAR regression"."""
    return _IN_SENTENCES.get(predictor, predictor)
