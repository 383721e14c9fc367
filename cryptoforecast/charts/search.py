"""The figures of a search, drawn by Optuna and put into the style of all figures.

Optuna draws studies. So the trials of a search become a study in memory, which is then drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from cryptoforecast.charts import style
from cryptoforecast.types import Search, Trial, input_name

if TYPE_CHECKING:
    import optuna

#: What a setting is called in a figure.
_NAMES = {
    "network": "network", "features": "inputs", "lookback": "looks back", "units": "size",
    "dropout": "dropout", "learning_rate": "learning rate", "loss": "loss", "target": "target",
    "training": "training on", "unit": "unit", "schedule": "schedule", "batch_size": "batch size",
    "chunk": "targets", "epochs": "passes", "patience": "stops after",
}  # fmt: skip
#: A choice with longer values is numbered in a figure; the table has its words.
_MAX_LABEL = 12


def best_so_far(search: Search, *, dark: bool = False) -> go.Figure:
    """Draw the error of each trial, and the lowest so far.

    Args:
        search: A search.
        dark: Whether the page behind is dark.
    """
    from optuna.visualization import plot_optimization_history

    colours = style.theme(dark)
    figure = plot_optimization_history(_study(search), target_name="error of a try")
    for trace in figure.data:
        trace.x = [number + 1 for number in trace.x]  # Optuna counts from 0
    each, lowest = figure.data[:2]
    each.update(marker={"color": colours.rule, "symbol": "circle"})
    lowest.update(name="lowest so far", line={"color": colours.forecast, "width": 2})
    return style.lay_out(
        figure, "How far did the error fall?", [], dark=dark, height=320, revision="search",
        extra={
            "xaxis": {"title": style.axis_title("number of the try"), "tickformat": "d"},
            "yaxis": {"title": style.axis_title(unit(search)), "nticks": 6},
        },
    )  # fmt: skip


def importances(search: Search, *, dark: bool = False) -> go.Figure:
    """Draw how much of the spread of errors each setting explains.

    Args:
        search: A search that has importances.
        dark: Whether the page behind is dark.
    """
    from optuna.importance._base import BaseImportanceEvaluator
    from optuna.visualization import plot_param_importances

    class Given(BaseImportanceEvaluator):
        """Gives the importances that the search has."""

        def evaluate(
            self,
            study: optuna.Study,
            params: list[str] | None = None,
            *,
            target: Callable[[optuna.trial.FrozenTrial], float] | None = None,
        ) -> dict[str, float]:
            del study, params, target
            return {label(name): share for name, share in search.importances.items()}

    figure = plot_param_importances(_study(search), evaluator=Given())
    figure.data[0].update(marker={"color": style.theme(dark).forecast}, hovertemplate=None)
    return style.lay_out(
        figure, "Which settings mattered?", [], dark=dark, height=60 + 34 * len(search.importances),
        revision="search", legend=False,
        extra={
            "hovermode": "closest",
            "xaxis": {"title": style.axis_title("share of the spread of errors"),
                      "tickformat": ".0%", "range": [0, 1.12 * max(search.importances.values())]},
        },
    )  # fmt: skip


def settings(search: Search, *, dark: bool = False) -> go.Figure:
    """Draw each complete trial as a line through its settings, coloured by its error.

    Args:
        search: A search.
        dark: Whether the page behind is dark.
    """
    from optuna.visualization import plot_parallel_coordinate
    from plotly.colors import sample_colorscale

    figure = plot_parallel_coordinate(_study(search), target_name="error")
    ends = [style.theme(dark).forecast, _pale(dark)]
    for trace in figure.data[:-1]:
        trace.line.color = sample_colorscale(ends, [trace.y[0]])[0]
        trace.opacity = 0.8
    if figure.data:
        figure.data[-1].marker.update(
            colorscale=ends, reversescale=False,
            colorbar={"title": {"text": unit(search)}, "thickness": 10},
        )  # fmt: skip
    colours = style.theme(dark)
    for tick in figure.layout.annotations:  # beside its axis, and as readable as other ticks
        tick.update(font={"color": colours.faint, "size": 11}, xanchor="right", xshift=-6)
    return style.lay_out(
        figure, "What did good settings have in common?", [], dark=dark, height=380,
        revision="search", legend=False,
        extra={
            "hovermode": "closest",
            "margin": {"l": 32},  # for the ticks of the first axis, where little room is left
            "xaxis": figure.layout.xaxis.to_plotly_json(),
            "yaxis": figure.layout.yaxis.to_plotly_json(),
        },
    )  # fmt: skip


def summary_best(search: Search) -> str:
    """Describe in one sentence what ``best_so_far`` shows."""
    best = [each for each in search.best_so_far if not math.isnan(each)]
    if not best:
        return "No try came to its end."
    last = search.best_so_far.index(best[-1]) + 1
    first, lowest = (in_unit(search, each) for each in (best[0], best[-1]))
    return (
        f"The lowest error fell from {first:.4g} to {lowest:.4g} ({unit(search)}) in "
        f"{len(search.trials):,} tries; the last fall was in number {last}."
    )


def summary_importances(search: Search) -> str:
    """Describe in one sentence what ``importances`` shows."""
    name, share = next(iter(search.importances.items()))
    return (
        f"The setting that mattered most is {label(name)}: {100 * share:.0f} % of the spread of "
        "errors."
    )


def summary_settings(search: Search) -> str:
    """Describe in one sentence what ``settings`` shows."""
    complete = [each for each in search.trials if each.state == "complete"]
    if not complete:
        return "No try came to its end."
    best = min(complete, key=lambda each: each.loss)
    texts = [
        f" {name.capitalize()}: " + "; ".join(f"{short} is {text}" for short, text in named) + "."
        for name, named in sets(search).items()
    ]
    return (
        f"The try with the lowest error, number {best.number}, has {values_text(best.values)}."
        + "".join(texts)
    )


def words_on_settings(search: Search) -> str:
    """Say what ``summary_settings`` says in fewer words, with the figure's names of sets."""
    complete = [each for each in search.trials if each.state == "complete"]
    if not complete:
        return "No try came to its end."
    best = min(complete, key=lambda each: each.loss)
    parts = [
        f"{label(name)} {value_text(name, shown) if column.numeric else shown}"
        for name, column in _columns(search).items()
        for shown in [column.shown(best)]
    ]
    return f"The try with the lowest error, number {best.number}: {', '.join(parts)}."


