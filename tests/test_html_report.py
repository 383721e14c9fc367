"""A backtest as one file: whole, self-contained, labelled, and with every foreign word escaped."""

from __future__ import annotations

import dataclasses
import html.parser
import json
import re

import pandas as pd
import pytest

from cryptoforecast import __version__, charts, html_report
from cryptoforecast.charts.folds import summary_folds
from cryptoforecast.evaluation import backtest, walk_forward
from cryptoforecast.evaluation.analyses import Analyses
from cryptoforecast.evaluation.leaderboard import METRICS, leaderboard
from cryptoforecast.learning import specs
from cryptoforecast.service import forecast_tables
from cryptoforecast.types import Backtest, WalkForward, WalkPlan, predictor_name, price_text
from tests import synthetic

EVIL = (
    "<script>alert('x')</script>\"&</td><img src=x onerror=alert(1)>"
    '<a href="http://elsewhere">here</a>'
)


def judge(rows: int = 800, **changes: object) -> Backtest:
    spec = specs.make(network="har", horizon=2)
    history = synthetic.history(rows, **changes)
    return backtest.holdout(history, spec, baselines=("naive", "cone", "drift", "har"))


@pytest.fixture(scope="module")
def result() -> Backtest:
    return judge()


@pytest.fixture(scope="module")
def walked() -> WalkForward:
    spec = specs.make(network="har", horizon=2)
    return walk_forward.run(synthetic.history(900), spec, WalkPlan(folds=3), baselines=("naive",))


@pytest.fixture(scope="module")
def page(result) -> str:
    return html_report.page(Analyses(), result)


