"""Figures of training and of scores have their numbers, and their sentences say the same."""

import math

import pytest

from cryptoforecast import charts
from tests.charts.examples import COVERAGE, CURVE, SCORES, named, scored


def test_the_loss_curve_grows_in_place():
    figure = charts.loss_curve(CURVE, epochs=15)
    assert list(named(figure, "validation").y) == [point.val_loss for point in CURVE]
    assert tuple(figure.layout.xaxis.range) == (0.5, 15.5)
    assert not figure.layout.annotations
    waiting = charts.loss_curve((), epochs=15)
    assert waiting.layout.annotations[0].text == "The first epoch is running"
    assert waiting.layout.uirevision == figure.layout.uirevision


def test_errors_are_multiples_of_naives():
    figure = charts.compare_errors(SCORES)
    assert dict(zip(figure.data[0].y, figure.data[0].x, strict=True)) == pytest.approx(
        {"naive": 1, "cone": 1, "lstm": 4.7}
    )
    first = charts.compare_errors(SCORES, 1)
    assert dict(zip(first.data[0].y, first.data[0].x, strict=True))["lstm"] == 2
    band = charts.compare_errors(SCORES, metric="pinball").data[0]
    assert dict(zip(band.y, band.text, strict=True))["lstm"] == "0.890"


def test_an_undefined_error_is_called_undefined():
    scores = {"naive": (scored(0.0, 1.0),), "lstm": (scored(1.0, 1.0),)}
    assert set(charts.compare_errors(scores).data[0].text) == {"undefined"}
    assert charts.summary_errors(scores).endswith("lstm undefined.")


def test_coverage_is_shown_by_level():
    figure = charts.coverage(COVERAGE)
    assert list(named(figure, "naive").y) == [88, 98]
    assert list(named(figure, "as promised").y) == [80, 95]
    assert math.isnan(named(figure, "lstm").y[1])
    symbols = {trace.marker.symbol for trace in figure.data}
    assert len(symbols) == len(figure.data)


def test_sentences_say_what_the_figures_show():
    assert charts.summary_loss(()) == "No epoch has finished yet."
    best = min(CURVE, key=lambda point: point.val_loss)
    assert charts.summary_loss(CURVE).endswith(f"is {best.val_loss:.4g}, after epoch {best.epoch}.")
    assert charts.summary_coverage(COVERAGE) == (
        "naive's 80 % band holds 88.0 % of the actuals; lstm's 80 % band holds 79.0 % of the "
        "actuals."
    )
    assert charts.summary_coverage({}) == "No coverage is defined here."
    assert charts.summary_errors(SCORES) == (
        "MAE in multiples of the last price's: cone 1.000, lstm 4.70."
    )
