"""A finished test: its verdict, its scores, its forecasts, charts and report."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast import charts, json_views
from cryptoforecast.errors import InvalidInput
from cryptoforecast.library.models import Model
from cryptoforecast.library.values import Value, candles, digest, heading, paragraphs, table
from cryptoforecast.service import files, forecast_tables, shared
from cryptoforecast.service.ablations import SEEDS
from cryptoforecast.service.saved_models import with_scores
from cryptoforecast.service.workers import open_engine
from cryptoforecast.types import (
    UNWATCHED,
    Ablation,
    Monitor,
    Progress,
    Verdict,
    WalkForward,
)
from cryptoforecast.types import Backtest as Result

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Backtest(Value):
    """A test of forecasts on the same origins, made by ``backtest`` or ``Model.backtest``.

    Two are equal if their prices, settings and forecasts are.

    Attributes:
        result: The test as the app itself uses it.
        walk: The folds of the test; ``None`` where a model was tested as it is.
        given_model: The model that was tested as it is; ``None`` otherwise.
    """

    result: Result
    walk: WalkForward | None = None
    given_model: Model | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the tested forecasts beat the last price, in numbers and in one sentence.

        Where a network was tested, these are the forecasts of its stack.
        """
        return self.result.verdict

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdicts by predictor: on the stack and on the network alone, or on a baseline."""
        return self.result.verdicts

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to read before the scores."""
        return self.result.notes

    @property
    def model(self) -> Model | None:
        """The network; ``None`` of a baseline, and of several folds, which had one each.

        A network that was trained for this test has its scores and its verdict on its card.
        """
        if self.given_model is not None or self.result.model is None:
            return self.given_model
        return Model(with_scores(self.result))

    @property
    def scores(self) -> pd.DataFrame:
        """Scores of every predictor at every step.

        Index ``predictor`` and ``step``; columns ``mae`` and ``rmse`` in the prices' currency,
        ``mape``, ``smape``, ``directional_accuracy``, ``coverage_80`` and ``coverage_95`` as
        fractions, ``mase`` a ratio, ``pinball`` in log-return. NaN where undefined.
        """
        rows = {
            (name, step): dataclasses.asdict(each)
            for name, steps in self.result.scores.items()
            for step, each in enumerate(steps, start=1)
        }
        index = pd.MultiIndex.from_tuples(list(rows), names=["predictor", "step"])
        return pd.DataFrame(list(rows.values()), index=index)

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of prices, settings and every forecast, 16 hexadecimal digits."""
        forecasts = self.result.forecasts
        parts = ((name, forecasts[name].predicted, forecasts[name].quantiles) for name in forecasts)
        return digest(
            self.result.history.fingerprint,
            self.result.spec,
            self.result.split,
            *(each for part in parts for each in part),
        )

    def ablate(
        self,
        inputs: str | Collection[str],
        *,
        seeds: int = SEEDS,
        progress: Callable[[Progress], None] | None = None,
        cache: bool = True,
        workers: int | None = None,
        scheduler: str | None = None,
    ) -> Ablation:
        """Test whether some inputs help: train the network with and without them, and compare.

        Args:
            inputs: Inputs to leave out, such as ``"signal:fear_greed"`` or ``"volume"``.
            seeds: Trainings of each network, 2 to 10, with a seed each.
            progress: Called repeatedly with a ``Progress``.
            cache: Whether trainings that were done before may be used again.
            workers: Processes of this machine, each with one thread, that train at once.
            scheduler: Address of a Dask scheduler, whose workers do that in place of ``workers``.

        Returns:
            The result. It prints as one sentence; ``point`` and ``band`` have the differences of
            the two errors, with their intervals.

        Raises:
            InvalidInput: If the test is of no network, or it has none of these inputs or no others.
            WorkersUnavailable: If workers are lost or refused.
        """
        names = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        monitor = UNWATCHED if progress is None else Monitor(progress)
        history, spec = self.result.history, self.result.spec
        run = functools.partial(shared().ablations.run, history, spec, names, seeds, monitor)
        if workers is None and scheduler is None:
            return run(use_cache=cache)
        with open_engine(workers, scheduler) as engine:
            return run(use_cache=cache, engine=engine)

    def frame(self, style: str = "cf") -> pd.DataFrame:
        """Return every forecast of the test as a table, with times in UTC.

        Args:
            style: ``"cf"`` is what ``backtest --forecasts`` writes, of the tested predictor:
                ``predictor coin interval source quote origin origin_closes_at time closes_at step
                close predicted actual residual`` and the nine quantiles ``q0.025`` to ``q0.975``,
                all prices in the currency ``quote``. ``"nixtla"`` is the layout of
                Nixtla's libraries, with all predictors side by side: ``unique_id`` (the coin),
                ``ds``, ``cutoff``, ``y`` and for each predictor ``NAME``, ``NAME-lo-50``,
                ``NAME-hi-50`` and so on for 80, 90 and 95.

        Returns:
            One row an origin and step. ``cutoff`` is the ``origin`` of the other style, the open
            of the last candle known; ``ds`` is its ``time``, the open of the candle whose close
            is forecast. Both closes are known one interval later. ``y`` is NaN where unknown.

        Raises:
            InvalidInput: For another style.
        """
        return forecast_tables.of(self.result, style)

    def leaderboard(
        self, metric: str = "pinball", step: int | None = None, against: str = "naive"
    ) -> pd.DataFrame:
        """Order every predictor by one score, and say whether a lead is more than chance.

        Args:
            metric: A column of ``scores``.
            step: 1 to the horizon; the last by default.
            against: The predictor that the others are compared with.

        Returns:
            One row a predictor, the best first: ``predictor``, ``value`` of the metric, ``skill``
            (1 - error / the reference's; for a coverage, the share inside minus the level), ``low``
            and ``high`` of its 95 % interval, corrected for the number of comparisons, ``p_value``,
            and ``p_holm``, the corrected one. A lead is more than chance if its interval leaves
            out 0. NaN where undefined.

        Raises:
            InvalidInput: If there is no such metric, step or predictor.
        """
        if against not in self.result.forecasts:
            raise InvalidInput(
                f"`against` must be one of {', '.join(self.result.forecasts)}. Received: "
                f"{against!r:.60}."
            )
        step = self.result.spec.horizon if step is None else step
        board = shared().backtests.analyses.board(self.result, metric, step, against)
        return pd.DataFrame([dataclasses.asdict(each) for each in board.standings])

    def plot(self, step: int | None = None) -> go.Figure:
        """Draw the predicted prices against the actual ones, and the residuals below.

        Args:
            step: 1 to the horizon; the last by default.

        Returns:
            A Plotly figure; times in UTC, at which candles close.

        Raises:
            InvalidInput: If there is no such step.
        """
        return charts.predicted_vs_actual(self.result, step)

    def html(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the whole report as one HTML file that needs nothing else.

        Args:
            path: Ends in .html.
            force: Whether an existing file may be replaced.

        Returns:
            The path.

        Raises:
            InvalidInput: If the name has another ending, or the folder can't be written.
            AlreadyExists: If there is such a file and ``force`` is false.
        """
        from cryptoforecast import html_report

        target = Path(path)
        files.check_page(target, force=force)
        saved = self.given_model.name if self.given_model is not None else None
        page = html_report.page(
            shared().backtests.analyses, self.result, self.walk, saved=saved or ""
        )
        files.write_text(page, target)
        return target

    def to_dict(self) -> dict[str, object]:
        """Return what ``backtest --json`` prints, ready for ``json.dumps``."""
        if self.walk is None:
            return json_views.backtest_json(
                self.result, self.given_model.name if self.given_model else None
            )
        return json_views.walk_forward_json(self.walk)

    def __repr__(self) -> str:
        result = self.result
        steps = f"{result.spec.horizon} step{'' if result.spec.horizon == 1 else 's'}"
        folds = f", {len(self.walk.folds)} folds" if self.walk and len(self.walk.folds) > 1 else ""
        who = result.spec.network
        if self.given_model is not None and self.given_model.name is not None:
            who = repr(self.given_model.name)
        return (
            f"Backtest({who}, {candles(result.history)}, {len(result.forecast):,} origins, "
            f"{steps}{folds})\n{self.verdict.sentence}"
        )

    def _repr_html_(self) -> str:
        last = self.scores.xs(self.result.spec.horizon, level="step")
        title = repr(self).partition("\n")[0]
        notes = (*self.result.history.notes, *self.notes, title)
        return heading(self.verdict.sentence) + paragraphs(notes) + table(last)
