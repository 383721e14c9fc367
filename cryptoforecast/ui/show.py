"""What a person sees: the verdict first, then figures, charts and the table behind each."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypedDict

import pandas as pd
import streamlit as st

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.forecasting.baselines import HEAVY
from cryptoforecast.forecasting.next_steps import calibration_sentence, spread_sentence
from cryptoforecast.service import Service
from cryptoforecast.types import INTERVAL_NOUNS, Backtest, NextSteps, PriceHistory, Scores
from cryptoforecast.ui import figures
from cryptoforecast.ui.inputs import BASELINE_WORDS, RUN
from cryptoforecast.ui.words import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

DASH = "–"
#: Key, and so class, of what holds a chart and its still.
STILL = "still-"
#: Until Plotly has drawn, its place takes no room; from then on the still's takes none. A field or
#: tile whose script is on its way has about the room that it will need, so that what is read below
#: does not jump. A figure of many digits is written smaller where its tile is narrow, instead of
#: being cut off, and what it is compared with goes below.
STYLE = f"""<style>
[class*="st-key-{STILL}"] {{ position: relative; }}
[class*="st-key-{STILL}"]:has(.main-svg) > :has(.stHtml) {{ display: none; }}
[class*="st-key-{STILL}"]:not(:has(.main-svg)) > :not(:has(.stHtml)) {{
    position: absolute; top: 0; width: 100%; visibility: hidden;
}}
[data-testid="stHorizontalBlock"] > :has(> [data-testid="stSkeleton"]) {{ min-height: 64px; }}
[data-testid="stGridCellContent"] :has(> [data-testid="stSkeleton"]) {{ min-height: 132px; }}
@media (max-width: 640px) {{
    [data-testid="stHorizontalBlock"] > :has(> [data-testid="stSkeleton"]) {{ flex-basis: 100%; }}
}}
[data-testid="stMetric"] {{ container-type: inline-size; }}
[data-testid="stMetric"] [data-testid="stMetricValue"] {{
    font-size: clamp(1rem, 15cqw, 2.25rem);
}}
[data-testid="stMetric"] :has(> [data-testid="stMetricDelta"]) {{ flex-wrap: wrap; }}
</style>"""


@contextmanager
def errors() -> Iterator[None]:
    """Turn a known error into one clear message; the rest of the page goes on."""
    try:
        yield
    except CryptoForecastError as error:
        st.error(plain(str(error)), icon=":material/error:")


def dark() -> bool:
    """Whether the person's page is dark."""
    return st.context.theme.type == "dark"


def chart(figure: go.Figure, *, alt: str, key: str, still: str = "") -> None:
    """Draw a figure with its text alternative.

    Args:
        figure: what is drawn.
        alt: says the same in words.
        key: of the element.
        still: HTML of a picture of it, see ``charts.still``, that stands there until Plotly has
            drawn: for the first chart of a page.
    """
    with st.container(key=f"{STILL}{key}" if still else None):
        if still:
            st.html(still)
        st.plotly_chart(
            figure,
            theme=None,
            key=key,
            alt=alt,
            config={"displaylogo": False, "scrollZoom": False},
        )


def verdict(result: Backtest) -> None:
    """Say whether it beats doing nothing, before anything else."""
    forecast = result.verdict
    headline, *rest = re.split(r": |\. ", forecast.sentence, maxsplit=1)
    detail = "".join(rest)
    icon, color = (
        (":material/verified:", "green")
        if forecast.beats_baseline
        else (":material/do_not_disturb_on:", "orange")
    )
    with st.container(border=True):
        st.markdown(f"### :{color}[{icon}] {headline}")
        if detail:
            st.markdown(detail[:1].upper() + detail[1:])
        st.caption(_span(result))
        for note in result.notes:
            st.caption(f":material/info: {plain(note)}")


