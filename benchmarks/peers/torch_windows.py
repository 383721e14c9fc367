"""PyTorch on windows, with a plain training loop."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from benchmarks.peers.task import MEDIAN, QUANTILES, Steady, Task, Watch, arguments, rate, say


class Network(nn.Module):
    """The popular recipe: two LSTM layers with dropout, and the outputs."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.LSTM(inputs, 64, batch_first=True)
        self.second = nn.LSTM(64, 32, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.last = nn.Linear(32, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, _ = self.first(x)
        x, _ = self.second(self.dropout(x))
        raw = self.last(self.dropout(x[:, -1]))
        return raw if raw.shape[1] == 1 else rising(raw)


def rising(raw: torch.Tensor) -> torch.Tensor:
    """Turn nine numbers into quantiles that can't cross, as ours."""
    middle = raw[:, MEDIAN : MEDIAN + 1]
    steps = nn.functional.softplus(raw)
    up = middle + steps[:, MEDIAN + 1 :].cumsum(1)
    down = middle - steps[:, :MEDIAN].flip(1).cumsum(1).flip(1)
    return torch.cat([down, middle, up], 1)


def pinball(quantiles: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Compute the mean pinball loss of ``(batch, 1)`` targets."""
    error, levels = y - quantiles, torch.tensor(QUANTILES)
    return torch.maximum(levels * error, (levels - 1) * error).mean()


def main() -> None:
    """Train, and say how fast or how well."""
    args = arguments(__doc__)
    task = Task.read(args.task)
    torch.manual_seed(args.seed)
    x = torch.from_numpy(task.windows(task.train))
    y = torch.from_numpy(task.targets[task.train, None])
    loss = nn.functional.mse_loss if task.outputs == 1 else pinball

    def predict(windows: np.ndarray) -> np.ndarray:
        model.eval()
        with torch.no_grad():
            outputs = torch.cat([model(part) for part in torch.from_numpy(windows).split(1024)])
        model.train()
        return outputs.numpy()

    def weights() -> dict[str, torch.Tensor]:
        return copy.deepcopy(model.state_dict())

    clock: Steady | Watch
    if args.seconds:
        clock = Steady(args.batch, args.seconds)
    else:
        clock = Watch(task, args.updates, predict, weights)
    model = Network(task.inputs.shape[1], task.outputs)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.rate if args.updates else 1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: rate(step, args.updates) if args.updates else 1.0
    )
    finished = False
    while not finished:
        for batch in torch.randperm(len(x)).split(args.batch):
            optimizer.zero_grad()
            loss(model(x[batch]), y[batch]).backward()
            if args.updates:
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            finished = clock.updated()
            if finished:
                break
    parameters = sum(values.numel() for values in model.parameters())
    if isinstance(clock, Steady):
        say(targets_per_second=clock.targets_per_second(), parameters=parameters)
    else:
        model.load_state_dict(clock.best)
        say(seconds=clock.write(args.to), parameters=parameters)


if __name__ == "__main__":
    main()
