"""What was changed between two trainings is named, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from cryptoforecast.types import ModelSpec
from cryptoforecast.ui.spec_changes import sentence

SPEC = ModelSpec()


def test_one_change_is_one_sentence():
    assert sentence(SPEC, SPEC) == ""
    assert sentence(replace(SPEC, lookback=30), SPEC) == "Looks back 30 instead of 60."
    assert sentence(replace(SPEC, network="dense"), SPEC) == "Network Dense instead of LSTM."
    assert sentence(replace(SPEC, units=(32, 16)), SPEC) == "Size Small instead of Medium."
    assert sentence(replace(SPEC, final=0.0), SPEC) == "Final passes 0 instead of 0.33."


def test_inputs_are_named_by_what_they_are():
    other = replace(SPEC, features=(*SPEC.features[1:], "volume"))
    assert sentence(other, SPEC) == "With volume, without move in usual ranges."


def test_of_many_changes_the_first_are_named_and_the_rest_counted():
    other = replace(SPEC, lookback=30, horizon=12, dropout=0.1, epochs=3, seed=4)
    assert sentence(other, SPEC) == (
        "Looks back 30 instead of 60, looks ahead 12 instead of 1, dropout 0.1 instead of 0.2 and "
        "2 more."
    )


def test_the_card_of_a_second_training_names_what_was_changed():
    def script() -> None:
        from cryptoforecast.types import Comparison, Contest, Judgement, Promise
        from cryptoforecast.ui import contest

        same = Comparison("tie", 400, 5.0, 5.5, "tie", 0.0)
        result = Contest(24, 400, {}, {}, {"default": same, "previous": same})
        toss = Promise(0.5, 0.5, "tie")
        verdict = Judgement("tie", 400, 5.2, 5.0, toss, toss)
        contest.finding(result, verdict, "USD", "Your LSTM", changes="Looks back 30 instead of 60.")

    page = AppTest.from_function(script).run()
    assert not page.exception
    assert "No better than “the price stays put”" in page.header[0].value
    (line,) = [each.value for each in page.markdown if "the default" in each.value]
    assert line.endswith("As good as the default, no better.")
    (line,) = [each.value for each in page.markdown if "your previous one" in each.value]
    assert line.endswith(
        "As good as your previous one, no better. :gray[Looks back 30 instead of 60.]"
    )