def tiles(result: Backtest) -> None:
    """Show the four figures that matter, of the last step."""
    own, naive = _last(result, result.spec.network), _last(result, "naive")
    steps = _ahead(result, result.spec.horizon)
    with st.grid(4, min_column_width=150):
        st.metric(
            "Typical error (MAE)",
            money(own.mae),
            border=True,
            help=f"Mean absolute error of the price {steps}, USD.",
            **_against(own.mae, naive.mae, "last price"),
        )
        st.metric(
            "Band error (pinball)",
            DASH if math.isnan(own.pinball) else f"{own.pinball * 1e4:.1f} bp",
            border=True,
            help="Mean pinball loss of nine quantiles of the log-return, in basis points "
            "(0.01 %): how good the forecast of the range is.",
            **_against(own.pinball, naive.pinball, "constant band"),
        )
        for level, value in ((80, own.coverage_80), (95, own.coverage_95)):
            st.metric(
                f"{level} % band covered",
                percent(value),
                None if math.isnan(value) else f"{(value * 100 - level):+.1f} points",
                delta_color="off",
                border=True,
                help=f"Share of prices {steps} that fell inside the {level} % band. "
                f"Right is {level} %.",
            )


def future(ahead: NextSteps) -> None:
    """Show what comes next: the warnings, a sentence, the fan, its table."""
    st.subheader("What comes next")
    if ahead.warnings:
        st.warning("  \n".join(map(plain, ahead.warnings)), icon=":material/warning:")
    summary = charts.summary_fan(ahead)
    st.markdown(summary)
    picture = figures.fan_still(ahead, summary, dark=dark())
    chart(figures.fan(ahead, dark=dark()), alt=summary, key="fan", still=picture)
    if ahead.calibration is not None:
        since = style.moment(ahead.calibration.since, ahead.history.interval)
        st.caption(calibration_sentence(ahead.calibration, since))
    if ahead.spread is not None:
        st.caption(spread_sentence(ahead.spread))
    table(
        "The numbers behind this chart (USD)",
        lambda: ahead.forecast.frame().drop(columns=["actual", "residual"]),
        ahead.history,
        f"{ahead.model}-next",
    )


def test(result: Backtest) -> None:
    """Show predicted against actual on the test span, and the table behind it."""
    unseen = "" if result.seen else ", on prices it had never seen"
    st.subheader(f"Predicted against actual{unseen}")
    horizon = result.spec.horizon
    step = horizon
    if horizon > 1:
        step = st.select_slider(
            f"{INTERVAL_NOUNS[result.history.interval].capitalize()}s ahead",
            list(range(1, horizon + 1)),
            horizon,
            key=f"step-{horizon}",
            help="Each point was predicted so many candles before.",
        )
    summary = charts.summary_predicted(result, step)
    chart(figures.predicted_vs_actual(result, step, dark=dark()), alt=summary, key="test")
    st.caption(summary)
    table(
        "The numbers behind this chart (USD)",
        lambda: result.forecast.frame(step),
        result.history,
        f"{result.spec.network}-test-step-{step}",
    )


def scores(service: Service, result: Backtest) -> None:
    """Show every predictor's figures on the same origins; slow baselines when asked for."""
    st.subheader("All figures, on the same origins")
    result = service.backtests.with_finished_baselines(result)
    missing = [BASELINE_WORDS[name] for name in HEAVY if name not in result.scores]
    if missing and st.button(
        f"Compare with {' and '.join(missing)} too",
        icon=":material/compare_arrows:",
        help="Takes some seconds, the first time.",
    ):
        with errors(), st.spinner(f"Fitting {' and '.join(missing)} …"):
            service.backtests.with_all_baselines(result)
            st.rerun()
    left, right = st.columns(2)
    with left:
        chart(
            figures.compare_errors(result, dark=dark()),
            alt=charts.summary_errors(result.scores, metric="pinball"),
            key="errors",
        )
    with right:
        chart(
            figures.coverage(result, dark=dark()),
            alt=charts.summary_coverage(figures.covered(result)),
            key="coverage",
        )
    rows = [
        _row(name, steps[-1], result.scores["naive"][-1]) for name, steps in result.scores.items()
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder=DASH,
        alt="Scores of every predictor",
        column_config={
            "Pinball (bp)": st.column_config.NumberColumn(format="%.2f"),
            "MASE": st.column_config.NumberColumn(format="%.3f"),
        },
    )
    st.caption(
        f"{_span(result)} MAE and RMSE in USD; pinball in basis points of log-return; smaller is "
        "better. Coverage is best at its nominal value."
    )
    if result.model is not None:
        record = result.model.record
        origin = "answered from the cache" if result.cached else "trained"
        st.caption(
            f"Network: {origin}; {record.epochs} epochs in {record.seconds:.0f} s "
            f"({record.targets_per_second:,.0f} targets/s), epoch {record.best_epoch} best on the "
            f"validation rows; "
            f"trained on {result.model.card.coin} candles to {result.model.card.cutoff[:10]}."
        )


