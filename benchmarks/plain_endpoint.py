"""The endpoint as a tutorial writes it: FastAPI, uvicorn and Keras' ``model.predict``.

``benchmarks.serve`` measures ours against it. The network has the shape of the well-known recipe;
its weights are random, which changes nothing about how long it takes.
"""

from __future__ import annotations

import keras
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

LOWEST, HIGHEST = 3_000.0, 70_000.0

model = keras.Sequential(
    [
        keras.Input((60, 1)),
        keras.layers.LSTM(64, return_sequences=True),
        keras.layers.Dropout(0.2),
        keras.layers.LSTM(32),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(1),
    ]
)
app = FastAPI()


class Closes(BaseModel):
    """The last 60 hourly closes, USD."""

    prices: list[float]


@app.get("/")
def health() -> dict[str, str]:
    """Say that the server is up."""
    return {"status": "ok"}


@app.post("/predict")
def predict(closes: Closes) -> dict[str, float]:
    """Scale, predict, scale back."""
    scaled = (np.array(closes.prices) - LOWEST) / (HIGHEST - LOWEST)
    prediction = model.predict(scaled.reshape(1, 60, 1), verbose=0)
    return {"predicted_next_hour_price": float(prediction[0, 0]) * (HIGHEST - LOWEST) + LOWEST}
