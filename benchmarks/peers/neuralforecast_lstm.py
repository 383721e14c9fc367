"""NeuralForecast's LSTM with its loss of many quantiles, and the library's own training.

The library gives all layers one width: two of 48 have about as many weights as 64 and 32.
"""

from __future__ import annotations

import copy
import logging

import numpy as np
import pandas as pd
import torch
from neuralforecast.losses.pytorch import MQLoss
from neuralforecast.models import LSTM
from neuralforecast.tsdataset import TimeSeriesDataset
from pytorch_lightning import Callback, Trainer

from benchmarks.peers.task import QUANTILES, Steady, Task, Watch, arguments, rate, say


class Each(Callback):
    """Tells a clock of every update, and stops when the clock says so."""

    def __init__(self, clock: Steady | Watch) -> None:
        self.clock = clock

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        if self.clock.updated():
            trainer.should_stop = True


def frame(task: Task, names: list[str]) -> pd.DataFrame:
    """Write the training rows as the library wants them: ``y`` is each row's own return."""
    rows = np.arange(task.train[0] - task.lookback + 1, task.train[-1] + 2)
    inputs = dict(zip(names, task.inputs[rows, 1:].T, strict=True))
    times = pd.date_range("2000-01-01", periods=len(rows), freq="h")
    return pd.DataFrame({"unique_id": "coin", "ds": times, "y": task.targets[rows - 1], **inputs})


def main() -> None:
    """Train, and say how fast or how well."""
    args = arguments(__doc__)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    task = Task.read(args.task)
    names = [f"x{column}" for column in range(1, task.inputs.shape[1])]
    data = frame(task, names)

    def predict(windows: np.ndarray) -> np.ndarray:
        model.eval()
        with torch.no_grad():
            outputs = torch.cat([forward(part) for part in torch.from_numpy(windows).split(1024)])
        model.train()
        return outputs.numpy()

    def forward(windows: torch.Tensor) -> torch.Tensor:
        parts = {"insample_y": windows[:, :, :1], "hist_exog": windows[:, :, 1:]}
        return model({**parts, "futr_exog": None, "stat_exog": None})[:, -1]

    def weights() -> dict[str, torch.Tensor]:
        return copy.deepcopy(model.state_dict())

    clock: Steady | Watch
    if args.seconds:
        clock = Steady(args.batch, args.seconds)
        tuned = {}
    else:
        clock = Watch(task, args.updates, predict, weights)
        tuned = {
            "learning_rate": args.rate,
            "lr_scheduler": torch.optim.lr_scheduler.LambdaLR,
            "lr_scheduler_kwargs": {"lr_lambda": lambda step: rate(step, args.updates)},
            "gradient_clip_val": 1.0,
        }
    model = LSTM(
        h=1,
        input_size=task.lookback,
        encoder_n_layers=2,
        encoder_hidden_size=48,
        encoder_dropout=0.2,
        decoder_layers=1,
        hist_exog_list=names,
        loss=MQLoss(quantiles=list(QUANTILES)),
        scaler_type="identity",
        windows_batch_size=args.batch,
        max_steps=args.updates or 1_000_000,
        random_seed=args.seed,
        callbacks=[Each(clock)],
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        logger=False,
        **tuned,
    )
    dataset, *_ = TimeSeriesDataset.from_df(data)
    model.fit(dataset)
    parameters = sum(values.numel() for values in model.parameters() if values.requires_grad)
    if isinstance(clock, Steady):
        say(targets_per_second=clock.targets_per_second(), parameters=parameters)
    else:
        model.load_state_dict(clock.best)
        say(seconds=clock.write(args.to), parameters=parameters)


if __name__ == "__main__":
    main()