def save(service: Service, result: Backtest, chosen: str) -> None:
    """Offer to save a network that was just trained."""
    if result.model is None or not chosen.startswith(RUN) or not result.own:
        return
    st.subheader("Keep this model")
    with st.form("save", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        card = result.model.card
        suggestion = f"{card.coin}-{card.interval}-{result.spec.network}".lower()
        name = st.text_input("Name", suggestion, max_chars=64, width=300)
        force = st.checkbox("Overwrite")
        sent = st.form_submit_button("Save", icon=":material/save:")
    if sent:
        with errors():
            saved = service.saved_models.save(result, name, force=force)
            st.success(f"Saved as {saved.name}. Find it on the Models page, or choose it above.")


def table(title: str, rows: Callable[[], pd.DataFrame], history: PriceHistory, name: str) -> None:
    """Offer the table behind a chart, with a CSV of all of it.

    Args:
        title: what stands on it while it is folded.
        rows: makes it; asked once somebody unfolds it.
        history: what it is of.
        name: of the file.
    """
    folded = st.expander(title, icon=":material/table:", key=f"table-{name}", on_change="rerun")
    if not folded.open:
        return
    with folded:
        frame = rows()
        shown = frame.tail(500)
        st.dataframe(shown, hide_index=True, alt=title)
        if len(shown) < len(frame):
            st.caption(f"The last {len(shown)} of {len(frame):,} rows; the download has all.")
        download(frame, history, name)


def download(frame: pd.DataFrame, history: PriceHistory, name: str) -> None:
    """Offer all of a table as CSV, with the coin and where its prices come from."""
    label = "simulated-" if history.simulated else ""
    st.download_button(
        "Download CSV",
        lambda: frame.assign(coin=history.coin, source=history.source).to_csv(index=False),
        file_name=f"{label}{history.coin}-{history.interval}-{name}.csv".lower(),
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv-{name}",
    )


def money(value: float) -> str:
    """Write USD with the decimals its size calls for; a dash where undefined."""
    return style.money(value) if math.isfinite(value) else DASH


def percent(value: float) -> str:
    """Write a fraction as a percentage; a dash where undefined."""
    return f"{value * 100:.1f} %" if math.isfinite(value) else DASH


def _row(name: str, own: Scores, naive: Scores) -> dict[str, object]:
    return {
        "Predictor": name,
        "MAE": money(own.mae),
        "MAE / naive": round(own.mae / naive.mae, 4) if naive.mae > 0 else None,
        "RMSE": money(own.rmse),
        "MAPE": percent(own.mape),
        "sMAPE": percent(own.smape),
        "MASE": own.mase,
        "Direction right": percent(own.directional_accuracy),
        "Pinball (bp)": own.pinball * 1e4,
        "Pinball / naive": round(own.pinball / naive.pinball, 4) if naive.pinball > 0 else None,
        "80 % covered": percent(own.coverage_80),
        "95 % covered": percent(own.coverage_95),
    }


def _last(result: Backtest, name: str) -> Scores:
    return result.scores[name][-1]


class _Delta(TypedDict):
    delta: str | None
    delta_color: Literal["inverse", "off"]
    delta_arrow: Literal["auto", "off"]
    delta_description: str | None


def _against(value: float, baseline: float, what: str) -> _Delta:
    """Write a change against a baseline, as a metric's delta."""
    if not (math.isfinite(value) and baseline > 0):
        return _Delta(delta=None, delta_color="off", delta_arrow="off", delta_description=None)
    change = value / baseline - 1
    if abs(change) < 5e-4:
        same = f"as {what}"
        return _Delta(delta="same", delta_color="off", delta_arrow="off", delta_description=same)
    text = f"{value / baseline:.1f} times" if change > 1 else f"{change * 100:+.1f} %"
    return _Delta(
        delta=text,
        delta_color="inverse",
        delta_arrow="auto",
        delta_description=what if change > 1 else f"vs {what}",
    )


def _ahead(result: Backtest, step: int) -> str:
    return style.step_label(step, result.history.interval)


def _span(result: Backtest) -> str:
    forecast = result.forecast
    return (
        f"Tested on {result.history.coin} {result.history.interval}, {len(forecast):,} origins "
        f"from {style.span(forecast.origins, forecast.interval)}, "
        f"{_ahead(result, forecast.horizon)}"
        + (", on simulated prices." if result.history.simulated else ".")
    )