def sets(search: Search) -> dict[str, list[tuple[str, str]]]:
    """Return pairs of a short name in the figure and its value in words, by setting."""
    return {
        label(name): [(short, text) for text, short in column.sets.items()]
        for name, column in _columns(search).items()
        if column.sets
    }


def values_text(values: Mapping[str, object]) -> str:
    """Write the settings of a trial: "looks back 48, size 64-32"."""
    return ", ".join(f"{label(name)} {value_text(name, value)}" for name, value in values.items())


def value_text(name: str, value: object) -> str:
    """Write one value of a setting as pages do."""
    if name == "features" and isinstance(value, tuple):
        return " + ".join(input_name(str(each)) for each in value)
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def label(name: str) -> str:
    """Return what a setting is called on pages."""
    return _NAMES.get(name, name)


def unit(search: Search) -> str:
    """Return the unit of the errors in figures and tables."""
    return "range error, 0.01 %" if search.plan.metric == "pinball" else "price error"


def in_unit(search: Search, loss: float) -> float:
    """Return an error in the unit of figures and tables."""
    return 1e4 * loss if search.plan.metric == "pinball" else loss


def _pale(dark: bool) -> str:
    return "#2B3947" if dark else "#D5E4EF"


def _study(search: Search) -> optuna.Study:
    """Make a study of the trials, with the units and names that figures show."""
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study, columns = optuna.create_study(), _columns(search)
    distributions = {label(name): column.distribution() for name, column in columns.items()}
    states = {"pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
    for each in search.trials:
        if each.state == "complete":
            trial = optuna.trial.create_trial(
                value=in_unit(search, each.loss),
                params={label(name): column.shown(each) for name, column in columns.items()},
                distributions=distributions,
            )
        else:
            trial = optuna.trial.create_trial(state=states[each.state])
        study.add_trial(trial)
    return study


def _columns(search: Search) -> dict[str, _Column]:
    """Return the settings of the complete trials, by name."""
    values = [each.values for each in search.trials if each.state == "complete"]
    names = [name for name in _NAMES if any(name in each for each in values)]
    return {name: _Column(name, [each[name] for each in values]) for name in names}


class _Column:
    """One setting in all complete trials, as Optuna can draw it.

    Attributes:
        numeric: Whether all values are numbers.
        sets: What stands for each value that is too long for a figure.
    """

    def __init__(self, name: str, values: Sequence[object]) -> None:
        self._name, self._values = name, values
        self.numeric = all(type(value) in (int, float) for value in values)
        texts = dict.fromkeys(value_text(name, value) for value in values)
        long = not self.numeric and max(map(len, texts)) > _MAX_LABEL
        self.sets = {text: f"set {i}" for i, text in enumerate(texts, start=1)} if long else {}

    def shown(self, trial: Trial) -> object:
        """Return the value of a trial as the figure shows it."""
        return self._shown(trial.values[self._name])

    def distribution(self) -> optuna.distributions.BaseDistribution:
        """Return the values that the setting may have, as a distribution of Optuna."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution

        if not self.numeric:
            return CategoricalDistribution(
                list(dict.fromkeys(str(self._shown(value)) for value in self._values))
            )
        numbers = [float(str(value)) for value in self._values]
        log = self._name == "learning_rate" and min(numbers) > 0
        return FloatDistribution(min(numbers), max(numbers), log=log)

    def _shown(self, value: object) -> object:
        if self.numeric:
            return value
        text = value_text(self._name, value)
        return self.sets.get(text, text)
