"""Figures of forecasts: predicted against actual, and what comes next."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cryptoforecast.charts import style, wording
from cryptoforecast.charts.thinning import rows_to_show
from cryptoforecast.errors import InvalidInput
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    Array,
    Backtest,
    Forecast,
    NextSteps,
    duration,
    moment_text,
    predictor_phrase,
    price_text,
)

#: Level (%) and opacity of each band of the fan, widest first.
_FAN = ((95, 0.11), (80, 0.14), (50, 0.18))

#: Prices from which on a label leaves the cents out.
_WHOLE = 1000

#: Share of the price axis that a label takes.
_LABEL = 0.1

#: Recent candles beside a fan are three times the horizon, and at least this many.
_MIN_RECENT = 18

#: Steps up to which bands are drawn as boxes.
_MAX_BOXES = 3


def predicted_vs_actual(
    result: Backtest, step: int | None = None, *, dark: bool = False
) -> go.Figure:
    """Draw predicted prices against the actual ones, and the residuals below.

    Args:
        result: A backtest; the forecasts of its own model are drawn.
        step: A step, 1 to the horizon. The default is the last one.
        dark: Whether the page behind is dark.

    Raises:
        InvalidInput: ``step`` is not 1 to the horizon.
    """
    colours, interval = style.theme(dark), result.forecast.interval
    step = _step(result, step)
    frame = result.forecast.frame(step)
    actual, residual = frame["actual"].to_numpy(), frame["residual"].to_numpy()
    rows = rows_to_show([actual, residual])
    times, quote = pd.DatetimeIndex(frame["closes_at"]), result.history.quote
    x = style.dates(times)[rows]
    hover = style.hover_price(actual, quote)
    band = frame[["q0.1", "q0.9"]].to_numpy()[rows]
    figure = go.Figure()
    if np.isfinite(band).any():
        _add_band(figure, x, band[:, 0], band[:, 1], "80 % range", colours.fan(0.3))
    figure.add_scatter(
        x=x, y=style.float32(actual[rows]), name="actual", mode="lines",
        line={"color": colours.ink, "width": 1.4}, hovertemplate=f"actual {hover}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=style.float32(frame["predicted"].to_numpy()[rows]), name="predicted", mode="lines",
        line={"color": colours.forecast, "width": 1.4, "dash": "dot"},
        customdata=style.float32(band),
        hovertemplate=f"predicted {hover}{_band_hover(actual, quote, 80, 0)}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=style.float32(residual[rows]), name="residual", mode="lines", yaxis="y2",
        line={"color": colours.rule, "width": 1}, showlegend=False,
        hovertemplate=f"residual {style.hover_price(residual, quote, sign='+')}<extra></extra>",
    )  # fmt: skip
    thinned = f", {len(rows):,} points shown, extremes kept" if len(rows) < len(frame) else ""
    title = f"{result.history.coin}, {wording.step_label(step, interval)}: predicted and actual"
    subtitle = style.subtitle_lines(
        result.history,
        f"{wording.span_of_closes(times)}, {wording.candle_count(len(frame), interval)}{thinned}",
    )
    revision = f"predicted {result.history.coin} {interval} {step}"
    extra = {
        "xaxis": style.time_axis(interval) | {"anchor": "y2"},
        "yaxis": style.price_axis(actual, quote) | {"domain": [0.34, 1]},
        "yaxis2": style.price_axis(residual, quote, "residual")
        | {
            "domain": [0, 0.27],
            "zeroline": True,
            "zerolinecolor": colours.rule,
            "zerolinewidth": 1,
            "nticks": 4,
        },
        "hoversubplots": "axis",
    }
    return style.lay_out(
        figure, title, subtitle, dark=dark, height=480, revision=revision, extra=extra
    )


def fan(
    next_steps: NextSteps,
    *,
    dark: bool = False,
    recent: int | None = None,
    zone: str | None = None,
    titled: bool = True,
    other: Forecast | None = None,
) -> go.Figure:
    """Draw recent closes and, after them, the bands and medians of the next steps.

    Args:
        next_steps: A forecast from one origin, the last closed candle.
        dark: Whether the page behind is dark.
        recent: Closes to show before the forecast. The default is three times the horizon.
        zone: Time zone of the user, whose times appear under the pointer beside UTC.
        titled: Whether the figure has a title. On a page the text around it says the same.
        other: Another forecast from the same origin, whose 80 % band is drawn as dotted lines.
    """
    colours, history, forecast = style.theme(dark), next_steps.history, next_steps.forecast
    recent = recent or max(_MIN_RECENT, 3 * forecast.horizon)
    closes, quote = history.candles["close"].iloc[-recent:], history.quote
    past, price = pd.DatetimeIndex(closes.index + history.candle_length), closes.to_numpy()
    rows = rows_to_show([price])
    quantiles = forecast.quantile_prices[0]
    x, hover = style.dates(next_steps.closing_times), style.hover_price(quantiles, quote)
    figure = go.Figure()
    edges, outline = _outline(x, quantiles, forecast.close[0], history.candle_length)
    for level, strength in _FAN:
        _add_band(figure, edges, *_band(outline, level), f"{level} %", colours.fan(strength))
    figure.add_scatter(
        x=style.dates(past)[rows], y=style.float32(price[rows]), name="close", mode="lines",
        line={"color": colours.ink, "width": 1.75}, showlegend=False,
        hovertemplate=f"close {hover}<extra></extra>",
    )  # fmt: skip
    line, middle = (x, quantiles) if forecast.horizon <= _MAX_BOXES else (edges, outline)
    bounds = np.concatenate([_band(middle, level) for level, _ in reversed(_FAN)]).T
    levels = enumerate(level for level, _ in reversed(_FAN))
    bands = (_band_hover(quantiles, quote, level, 2 * i) for i, level in levels)
    local, local_form = style.local_hover(next_steps.closing_times, zone)
    figure.add_scatter(
        x=line, y=style.float32(middle[:, MEDIAN]), name="median",
        mode="lines" if forecast.horizon > _MAX_BOXES else "markers",
        line={"color": colours.forecast, "width": 2}, marker={"size": 8, "symbol": "diamond"},
        customdata=style.float32(bounds),
        hovertext=local and [*[""] * (len(line) - len(x)), *local],
        hovertemplate=f"median {hover}{''.join(bands)}{local_form}<extra></extra>",
    )  # fmt: skip
    curves = [price, quantiles[:, 0], quantiles[:, -1]]
    if other is not None:
        _add_other(figure, x, other, history.candle_length, colours)
        curves += _band(other.quantile_prices[0], 80)
    behind = None if other is None else colours.surface  # the dotted lines would cross the labels
    _label(figure, edges, quantiles[-1], quote, colours, _range(curves), behind)
    now = style.dates(pd.DatetimeIndex([history.closes_at]))[0]
    style.lay_out(
        figure,
        f"{history.title}: the next {duration(forecast.horizon, history.interval)}",
        style.subtitle_lines(
            history,
            f"last close {price_text(forecast.close[0], quote)}, {moment_text(history.closes_at)}",
        ),
        dark=dark,
        height=400,
        revision=f"fan {history.coin} {history.interval} {forecast.horizon}",
        legend=False,
        extra={
            "xaxis": style.time_axis(history.interval)
            | {"showgrid": False, "range": [style.dates(past[:1])[0], edges[-1]]},
            "yaxis": style.price_axis(quantiles, quote) | {"nticks": 4, "range": _range(curves)},
            "shapes": [style.dashed_line(colours.rule, x=now, dash="dot")],
        },
    )
    if not titled:
        style.untitle(figure)
    return figure


def summary_predicted(result: Backtest, step: int | None = None) -> str:
    """Describe in one sentence what ``predicted_vs_actual`` shows."""
    forecast, step = result.forecast, _step(result, step)
    interval, times, quote = forecast.interval, forecast.closes_at(step), result.history.quote
    errors = np.abs(forecast.actual[:, step - 1] - forecast.predicted[:, step - 1])
    prices = "simulated prices" if result.history.simulated else "prices"
    if np.isnan(errors).all():
        return f"None of the {prices} that were predicted is known yet."
    return (
        f"{wording.span_of_closes(times)}: the {result.history.coin} {prices} of "
        f"{predictor_phrase(forecast.predictor)} {wording.step_label(step, interval)} miss the "
        f"actual ones by {price_text(np.nanmean(errors), quote, estimate=True)} on average and by "
        f"{price_text(np.nanmax(errors), quote)} at most "
        f"({moment_text(times[np.nanargmax(errors)])})."
    )


def summary_fan(next_steps: NextSteps) -> str:
    """Describe in one sentence what ``fan`` shows at its last step."""
    history, forecast = next_steps.history, next_steps.forecast
    last, quote = forecast.quantile_prices[0, -1], history.quote
    (low,), (high,) = _band(last[None], 80)
    median, low, high = (price_text(x, quote, estimate=True) for x in (last[MEDIAN], low, high))
    prices = "simulated price" if history.simulated else "price"
    return (
        f"By {moment_text(next_steps.closing_times[-1])}, "
        f"{duration(forecast.horizon, history.interval)} after the last close, the {history.coin} "
        f"{prices} is expected at {median} (median), with a chance of 80 % between {low} and "
        f"{high}; the last close was {price_text(forecast.close[0], quote)}."
    )


def _step(result: Backtest, step: int | None) -> int:
    """Return a step within the horizon, the last one by default."""
    horizon = result.forecast.horizon
    step = horizon if step is None else step
    if not 1 <= step <= horizon:
        raise InvalidInput(f"`step` must be 1 to the horizon, {horizon}. Received: {step}.")
    return step


def _add_band(figure: go.Figure, x: Array, low: Array, high: Array, name: str, fill: str) -> None:
    """Fill between two lines; one entry in the legend hides both."""
    common = {"x": x, "mode": "lines", "line": {"width": 0}, "legendgroup": name, "name": name}
    figure.add_scatter(**common, y=style.float32(low), showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        **common, y=style.float32(high), fill="tonexty", fillcolor=fill, hoverinfo="skip"
    )


def _band_hover(prices: Array, quote: str, level: int, column: int) -> str:
    """Write a band into a hover template, from two columns of ``customdata``."""
    low, high = (
        style.hover_price(prices, quote, f"customdata[{each}]") for each in (column, column + 1)
    )
    return f"<br>{level} %: {low} to {high}"


def _outline(
    x: Array, quantiles: Array, close: float, candle_length: pd.Timedelta
) -> tuple[Array, Array]:
    """Return the outline of the fan, which opens at the last close.

    A fan of few steps would be too narrow to see. Its steps are boxes, one candle wide.

    Returns:
        ``(m,)`` times as text and ``(m, 9)`` prices.
    """
    candle, middle = candle_length.total_seconds() * 1000, style.milliseconds(x)
    if len(x) > _MAX_BOXES:
        start = np.full((1, len(QUANTILES)), close)
        times = np.append(middle[0] - candle, middle)
        return style.dates(times), np.concatenate([start, quantiles])
    sides = np.array([-0.45, 0.45]) * candle
    return style.dates((middle[:, None] + sides).ravel()), np.repeat(quantiles, 2, axis=0)


def _add_other(
    figure: go.Figure,
    x: Array,
    other: Forecast,
    candle_length: pd.Timedelta,
    colours: style.Theme,
) -> None:
    """Draw the 80 % band of another forecast as two dotted lines, as far as both look."""
    steps = min(len(x), other.horizon)
    quantiles = other.quantile_prices[0, :steps]
    edges, outline = _outline(x[:steps], quantiles, other.close[0], candle_length)
    for edge in _band(outline, 80):
        figure.add_scatter(
            x=edges, y=style.float32(edge), mode="lines", showlegend=False,
            line={"color": colours.ink, "width": 1.25, "dash": "dot"}, hoverinfo="skip",
        )  # fmt: skip


def _range(curves: list[Array]) -> list[float]:
    """Return the ends of the price axis, with a little room around what is shown."""
    values = np.concatenate(curves)
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    room = 0.04 * (high - low) or 0.01 * high
    return [low - room, high + room]


def _label(
    figure: go.Figure,
    edges: Array,
    quantiles: Array,
    quote: str,
    colours: style.Theme,
    axis: list[float],
    behind: str | None,
) -> None:
    """Write the level into each band, and the prices at its end, where there is room."""
    high = {level: float(_band(quantiles[None], level)[1][0]) for level, _ in _FAN}
    low = {level: float(_band(quantiles[None], level)[0][0]) for level, _ in _FAN}
    middle, room = float(quantiles[MEDIAN]), _LABEL * (axis[1] - axis[0])
    if not np.isfinite([middle, *high.values(), *low.values()]).all():
        return
    at = edges[-max(1, len(edges) // 12)]
    # Keep the order: where the figure is small, the style sheet hides some labels by their number.
    for level, inner in ((95, high[80]), (50, middle), (80, high[50])):
        roomy = high[level] - inner >= 0.7 * room
        figure.add_annotation(
            x=at, y=(high[level] + inner) / 2, text=f"{level} %", showarrow=False, visible=roomy,
            xanchor="right", font={"size": 12, "color": colours.ink}, bgcolor=behind,
        )  # fmt: skip
    for price, inner, strong in (
        (high[95], high[80], False),
        (low[95], low[80], False),
        (middle, math.nan, True),
        (high[80], middle, True),
        (low[80], middle, True),
    ):
        gap = abs(price - inner)
        away = math.copysign(max(0.0, 1 - gap / room) * 14, price - inner) if gap < room else 0.0
        text = style.plain(price_text(price, quote, estimate=True, whole=price >= _WHOLE))
        figure.add_annotation(
            x=edges[-1], y=price, text=f"<b>{text}</b>" if strong else text, showarrow=False,
            xanchor="left", xshift=6, yshift=away, visible=strong or gap >= room,
            font={"size": 12, "color": colours.forecast_text if strong else colours.faint},
        )  # fmt: skip


def _band(quantiles: Array, level: int) -> tuple[Array, Array]:
    """Pick the two columns that bound the central ``level`` % band, ``(n,)`` each."""
    column = QUANTILES.index(round(0.5 - level / 200, 3))
    return quantiles[:, column], quantiles[:, len(QUANTILES) - 1 - column]
