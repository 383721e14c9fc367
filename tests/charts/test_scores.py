"""Figures of training and of scores have their numbers, and their sentences say the same."""

import math

import pytest

from cryptoforecast import charts
from cryptoforecast.charts import style
from cryptoforecast.types import EpochLoss, predictor_name
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
        {"Price stays put": 1, "Volatility cone": 1, "LSTM network": 4.7}
    )
    first = charts.compare_errors(SCORES, 1)
    assert dict(zip(first.data[0].y, first.data[0].x, strict=True))["LSTM network"] == 2
    band = charts.compare_errors(SCORES, metric="pinball").data[0]
    assert dict(zip(band.y, band.text, strict=True))["LSTM network"] == "0.890"


def test_an_undefined_error_is_called_undefined():
    scores = {"naive": (scored(0.0, 1.0),), "lstm": (scored(1.0, 1.0),)}
    assert set(charts.compare_errors(scores).data[0].text) == {"undefined"}
    assert charts.summary_errors(scores).endswith("the LSTM network undefined.")


def test_coverage_is_shown_by_level():
    figure = charts.coverage(COVERAGE)
    assert list(named(figure, "Price stays put").y) == [88, 98]
    assert list(named(figure, "as promised").y) == [80, 95]
    assert math.isnan(named(figure, "LSTM network").y[1])
    symbols = {trace.marker.symbol for trace in figure.data}
    assert len(symbols) == len(figure.data)


def test_sentences_say_what_the_figures_show():
    assert charts.summary_loss(()) == "No epoch has finished yet."
    best = min(CURVE, key=lambda point: point.val_loss)
    assert charts.summary_loss(CURVE).endswith(f"is {best.val_loss:.4g}, after epoch {best.epoch}.")
    assert charts.summary_coverage(COVERAGE) == (
        "The 80 % band of “the price stays put” holds 88.0 % of the actuals; the 80 % band of the "
        "LSTM network holds 79.0 % of the actuals."
    )
    assert charts.summary_coverage({}) == "No coverage is defined here."
    assert charts.summary_errors(SCORES) == (
        "MAE in multiples of the last price's: the volatility cone 1.000, the LSTM network 4.70."
    )


@pytest.mark.parametrize(("epochs", "distance"), [(7, 1), (10, 1), (11, None)])
def test_few_epochs_have_a_tick_each(epochs, distance):
    figure = charts.loss_curve(CURVE, epochs=epochs)
    assert figure.layout.xaxis.dtick == distance
    assert tuple(figure.layout.xaxis.range) == (0.5, epochs + 0.5)
    assert figure.layout.title.text == "Loss by epoch"
    # Without a limit the axis ends at the last epoch, and with none at the first.
    assert charts.loss_curve(CURVE).layout.xaxis.range[1] == 7.5
    assert charts.loss_curve(()).layout.xaxis.range[1] == 1.5


def test_a_larger_error_than_naives_has_the_strong_colour():
    better = {**SCORES, "har": (scored(0.9, 1.0), scored(90.0, 0.01))}
    (bars,) = charts.compare_errors(better).data
    colours = dict(zip(bars.y, bars.marker.color, strict=True))
    light = style.LIGHT
    assert colours == {
        "Price stays put": light.rule, "Volatility cone": light.forecast,
        "LSTM network": light.worse, "HAR regression": light.forecast,
    }  # fmt: skip
    assert list(bars.y)[::-1] == [
        "Price stays put",
        "Volatility cone",
        "LSTM network",
        "HAR regression",
    ]


@pytest.mark.parametrize(
    ("metric", "title", "unit"),
    [("mae", "Error of the price", "MAE"), ("pinball", "Error of the band", "pinball loss")],
)
def test_errors_have_their_metric_and_room_for_the_largest(metric, title, unit):
    layout = charts.compare_errors(SCORES, metric=metric, simulated=True).layout
    assert layout.title.text == f"{title}, naive = 1"
    assert layout.xaxis.title.text == f"{unit} / naive {unit}"
    assert layout.title.subtitle.text.startswith(f"{style.SIMULATED}<br>dashed: ")
    largest = 4.7 if metric == "mae" else 1.0
    assert layout.xaxis.range[0] == 0
    assert layout.xaxis.range[1] == pytest.approx(1.22 * largest)
    rows = charts.compare_errors({"naive": SCORES["naive"]}, metric=metric).layout.height
    assert layout.height == rows + 2 * 38
    assert charts.summary_errors(SCORES, metric=metric).startswith(f"{unit} in multiples")


@pytest.mark.parametrize("dark", [False, True])
def test_each_predictor_has_a_colour_and_a_marker_of_its_own(dark):
    names = ("naive", "cone", "drift", "har", "linear", "boosting", "stack", "lstm")
    figure = charts.coverage({name: {80: 0.8} for name in names}, dark=dark)
    lines = [named(figure, predictor_name(name)) for name in names]
    assert len({line.line.color for line in lines}) == len(names)
    assert len({line.marker.symbol for line in lines}) == len(names)
    assert lines[names.index("stack")].line.color == style.theme(dark).forecast
    assert lines[0].line.color == style.theme(dark).rule


def curve(*points: tuple[float, float]) -> tuple[EpochLoss, ...]:
    """The epochs of losses on training and on validation rows."""
    return tuple(EpochLoss(i + 1, *losses, 1.0) for i, losses in enumerate(points))


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ((), "It begins"),
        (((1.0, 1.0), (0.9, 0.9)), "It begins"),
        (((1.0, math.nan), (0.9, math.nan), (0.8, math.nan)), "It begins"),
        (((1.0, 1.0), (0.9, 0.9), (0.8, 0.8)), "It still learns: the blue line falls."),
        (((1.0, 0.5), (0.9, 0.5), (0.8, 0.4999)), "The blue line has levelled off"),
        (((1.0, 0.5), (0.9, 0.6), (0.8, 0.6)), "The blue line has levelled off"),
        (((1.0, 0.5), (0.9, 0.6), (0.8, 0.6), (0.7, 0.6)), "It learns by heart now"),
        (((1.0, 0.5), (1.1, 0.6), (1.2, 0.6), (1.3, 0.6)), "The blue line has levelled off"),
    ],
)
def test_a_loss_curve_is_explained_by_its_shape(points, sentence):
    assert charts.words_on_loss(curve(*points)).startswith(sentence)


def test_the_lines_of_a_loss_curve_in_a_card_have_their_names():
    figure = charts.loss_curve(CURVE, epochs=15, titled=False)
    assert figure.layout.title.text is None
    assert not figure.layout.showlegend
    notes = {note.text: note for note in figure.layout.annotations}
    assert set(notes) == {"prices it hasn't seen", "prices it learns from"}
    unseen, learnt = notes["prices it hasn't seen"], notes["prices it learns from"]
    assert (unseen.y, learnt.y) == (CURVE[-1].val_loss, CURVE[-1].loss)
    assert unseen.yshift == -learnt.yshift > 0  # the higher line has its name above it
    (waiting,) = charts.loss_curve((), epochs=15, titled=False).layout.annotations
    assert waiting.text == "The first epoch is running"
