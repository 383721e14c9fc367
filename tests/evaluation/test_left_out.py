"""What the card of a global model says of the coins that it was tested on."""

import pytest

from cryptoforecast.evaluation import left_out
from tests import synthetic


@pytest.mark.parametrize(
    ("own", "words"), [(0.98, "2.0 % smaller than"), (1.02, "2.0 % larger than")]
)
def test_the_sentence_of_a_global_model_is_of_errors_not_of_widths(own, words):
    coins = [
        {
            name: {"pinball": loss, "coverage_80": covered, "mae": 5.0}
            for name, loss, covered in (("lstm", own, 0.79 + shift), ("cone", 1.0, 0.8))
        }
        for shift in (0.0, 0.012)
    ]
    card = left_out.card_with_scores(synthetic.model().card, coins, "lstm", 24)
    assert card.verdict == (
        "On 2 coins that it had not learnt from, one after the other left out, 24 hours ahead: "
        f"its band's error is {words} that of the volatility cone, and its 80 % band covers 79.6 %."
    )
    assert card.scores["lstm"]["mae"] is None
