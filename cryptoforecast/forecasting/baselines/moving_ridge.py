"""Ridge regressions that are fitted again and again, each time on the last rows.

Neighbouring fits have most of their rows in common. So the rows are divided into blocks, products
of inputs and targets are summed once in each block, and a fit adds up the sums of its blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from cryptoforecast.types import Array

#: An input whose standard deviation is no more than this share of its mean does not vary: the rest
#: is the rounding of sums of squares.
ROUNDING = 1e-7


def products(inputs: Array, targets: Array) -> Array:
    """Sum the products of a constant, the inputs and the targets over the rows of a block.

    Args:
        inputs: ``(n, inputs)``.
        targets: ``(n, horizon)``.

    Returns:
        ``(1 + inputs, 1 + inputs + horizon)``.
    """
    rows = np.column_stack([np.ones(len(inputs)), inputs, targets])
    sums: Array = rows[:, : 1 + inputs.shape[1]].T @ rows
    return sums


def moving_sums(blocks: Iterable[Array], length: int) -> Iterator[Array]:
    """Yield the sum of the last ``length`` blocks at each block, or of all that there are.

    Every sum is computed afresh, so that it does not depend on where the blocks begin.
    """
    last: deque[Array] = deque(maxlen=length)
    for block in blocks:
        last.append(block)
        yield np.sum(last, axis=0)


def fit(sums: Array, penalty: float) -> tuple[Array, Array]:
    """Fit what ``common.ridge`` fits, from the sums of ``products``.

    Args:
        sums: ``(1 + inputs, 1 + inputs + horizon)``, of at least one row.
        penalty: Above 0, as in ``common.ridge``.

    Returns:
        The weights ``(inputs, horizon)`` and the intercepts ``(horizon,)``.
    """
    inputs, count = len(sums) - 1, sums[0, 0]
    means = sums[0, 1:] / count
    centre, middle = means[:inputs], means[inputs:]
    deviations = sums[1:, 1:] - count * np.outer(centre, means)
    square, target = deviations[:, :inputs], deviations[:, inputs:]
    spread = np.sqrt(np.maximum(square.diagonal() / count, 0))
    spread = np.where(spread > ROUNDING * np.abs(centre), spread, np.inf)
    scaled = square / np.outer(spread, spread) + penalty * np.eye(inputs)
    weights = np.linalg.solve(scaled, target / spread[:, None]) / spread[:, None]
    return weights, middle - centre @ weights
