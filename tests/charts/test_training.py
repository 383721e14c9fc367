"""The figure of a training has its numbers, and its sentences say the same."""

import math

import pytest

from cryptoforecast import charts
from cryptoforecast.types import EpochLoss
from tests.charts.examples import CURVE, named


def test_the_loss_curve_grows_in_place():
    figure = charts.loss_curve(CURVE, epochs=15)
    assert list(named(figure, "prices it hasn't seen").y) == [point.val_loss for point in CURVE]
    assert tuple(figure.layout.xaxis.range) == (0.5, 15.5)
    assert not figure.layout.annotations
    waiting = charts.loss_curve((), epochs=15)
    assert waiting.layout.annotations[0].text == "The first pass is running"
    assert waiting.layout.uirevision == figure.layout.uirevision


def test_a_sentence_says_what_the_loss_curve_shows():
    assert charts.summary_loss(()) == "No epoch has finished yet."
    best = min(CURVE, key=lambda point: point.val_loss)
    assert charts.summary_loss(CURVE).endswith(f"is {best.val_loss:.4g}, after epoch {best.epoch}.")


@pytest.mark.parametrize(("epochs", "distance"), [(7, 1), (10, 1), (11, None)])
def test_few_epochs_have_a_tick_each(epochs, distance):
    figure = charts.loss_curve(CURVE, epochs=epochs)
    assert figure.layout.xaxis.dtick == distance
    assert tuple(figure.layout.xaxis.range) == (0.5, epochs + 0.5)
    assert figure.layout.title.text == "How did the miss fall in training?"
    # Without a limit the axis ends at the last epoch, and with none at the first.
    assert charts.loss_curve(CURVE).layout.xaxis.range[1] == 7.5
    assert charts.loss_curve(()).layout.xaxis.range[1] == 1.5


def curve(*points: tuple[float, float]) -> tuple[EpochLoss, ...]:
    """The epochs of losses on training and on validation rows."""
    return tuple(EpochLoss(i + 1, *losses, 1.0) for i, losses in enumerate(points))


#: The first passes of a training, after which the shape of the lines means something.
FALL = tuple((2 - 0.1 * i, 2 - 0.1 * i) for i in range(7))


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ((), "It begins"),
        (((1.0, 1.0), (0.9, 0.9)), "It begins"),
        (((1.0, math.nan), (0.9, math.nan), (0.8, math.nan)), "It begins"),
        (((1.0, 1.0), (0.9, 0.9), (0.8, 0.8)), "It still learns: the blue line falls."),
        (((1.0, 0.5), (0.9, 0.5), (0.8, 0.4999)), "Too early to say"),
        (((1.0, 0.5), (0.9, 0.6), (0.8, 0.6)), "Too early to say"),
        ((*FALL[:6], (1.0, 0.5), (0.9, 0.6), (0.8, 0.6)), "Too early to say"),
        ((*FALL, (1.0, 0.5), (0.9, 0.6), (0.8, 0.6)), "The blue line rises for now"),
        ((*FALL, (1.0, 0.5), (0.9, 0.5), (0.8, 0.4999)), "The blue line has levelled off"),
        (
            (*FALL, (1.0, 0.5), (0.9, 0.3), (0.6, 0.6), (0.7, 0.6), (0.8, 0.5)),
            "It learns by heart now",
        ),
        ((*FALL, (1.0, 0.5), (0.9, 0.6), (0.8, 0.6), (0.7, 0.6)), "It learns by heart now"),
        ((*FALL, (1.0, 0.5), (1.1, 0.6), (1.2, 0.6), (1.3, 0.6)), "The blue line rises for now"),
        ((*FALL, (1.0, 0.5), (0.9, 0.499), (0.8, 0.5), (0.7, 0.5)), "The blue line has levelled"),
    ],
)
def test_a_loss_curve_is_explained_by_its_shape(points, sentence):
    assert charts.words_on_loss(curve(*points)).startswith(sentence)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (((1.0, 1.0),), "It had few passes to learn."),
        (((1.0, 1.0), (0.9, 0.9), (0.8, 0.8)), "It learnt until the end: the blue line fell."),
        (((1.0, 0.5), (0.9, 0.5), (0.8, 0.4999)), "The blue line has levelled off"),
        (((1.0, 0.5), (0.9, 0.3), (0.6, 0.6), (0.7, 0.6), (0.8, 0.5)),
         "Pass 2 was the best and is kept. Later ones learnt by heart: only the grey line fell."),
        (((1.0, 0.5), (1.1, 0.6), (1.2, 0.6), (1.3, 0.6)),
         "Pass 1 was the best and is kept. The blue line rose after it."),
    ],
)  # fmt: skip
def test_a_training_that_is_over_is_told_in_the_past(points, sentence):
    assert charts.words_on_loss(curve(*points), over=True).startswith(sentence)


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
    assert waiting.text == "The first pass is running"
