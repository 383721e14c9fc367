"""Probabilities on the Forecast page: the library's numbers, the user's price, no bad input."""

from __future__ import annotations

import pytest

from cryptoforecast import charts
from cryptoforecast.charts.probability import probability_text
from cryptoforecast.forecasting import probability
from cryptoforecast.service import shared
from cryptoforecast.service.choices import ladder
from cryptoforecast.ui import inputs
from tests.pages.conftest import rows, words

pytestmark = pytest.mark.one_service

MODEL = "btc-1h-dense"


def expected(above=(), below=()):
    service = shared()
    history = service.prices.history(inputs.query("BTC", "1h"), wait=0)
    future = service.forecasts.next_steps(history, service.saved_models.load(MODEL).model, MODEL)
    return future, probability.of_next_steps(future, above, below)


def sentence(page) -> str:
    """The line that answers, without its emphasis."""
    (line,) = [line for line in words(page).splitlines() if line.startswith("Chance that")]
    return line.replace("*", "")


def price(page):
    return next(box for box in page.number_input if box.label == "Your price, USD")


def test_the_last_close_is_the_first_price(open_page):
    page = open_page("", coin="BTC", model=MODEL)
    future, _ = expected()
    close = float(future.forecast.close[0])
    (one,) = probability.of_next_steps(future, [close])
    assert sentence(page) == charts.summary_probability(future, one)
    assert "ends above" in sentence(page)
    assert probability_text(one.by_step[-1]) in sentence(page)
    assert f"**{probability_text(one.last)}** {one.direction} ${close:,.0f}" in words(page)


def test_a_price_and_a_direction_are_answered_with_the_librarys_numbers(open_page):
    page = open_page("", coin="BTC", model=MODEL)
    page.session_state[f"table-{MODEL}-probabilities"] = True  # opened
    future, _ = expected()
    level = round(float(future.forecast.close[0]) * 1.01, 2)
    price(page).set_value(level).run()
    _, (above,) = expected([level])
    assert sentence(page) == charts.summary_probability(future, above)
    page.segmented_control(key="ends").set_value("below").run()
    _, (below,) = expected((), [level])
    assert sentence(page) == charts.summary_probability(future, below)
    (table,) = [each.value for each in page.dataframe if "step" in each.value and any(
        name.startswith("below") for name in each.value)]  # fmt: skip
    assert table.iloc[:, 3].tolist() == pytest.approx(below.by_step.clip(0.01, 0.99).tolist())
    assert len(table) == 24


def touch_lines(page) -> list[str]:
    """The lines about touching."""
    return [line for line in words(page).splitlines() if line.endswith("to touch it on the way")]


def test_a_price_is_told_with_its_chance_of_being_touched(open_page):
    page = open_page("", coin="BTC", model=MODEL)
    assert touch_lines(page) == []  # the last close is where the price is
    future, _ = expected()
    level = round(float(future.forecast.close[0]) * 1.01, 2)
    price(page).set_value(level).run()
    (touch,) = shared().forecasts.touch(future, [level])
    assert touch_lines(page) == [f"**{probability_text(touch.last)}** to touch it on the way"]
    page.session_state[f"table-{MODEL}-touch"] = True  # opened
    page.run()
    (table,) = [each.value for each in page.dataframe if any(
        name.startswith("touches") for name in each.value)]  # fmt: skip
    column = next(name for name in table if f"{level:,.2f}" in name)
    assert table[column].tolist() == pytest.approx(touch.by_step.clip(0.01, 0.99).tolist())
    extremes = shared().forecasts.extremes(future)
    assert table["lowest q0.1"].tolist() == pytest.approx(extremes.low[:, 2].tolist())
    assert table["fall q0.9"].tolist() == pytest.approx(extremes.largest_fall[:, 6].tolist())


def test_a_link_brings_its_price(open_page):
    page = open_page("", coin="BTC", model=MODEL, price_BTC="70000", ends="below")
    assert price(page).value == 70_000
    assert "ends below $70,000.00" in sentence(page)


@pytest.mark.parametrize("level", ["-5", "0", "1e300", "1e16"])
def test_a_link_with_a_price_that_is_none_is_refused(open_page, level):
    page = open_page("", coin="BTC", model=MODEL, price_BTC=level)
    (error,) = page.error
    assert "A price level must be above 0 and at most 1e+15." in error.value
    assert "80 % likely" in words(page)  # the rest of the page is there
    assert rows(page)["Stays put"]


@pytest.mark.parametrize("level", ["nan", "inf", "much", "", "<b>", "1e999"])
def test_what_is_no_number_at_all_leaves_the_last_close(open_page, level):
    page = open_page("", coin="BTC", model=MODEL, price_BTC=level, ends="sideways")
    assert not page.error
    assert "ends above" in sentence(page)


def test_a_price_belongs_to_its_coin(open_page):
    page = open_page("", coin="ETH", model="cone", price_BTC="70000")
    assert price(page).value is None
    assert "ETH" in sentence(page)


def test_the_bars_are_the_chances_of_round_prices_the_highest_first(open_page):
    page = open_page("", coin="BTC", model=MODEL)
    future, _ = expected()
    around = probability.of_next_steps(future, ladder(future))
    bars = {label: text for label, (_, text) in rows(page).items() if label.startswith("$")}
    assert list(bars.items()) == [
        (f"${each.level:,.0f}", probability_text(each.last)) for each in reversed(around)
    ]
    page.segmented_control(key="ends").set_value("below").run()
    below = [text for label, (_, text) in rows(page).items() if label.startswith("$")]
    assert below != [*bars.values()]
    assert "Chance to end below" in words(page)


def test_the_steps_of_a_price_are_drawn_when_they_are_opened(open_page):
    page = open_page("", coin="BTC", model=MODEL)
    assert len(page.get("plotly_chart")) == 1
    assert [one for one in page.expander if "hour by hour" in one.label]
    page.session_state["by-step"] = True  # opened
    page.run()
    assert not page.exception
    assert len(page.get("plotly_chart")) == 2


def test_one_step_has_no_picture_of_its_steps(open_page):
    page = open_page("", coin="BTC", model="btc-1h-lstm-close")
    assert not [one for one in page.expander if "hour by hour" in one.label]
    assert "(1 hour ahead):" in sentence(page)
    assert ";" not in sentence(page)
