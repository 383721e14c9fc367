"""The tabs below the forecast: drawn when they are opened, with the library's numbers."""

from __future__ import annotations

import pytest

from cryptoforecast import charts
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.forecasting.baselines import BASELINES, QUICK
from cryptoforecast.service import shared
from cryptoforecast.types import Forecast, predictor_name
from cryptoforecast.ui import details, inputs
from cryptoforecast.ui import words as writing
from tests.pages.conftest import open_tab, words

pytestmark = pytest.mark.one_service

MODEL = "btc-1h-dense"


@pytest.mark.parametrize(
    ("tab", "figures", "tables"),
    [
        ("Chances", 1, 0), ("Past forecasts", 2, 0), ("Scores", 3, 1), ("Training", 2, 0),
        ("Numbers", 1, 1),
    ],
)  # fmt: skip
def test_only_the_open_tab_is_drawn(open_page, tab, figures, tables):
    page = open_tab(open_page(), tab)
    assert tab in details.TABS
    assert len(page.get("plotly_chart")) == figures  # with the forecast above the tabs
    assert len(page.dataframe) == tables
    assert not page.error


@pytest.mark.own_service
def test_a_rerun_makes_no_table_that_is_folded(open_page, monkeypatch):
    page = open_page()

    def fail(*_):
        raise CryptoForecastError("A table was made.")

    monkeypatch.setattr(Forecast, "frame", fail)
    page.run()
    assert not page.error
    page.session_state[f"table-{inputs.FIRST['1h']}-probabilities"] = True  # opened
    page.run()
    assert [error.value for error in page.error] == ["A table was made."]


@pytest.mark.own_service
def test_slow_baselines_are_compared_after_a_click(open_page):
    page = open_tab(open_page("", coin="BTC", model="cone"), "Scores")
    assert list(compared(page)) == [predictor_name(one) for one in QUICK]
    (button,) = [button for button in page.button if button.label.startswith("Compare with")]
    assert button.label == "Compare with linear regression and boosted trees too"
    button.click().run()
    assert not page.exception
    assert not page.error
    assert list(compared(page)) == [predictor_name(one) for one in BASELINES]
    assert not [button for button in page.button if button.label.startswith("Compare with")]


def compared(page):
    """Predictors in the table of all figures."""
    return table_of_scores(page)["Model"]


def table_of_scores(page):
    (table,) = [frame.value for frame in page.dataframe if "Model" in frame.value]
    return table


@pytest.mark.own_service
def test_each_predictor_is_compared_with_the_last_price_by_price_and_by_range(open_page):
    page = open_tab(open_page("", coin="BTC", model="linear"), "Scores")
    titles = [str(each.value) for each in page.subheader]
    assert titles[:2] == [
        "Average miss against “stays put”",
        "Error of the range against “stays put”",
    ]
    _, *alts = (figure.proto.alt for figure in page.get("plotly_chart"))
    assert len(set(alts)) == 2
    assert [alt.split(" (")[0] for alt in alts] == ["Average miss", "Error of the range"]
    assert all("comes first of 5" in alt for alt in alts)


def test_the_scores_are_those_of_the_library(open_page):
    page = open_tab(open_page("", coin="BTC", model=MODEL), "Scores")
    _, result, _ = of_library()
    names = [*QUICK, "dense", "stack"]
    assert list(compared(page)) == [predictor_name(one) for one in names]
    table = table_of_scores(page).set_index("Model")
    for name, steps in result.scores.items():
        own, naive = steps[-1], result.scores["naive"][-1]
        row = table.loc[predictor_name(name)]
        assert row["MAE"] == f"${own.mae:,.2f}"
        assert row["MAE / naive"] == round(own.mae / naive.mae, 4)
        assert row["Pinball (%)"] == pytest.approx(100 * own.pinball)
        assert row["80 % range held"] == writing.percent(own.coverage_80)
        assert row["95 % range held"] == writing.percent(own.coverage_95)
    stack, dense = (result.scores[name][-1].pinball for name in ("stack", "dense"))
    assert stack != dense
    assert "The prices are simulated." in words(page)


def test_the_page_says_what_the_forecast_is_made_of(open_page):
    page = open_tab(open_page("", coin="BTC", model=MODEL), "Numbers")
    assert "D MMM YYYY, HH:mm" in page.dataframe[0].proto.columns  # a time fits a phone
    future, _, _ = of_library()
    weights = future.weights.set_index("step")
    last = weights.iloc[-1] * 100
    assert (
        f"This forecast combines the ranges of the dense network ({last['dense']:.0f} %) and the "
        f"HAR regression ({last['har']:.0f} %). The weights"
    ) in words(page)
    page.session_state[f"table-{MODEL}-weights"] = True  # opened
    page.run()
    (table,) = [frame.value for frame in page.dataframe if list(frame.value) == ["step", *weights]]
    assert (table.set_index("step") == weights).all(axis=None)


def test_a_baseline_is_made_of_nothing_else(open_page):
    page = open_tab(open_page("", coin="BTC", model="cone"), "Numbers")
    assert "combine" not in words(page)


@pytest.mark.parametrize("coin", ["ETH", "DOGE", "ATOM-USD"])
def test_every_coin_has_a_calibrated_band_at_first_sight(open_page, coin):
    page = open_page("", coin=coin)
    assert page.selectbox(key="model").value == "global-1h-lstm"
    assert "The width of the band follows from how the model's last" in words(
        open_tab(page, "Numbers")
    )
    text = words(open_tab(page, "Scores"))
    assert f"past forecasts of {coin.removesuffix('-USD')} hourly prices, made " in text
    assert not page.error


def test_past_forecasts_are_shown_at_the_step_of_the_user(open_page):
    page = open_tab(open_page("", coin="BTC", model="cone"), "Past forecasts")
    history = shared().prices.history(inputs.query("BTC", "1h"), wait=0)
    result = shared().backtests.of_baseline(history, "cone", 24)
    for step in (24, 1):
        page.select_slider(key="ahead_24").set_value(step).run()
        assert not page.exception
        alt = page.get("plotly_chart")[-1].proto.alt
        assert alt == charts.summary_predicted(result, step)
        assert alt in words(page)


def test_how_a_network_learnt_is_explained_and_a_baseline_has_none(open_page):
    page = open_tab(open_page("", coin="BTC", model=MODEL), "Training")
    _, _, model = of_library()
    text = words(page)
    assert model.record.epochs == 15 + model.spec.final_epochs == 20
    assert "15 passes and 5 final ones in" in text
    assert page.get("plotly_chart")[-1].proto.alt.startswith("After epoch")
    simple = open_tab(open_page("", coin="BTC", model="cone"), "Training")
    assert "It has no network that was trained." in words(simple)


def of_library():
    """Return the next steps, the test and the network of the page's model."""
    service = shared()
    history = service.prices.history(inputs.query("BTC", "1h"), wait=0)
    model = service.saved_models.load(MODEL).model
    return (
        service.forecasts.next_steps(history, model),
        service.backtests.of_saved(history, model),
        model,
    )
