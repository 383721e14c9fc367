"""How far exported networks are from ours: the largest difference, in the currency of the prices.

Each network that reads closes alone becomes one file of every format, from closes to prices. Keras
and onnxruntime run it at origins all over a file of prices:

    python -m benchmarks.exports prices.csv.gz classic

Names after the file are saved models to measure beside the shipped ones.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from cryptoforecast.learning import exports, inference, keras_files
from cryptoforecast.learning.specs import needs
from cryptoforecast.service import shared
from cryptoforecast.types import Array, PriceHistory, TrainedModel

#: Origins at which a network is compared.
ORIGINS = 2_000


def measure(model: TrainedModel, history: PriceHistory) -> Iterator[tuple[str, float, float]]:
    """Compare one model with each of its whole files.

    Args:
        model: A network that reads closes alone.
        history: Prices that it can read.

    Yields:
        The format, the largest difference in the currency of the prices, and the largest one as a
        share of the price.
    """
    close = history.candles["close"].to_numpy()
    windows = np.lib.stride_tricks.sliding_window_view(close, needs(model.spec))
    windows = windows[:: max(1, len(windows) // ORIGINS)]
    ours = np.array([inference.from_closes(model, row) for row in windows])
    for format in keras_files.FORMATS:
        if format == "h5" and model.spec.target != "price":
            continue
        content = exports.content(model, "x", format, alone=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"x.{format}")
            path.write_bytes(content)
            difference = np.abs(_run(path)(windows) - ours)
        yield format, float(difference.max()), float((difference / ours).max())


def _run(path: Path) -> Callable[[Array], Array]:
    """Return what a file computes."""
    if path.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path.read_bytes())
        return lambda closes: np.asarray(session.run(None, {"closes": closes})[0])
    import keras

    network = keras.models.load_model(path, compile=False)
    return lambda closes: np.asarray(network(closes))


def main() -> None:
    """Measure, and print a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prices", type=Path)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    models = shared().saved_models
    history = shared().prices.read(args.prices, args.prices.name)
    names = {*args.names, *(saved.name for saved in models.all() if saved.shipped)}
    for name in sorted(names):
        model = models.load(name).model
        if inference.beyond_closes(model.spec):
            continue
        for format, worst, share in measure(model, history):
            print(f"{name:24} {format:6} {worst:10.6f} {history.quote}  {share:.2e} of the price")


if __name__ == "__main__":
    main()
