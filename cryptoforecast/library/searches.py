"""Searches of the library: better settings of a network, found before the test span."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast import json_views
from cryptoforecast.errors import InvalidInput
from cryptoforecast.library.prices import Prices, history_of
from cryptoforecast.library.signals import Signals, beside, inputs
from cryptoforecast.library.values import Value, digest, heading, paragraphs, table
from cryptoforecast.service import choices, files, searches, shared
from cryptoforecast.service.workers import open_engine
from cryptoforecast.types import UNWATCHED, ModelSpec, Monitor, Progress, SearchPlan
from cryptoforecast.types import Search as Result

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: What can be drawn of a search.
_FIGURES = ("best", "importance", "settings")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Search(Value):
    """Settings that were tried, and what the test said of the best; made by ``search``.

    Two are equal if their trials, finalists and tests are.

    Attributes:
        result: The search as the app itself uses it.
    """

    result: Result

    @property
    def verdict(self) -> str:
        """Whether the winner beats the default preset on prices nothing else has looked at."""
        return self.result.sentence

    @property
    def better(self) -> bool:
        """Whether the winner is better by more than chance, and better than doing nothing."""
        return self.result.test is not None and self.result.test.better

    @property
    def winner(self) -> ModelSpec:
        """The settings that did best on validation rows over several seeds."""
        return self.result.winner

    @property
    def trials(self) -> pd.DataFrame:
        """The trials, in the order of their start.

        Index ``trial``; columns ``state`` (complete, pruned or failed), ``loss`` (mean loss on the
        held-out validation rows: of ``pinball`` in log-return, of ``mae`` in the prices' currency),
        ``best`` (the lowest so far), ``seconds``, ``epochs``, ``reason`` of a failure, and a column
        for each setting. NaN where undefined.
        """
        best = self.result.best_so_far
        rows = [
            {
                "trial": each.number,
                "state": each.state,
                "loss": each.loss,
                "best": lowest,
                "seconds": each.seconds,
                "epochs": each.epochs,
                "reason": each.reason,
                **each.values,
            }
            for each, lowest in zip(self.result.trials, best, strict=True)
        ]
        return pd.DataFrame(rows).set_index("trial")

    @property
    def importances(self) -> Mapping[str, float]:
        """Share of the spread of losses that each setting explains; empty for too few trials."""
        return self.result.importances

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of settings, losses and the test, 16 hexadecimal digits."""
        result = self.result
        trials = [(each.state, dict(each.values), each.loss) for each in result.trials]
        return digest(trials, result.default, result.finalists, result.winner, result.test)

    def preset(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the winner as a preset file, for ``backtest --preset FILE``.

        Args:
            path: Ends in .json.
            force: Whether an existing file may be replaced.

        Returns:
            The path.

        Raises:
            InvalidInput: If the name has another ending, or the folder can't be written.
            AlreadyExists: If there is such a file and ``force`` is false.
        """
        target = Path(path)
        files.check_preset(target, force=force)
        files.write_text(choices.preset_text(self.winner), target)
        return target

    def plot(self, what: str = "best") -> go.Figure:
        """Draw the search.

        Args:
            what: ``"best"`` (the lowest loss so far), ``"importance"`` (of the settings) or
                ``"settings"`` (parallel coordinates).

        Returns:
            A Plotly figure, drawn by Optuna in the style of the app.

        Raises:
            InvalidInput: If there is no such figure, or too few trials for it.
        """
        from cryptoforecast.charts import search as figures

        if what not in _FIGURES:
            raise InvalidInput(
                f"`what` must be one of {', '.join(_FIGURES)}. Received: {what!r:.60}."
            )
        if what == "importance" and not self.result.importances:
            raise InvalidInput(
                "The importance of settings needs at least 10 complete trials that differ. "
                f"Received: {self.result.count('complete')}. Search for longer."
            )
        draw = {
            "best": figures.best_so_far,
            "importance": figures.importances,
            "settings": figures.settings,
        }
        return draw[what](self.result)

    def to_dict(self) -> dict[str, object]:
        """Return what ``search --json`` prints, ready for ``json.dumps``."""
        return json_views.search_json(self.result)

    def __repr__(self) -> str:
        result = self.result
        simulated = " simulated" if result.simulated else ""
        return (
            f"Search({result.coin} {result.interval}{simulated}, {len(result.trials):,} trials)\n"
            f"{result.sentence}"
        )

    def _repr_html_(self) -> str:
        best = self.trials.dropna(subset="loss").sort_values("loss").head()
        title = repr(self).partition("\n")[0]
        return heading(self.verdict) + paragraphs([title]) + table(best)


def search(
    prices: Prices,
    *,
    trials: int = 50,
    minutes: float | None = None,
    network: str | None = None,
    space: Mapping[str, object] | str | os.PathLike[str] | None = None,
    metric: str = "pinball",
    horizon: int = 1,
    finalists: int = 3,
    seeds: int = 3,
    storage: str | None = None,
    resume: bool = False,
    signals: Signals = (),
    progress: Callable[[Progress], None] | None = None,
    cache: bool = True,
    workers: int | None = None,
    scheduler: str | None = None,
    **spec: object,
) -> Search:
    """Search for better settings of a network, without tuning on the test span.

    Trials and finalists see training and validation candles alone. The test span is looked at
    once: for the winner and for the default preset, with several seeds each. It needs Optuna:
    ``pip install "cryptoforecast[search]"``.

    Args:
        prices: Prices, at least about 600 candles.
        trials: Settings to try.
        minutes: Begin no further trial after so many minutes; ``None`` for no limit.
        network: ``"lstm"``, ``"dense"``, or ``None`` to choose among both.
        space: What to choose among: a list of values, or ``{"low": …, "high": …}``, by setting; or
            a JSON or TOML file of that. By default network, inputs, lookback, units, dropout,
            learning rate and loss.
        metric: What decides: ``"pinball"``, the error of the band, or ``"mae"``, of the price.
        horizon: Steps to forecast at once.
        finalists: Best trials that are trained again with other seeds.
        seeds: Seeds of each finalist, and of each side of the test.
        storage: URL of a database that keeps the search; by default a file in the home folder.
        resume: Whether to go on with the latest search of the same prices and settings.
        signals: What every network reads beside the price; see ``backtest``.
        progress: Called repeatedly with a ``Progress``.
        cache: Whether networks of an earlier test may be used again. Trials are always trained.
        workers: Processes of this machine, each with one thread, that do trials at once.
        scheduler: Address of a Dask scheduler, such as ``"tcp://host:8786"``, whose workers do
            that in place of ``workers``.
        spec: ``preset``, and settings of ``cryptoforecast.types.ModelSpec`` that are fixed.

    Returns:
        The search, with its verdict, its trials and the winning settings.

    Raises:
        InvalidInput: If Optuna is not installed, or a setting is outside the rules.
        NotEnoughData: If there are too few candles.
        SourceUnavailable: If a signal can't be had.
        WorkersUnavailable: If workers are lost or refused.

    Example:
        >>> import cryptoforecast as cf
        >>> prices = cf.fetch("BTC", start="2024-01-01", end="2024-03-01", simulated="only")
        >>> space = {"units": [[4], [8]], "lookback": [4, 8]}
        >>> result = cf.search(
        ...     prices, trials=2, network="dense", space=space, finalists=1, seeds=2,
        ...     epochs=2, features=("return",), unit="fixed",
        ... )
        >>> result.trials["state"].tolist()
        ['complete', 'complete']
        >>> result.better
        False
    """
    history = history_of(prices)
    given = {name: tuple(x) if isinstance(x, list) else x for name, x in spec.items()}
    preset = str(given.pop("preset", "quick"))
    seconds = None if minutes is None else 60 * minutes
    order = searches.Order(
        plan=SearchPlan(trials, seconds, metric, finalists, seeds),
        preset=preset,
        networks=() if network is None else (network,),
        changes={**({} if horizon == 1 else {"horizon": horizon}), **given},
        signals=inputs(signals),
        space=_space(space),
        storage=storage,
        resume=resume,
    )
    if order.signals:
        history = beside(history, order.signals, signals)
    monitor = UNWATCHED if progress is None else Monitor(progress)
    if workers is None and scheduler is None:
        return Search(shared().searches.run(history, order, monitor, use_cache=cache))
    with open_engine(workers, scheduler) as engine:
        run = functools.partial(shared().searches.run, history, order, monitor, engine=engine)
        return Search(run(use_cache=cache))


def _space(
    given: Mapping[str, object] | str | os.PathLike[str] | None,
) -> searches.Space | None:
    if given is None:
        return None
    return searches.parse(given) if isinstance(given, Mapping) else searches.read(Path(given))