class Reader(html.parser.HTMLParser):
    """Collects the tags and the words of a page, scripts apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        inside = self._open[-1] if self._open else ""
        (self.scripts if inside == "script" else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


# ------------------------------------------------------------------ the file


def test_it_holds_the_verdict_the_scores_and_where_they_come_from(result, page):
    text = Reader(page).text
    assert result.verdict.sentence in text
    for name, steps in result.scores.items():
        assert predictor_name(name) in text
        assert html_report.metric_text("mae", steps[-1].mae, "USD") in text
    assert result.history.fingerprint in text
    assert result.history.source in text
    assert f"CryptoForecast {__version__}" in re.sub(r"\s+", " ", text)
    assert "Not financial advice" in text
    # Beside each leaderboard stands what its corrected intervals mean.
    assert text.count("95 % interval, corrected") == len(html_report.LEADERBOARDS)
    assert text.count(html_report.COMPARISON_NOTE) == len(html_report.LEADERBOARDS)
    for view in html_report.VIEWS:
        assert view in text


def test_a_network_is_told_from_its_stack():
    model = synthetic.model(synthetic.spec(network="lstm", horizon=2))
    result = backtest.holdout(synthetic.history(), model.spec, model, baselines=("har",))
    text = Reader(html_report.page(Analyses(), result)).text
    assert "BTC 1h, Combined forecast of LSTM network and HAR regression, " in text
    assert result.verdicts["stack"].sentence in text
    assert f"LSTM network alone: {result.verdicts['lstm'].sentence}" in text


@pytest.mark.parametrize("saved", ["", "my-model"])
def test_the_heading_names_product_coin_model_and_test(result, walked, saved):
    model = "my-model (HAR regression)" if saved else "HAR regression"
    for each, walk, test in (
        (result, None, "the last 20 % of the prices"),
        (walked.backtest, walked, "walking forward in 3 folds"),
    ):
        page = html_report.page(Analyses(), each, walk, saved=saved)
        heading = f"CryptoForecast backtest: BTC 1h, {model}, {test}"
        assert f"<title>{heading}</title><style>" in page
        assert re.findall("<h1>(.*?)</h1>", page) == [heading]


def test_predictors_have_their_plain_names_and_no_other(result, page):
    before_settings = page[page.index("<h1>") : page.index("<h2>Data, settings")]
    charts_left_out = re.sub("<script.*?</script>", "", before_settings, flags=re.DOTALL)
    words = Reader(charts_left_out).text
    for name in result.scores:
        assert predictor_name(name) in words
        if name not in predictor_name(name):
            assert not re.search(rf"\b{name}\b", words), name


def test_why_a_source_did_not_answer_is_not_in_it():
    failure = "Yahoo did not answer within 5 seconds."
    notes = (f"{failure} These prices were fetched 3 hours ago.", "FOO is looked up by letters.")
    text = html_report.page(Analyses(), judge(notes=notes, access_notes=notes[:1]))
    assert "did not answer" not in text
    assert "fetched 3 hours ago" not in text
    assert notes[1] in text


def test_every_section_has_a_figure_a_sentence_and_a_table(result, page):
    analyses = Analyses()
    reader = Reader(page)
    text = reader.text
    parts = [
        make(analyses, result, 2, False)
        for view in html_report.VIEWS
        for make in html_report.makers(result, view).values()
    ]
    assert len(parts) == 11
    for part in parts:
        assert part.sentence in text, part.name
        assert part.title in text
        assert len(part.frame)
        assert len(part.figure.to_json()) < 300_000
    frames = {part.name: part.frame for part in parts}
    assert list(frames["pit"]["part"]) == list(range(1, 21))
    assert next(iter(frames["pit"])) == "part"
    assert list(frames["coverage-by-step"]["step"]) == [1, 2]
    figures = [
        tag for tag, attrs in reader.tags if "plotly-graph-div" in (attrs.get("class") or "")
    ]
    # Each follows the width of the window.
    assert page.count('"responsive": true') == len(figures)
    assert len(figures) == len(parts) + len(html_report.LEADERBOARDS) + 1


def test_it_needs_nothing_from_elsewhere(page):
    for tag, attrs in Reader(page).tags:
        assert tag not in ("link", "img", "iframe", "object", "embed"), tag
        assert "src" not in attrs
        assert "href" not in attrs
    assert page.count("plotly.js v") == 1
    assert len(page) < 7_000_000


def test_foreign_words_are_text():
    page = html_report.page(
        Analyses(), judge(coin=EVIL, source=f"file {EVIL}", notes=(f"Note {EVIL}",))
    )
    reader = Reader(page)
    assert not [tag for tag, attrs in reader.tags if tag == "img" or "onerror" in attrs]
    scripts = [script for script in reader.scripts if "alert(" in script and len(script) < 10**6]
    # Plotly would read these tags in a title.
    assert not re.search(r'"text":"[^"]*\\u003c(a|script|img)', page)
    for script in scripts:  # only inside a figure's own JSON, where "<" is written \\u003c
        assert "<script" not in script
        assert "<img" not in script
    assert f"Note {EVIL}" in reader.text
    assert f"file {EVIL}" in reader.text


def test_simulated_prices_are_labelled_and_real_ones_are_not(page):
    assert "imulated prices" not in Reader(page).text
    simulated = html_report.page(Analyses(), judge(simulated=True))
    assert "Simulated prices, not a market" in Reader(simulated).text


def test_a_walk_forward_test_adds_its_folds(walked):
    analyses = Analyses()
    text = Reader(html_report.page(analyses, walked.backtest, walked)).text
    assert "fitted again for each of 3 folds" in text
    assert summary_folds(walked) in text
    assert "Walk forward" in text


def test_a_single_fold_has_no_section_of_folds(walked):
    one = dataclasses.replace(walked, folds=walked.folds[:1])
    page = html_report.page(Analyses(), walked.backtest, one)
    assert "Walk forward" in page
    assert "<h2>Folds</h2>" not in page


def test_the_scores_are_those_of_the_last_step(result, page):
    scores = page[page.index("<h2>Scores</h2>") : page.index("<h2>Leaderboard</h2>")]
    rows = re.findall("<tr>(<td.*?)</tr>", scores)
    for row, (name, steps) in zip(rows, result.scores.items(), strict=True):
        last = dataclasses.asdict(steps[-1]).items()
        cells = [
            predictor_name(name),
            *(html_report.metric_text(metric, value, "USD") for metric, value in last),
        ]
        assert re.findall("<td[^>]*>(.*?)</td>", row) == cells
    assert "rows.</p>" not in scores  # no row is left out


def test_a_long_table_ends_with_its_last_sixty_rows(result, page):
    errors = len(Analyses().frame(result, "residuals", 2))
    assert f"<p>The last 60 of {errors} rows.</p>" in page
    tables = re.findall("<table.*?</table>", page, re.DOTALL)
    assert max(table.count("<tr>") for table in tables) == 61  # with the header


def test_a_section_without_an_answer_says_why_and_leaves_the_rest():
    few = judge(190)
    text = Reader(html_report.page(Analyses(), few)).text
    assert few.verdict.sentence in text
    assert "too few past forecasts" in text


def test_a_model_that_saw_the_test_is_not_called_blind(result):
    seen = dataclasses.replace(result, seen=True, notes=("A note of the test.",))
    text = Reader(html_report.page(Analyses(), seen)).text
    assert "A note of the test." in text
    assert "may have been fitted on part of the test span" in text


# ------------------------------------------------------------------ parts


def test_a_part_is_drawn_once_a_colour(result):
    analyses = Analyses()
    make = html_report.makers(result, "Delay")["delays"]
    first = make(analyses, result, 2, False)
    assert html_report.makers(result, "Delay")["delays"](analyses, result, 2, False) is first
    assert make(analyses, result, 2, True) is not first
    assert make(analyses, result, 1, False) is not first
    board = html_report.leaderboard_section(analyses, result, "mae", 1, "naive")
    assert html_report.leaderboard_section(analyses, result, "mae", 1, "naive")[0] is board[0]


def test_standings_are_written_in_their_units(result):
    board = leaderboard(result, "mae", 2, "cone")
    table = html_report.standings(board, "USD")
    predictors = [predictor_name(each.predictor) for each in board.standings]
    assert list(table["Predictor"]) == predictors
    assert table["Average miss (MAE)"].str.startswith("$").all()
    against, interval = "Better than the volatility cone", "95 % interval, corrected"
    row = table[table["Predictor"] == "Volatility cone"].iloc[0]
    assert (row[against], row[interval]) == ("reference", "–")
    others = table[table["Predictor"] != "Volatility cone"]
    assert len(others)
    assert others[against].str.endswith(" %").all()
    # One statement of confidence: the corrected interval.
    assert list(table.columns) == ["Predictor", "Average miss (MAE)", against, interval]
    coverage = html_report.standings(leaderboard(result, "coverage_95", 1), "USD")
    assert "Off the promise" in coverage.columns
    assert coverage["Off the promise"].str.endswith(" points").all()


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("mae", 123.456, "$123.46"), ("rmse", 0.5, "$0.5000"), ("pinball", 0.00123, "0.1230 %"),
        ("mase", 0.98765, "0.988"), ("mape", 0.01234, "1.23 %"), ("smape", 0.01234, "1.23 %"),
        ("directional_accuracy", 0.512, "51.2 %"), ("coverage_80", 0.8, "80.0 %"),
    ],
)  # fmt: skip
def test_each_metric_has_its_unit(metric, value, text):
    assert html_report.metric_text(metric, value, "USD") == text


@pytest.mark.parametrize("metric", METRICS)
def test_undefined_figures_are_dashes(metric):
    assert html_report.metric_text(metric, float("nan"), "USD") == "–"
    assert html_report.metric_text(metric, 0.5, "USD") != "–"


def test_errors_without_a_currency_are_in_per_cent():
    assert html_report.metric_text("pinball", 0.00123, "USD") == "0.1230 %"
    assert html_report.metric_text("mase", 0.9876, "USD") == "0.988"
    assert html_report.metric_text("mape", 0.01234, "USD") == "1.23 %"
    assert html_report.metric_text("coverage_80", 0.7966, "USD") == "79.7 %"


@pytest.mark.parametrize(
    ("interval", "view", "names"),
    [
        ("1h", "When", ["by-hour", "by-weekday", "by-market"]),
        ("1d", "When", ["by-weekday", "by-market"]),
        ("1w", "When", ["by-market"]),
        ("1m", "When", ["by-hour", "by-market"]),
    ],
)
def test_only_parts_that_mean_something_are_made(result, interval, view, names):
    freq = {"1w": "7D", "1m": "min", "1h": "h", "1d": "D"}[interval]
    origins = pd.date_range("2024-01-01", periods=len(result.forecast), freq=freq, tz="UTC")
    forecast = dataclasses.replace(result.forecast, origins=origins, interval=interval)
    history = dataclasses.replace(result.history, interval=interval)
    other = dataclasses.replace(result, history=history, forecasts={"har": forecast})
    assert list(html_report.makers(other, view)) == names


@pytest.mark.parametrize(("hours", "has"), [(6 * 24, True), (6 * 24 - 1, False)])
def test_weekdays_are_of_six_days_at_least(result, hours, has):
    forecast = result.forecast[: hours + 1]
    other = dataclasses.replace(result, forecasts={"har": forecast})
    assert forecast.origins[-1] - forecast.origins[0] == pd.Timedelta(hours=hours)
    assert ("by-weekday" in html_report.makers(other, "When")) is has


def test_a_single_step_has_no_coverage_by_step(result):
    one = dataclasses.replace(result, spec=dataclasses.replace(result.spec, horizon=1))
    assert "coverage-by-step" not in html_report.makers(one, "Bands")
    assert "coverage-by-step" in html_report.makers(result, "Bands")


def test_forecasts_name_whose_they_are(result):
    frame = forecast_tables.of(result)
    assert list(frame.columns[:5]) == ["predictor", "coin", "interval", "source", "quote"]
    assert len(frame) == 2 * len(result.forecast)
    assert set(frame["predictor"]) == {"har"}
    expected = result.forecast.frame()
    assert frame[expected.columns].equals(expected)


def test_the_folds_are_listed_with_their_spans(walked):
    part = html_report.folds_section(walked)
    frame = part.frame
    assert list(frame["fold"]) == [1, 2, 3]
    assert (frame["fitted_to"] <= frame["test_from"]).all()
    assert frame["test_from"].iloc[1] >= frame["test_to"].iloc[0]
    fold = walked.folds[1]
    ratio = fold.scores["har"][-1].pinball / fold.scores["naive"][-1].pinball
    assert frame["pinball"].iloc[1] == ratio
    assert frame["epochs"].isna().all()
    better = int((frame["pinball"] < 1).sum())
    assert f"in {better} of 3 folds" in part.sentence
    assert "on all candles before it" in charts.summary_refits(walked)
    assert len(json.loads(part.figure.to_json())["data"]) == 2
    names = {trace.name: list(trace.y) for trace in part.figure.data}
    assert names["error of the range"] == list(frame["pinball"])


def test_figures_are_light_unless_somebody_asks_for_dark_ones(result, walked):
    analyses = Analyses()
    board = html_report.leaderboard_section(analyses, result, "mae", 1, "naive")[0]
    light, dark = (
        html_report.leaderboard_section(analyses, result, "mae", 1, "naive", is_dark)[0]
        for is_dark in (False, True)
    )
    assert board is light
    assert light.figure.to_json() != dark.figure.to_json()
    light, dark = (html_report.folds_section(walked, is_dark) for is_dark in (False, True))
    assert html_report.folds_section(walked).figure.to_json() == light.figure.to_json()
    assert light.figure.to_json() != dark.figure.to_json()


def test_the_tables_of_coverage_have_the_share_and_its_interval_of_each_band(result):
    analyses = Analyses()
    bands = html_report.makers(result, "Bands")
    names = [f"{part}_{level}" for level in (50, 80, 90, 95) for part in ("in", "low", "high")]
    by_step = bands["coverage-by-step"](analyses, result, 2, False).frame
    assert list(by_step) == ["step", *names]
    by_market = bands["coverage-by-market"](analyses, result, 2, False).frame
    assert list(by_market) == ["market", "origins", "pinball", *names]
    for frame in (by_step, by_market):
        for level in (50, 80, 90, 95):
            assert (frame[f"low_{level}"] <= frame[f"in_{level}"]).all()
            assert (frame[f"in_{level}"] <= frame[f"high_{level}"]).all()
    shares = analyses.coverage(result).steps[1]
    assert by_step["in_80"].iloc[1] == shares[80].value


def test_of_the_coverage_no_predictor_is_the_reference(result):
    board = leaderboard(result, "coverage_80", 2, "naive")
    assert board.reference in {each.predictor for each in board.standings}
    table = html_report.standings(board, "USD")
    assert "reference" not in set(table["Off the promise"])


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_errors_are_estimates_in_their_currency(metric):
    """A mean may have more digits than prices have."""
    assert html_report.metric_text(metric, 1 / 3e8, "BTC") == "0.000000003333 BTC"
    assert html_report.metric_text(metric, 123456.789, "EUR") == price_text(123456.789, "EUR")
