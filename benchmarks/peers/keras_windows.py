"""Keras on windows, with ``model.fit``."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers, ops

from benchmarks.peers.task import MEDIAN, QUANTILES, Steady, Task, Watch, arguments, say


def build(task: Task, network: str) -> keras.Model:
    """Stack the popular recipe: two layers with dropout, and the outputs."""
    x = first = keras.Input((task.lookback, task.inputs.shape[1]))
    if network == "lstm":
        x = layers.LSTM(64, return_sequences=True)(x)
        x = layers.Dropout(0.2)(x)
        x = layers.LSTM(32)(x)
    else:
        x = layers.Flatten()(x)
        x = layers.Dense(64, activation="relu")(x)
        x = layers.Dropout(0.2)(x)
        x = layers.Dense(32, activation="relu")(x)
    x = layers.Dense(task.outputs)(layers.Dropout(0.2)(x))
    return keras.Model(first, x if task.outputs == 1 else rising(x))


def rising(raw: keras.KerasTensor) -> keras.KerasTensor:
    """Turn nine numbers into quantiles that can't cross, as ours."""
    middle = raw[:, MEDIAN : MEDIAN + 1]
    up = middle + ops.cumsum(ops.softplus(raw[:, MEDIAN + 1 :]), axis=1)
    down = middle - ops.flip(ops.cumsum(ops.flip(ops.softplus(raw[:, :MEDIAN]), 1), axis=1), 1)
    return ops.concatenate([down, middle, up], axis=1)


def pinball(y: keras.KerasTensor, quantiles: keras.KerasTensor) -> keras.KerasTensor:
    """Compute the pinball loss of each of ``(batch, 1)`` targets, the mean over the quantiles."""
    error, levels = y - quantiles, ops.array(QUANTILES, "float32")
    return ops.mean(ops.maximum(levels * error, (levels - 1) * error), axis=1)


class Each(keras.callbacks.Callback):
    """Tells a clock of every update, and stops when the clock says so."""

    def __init__(self, clock: Steady | Watch) -> None:
        super().__init__()
        self.clock = clock

    def on_train_batch_end(self, *_: object, **__: object) -> None:
        if self.clock.updated():
            self.model.stop_training = True


def main() -> None:
    """Train, and say how fast or how well."""
    args = arguments(__doc__)
    task = Task.read(args.task)
    keras.utils.set_random_seed(args.seed)
    x, y = task.windows(task.train), task.targets[task.train, None]
    loss = "mse" if task.outputs == 1 else pinball

    if args.seconds:
        steady = Steady(args.batch, args.seconds)
        model = build(task, args.network)
        model.compile(optimizer="adam", loss=loss)
        model.fit(x, y, args.batch, epochs=10_000, callbacks=[Each(steady)], verbose=0)
        say(targets_per_second=steady.targets_per_second(), parameters=model.count_params())
        return

    def predict(windows: np.ndarray) -> np.ndarray:
        return model.predict(windows, 1024, verbose=0)

    watch = Watch(task, args.updates, predict, lambda: model.get_weights())
    model = build(task, args.network)
    ramp = round(0.08 * args.updates)
    schedule = keras.optimizers.schedules.CosineDecay(
        args.rate / 100, args.updates - ramp, 0.02, warmup_target=args.rate, warmup_steps=ramp
    )
    model.compile(keras.optimizers.Adam(schedule, clipnorm=1.0), loss)
    model.fit(x, y, args.batch, epochs=10_000, callbacks=[Each(watch)], verbose=0)
    model.set_weights(watch.best)
    say(seconds=watch.write(args.to), parameters=model.count_params())


if __name__ == "__main__":
    main()
