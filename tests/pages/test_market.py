"""The Market page: candles, the last price with its age, the data report."""

from tests.pages.conftest import words


def test_it_shows_the_last_price_with_its_age_and_the_candles(open_page):
    page = open_page("market")
    last = page.metric[0]
    assert last.label == "Last simulated close of BTC"
    assert last.value.startswith("$")
    assert "ago" in last.delta
    assert len(page.get("plotly_chart")) == 1
    assert "No finding" in words(page)


def test_every_span_and_axis_can_be_shown(open_page):
    page = open_page("market")
    page.segmented_control(key="interval").set_value("1d").run()
    page.selectbox(key="coin").set_value("ETH").run()
    for span in ("3 months", "5 years"):
        page.segmented_control(key="span_1d").set_value(span)
        page.toggle(key="log").set_value(True).run()
        assert not page.exception
        assert not page.error
        assert "ETH" in page.metric[0].label
