"""Figures on record stay the same: those of the embedded market, by the command line.

``figures.json`` holds what the commands answered before the code was last rearranged. A change
that is meant to change a figure records it anew: ``python -m tests.record.test_record``.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from cryptoforecast.cli import commands, options
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from tests.record.commands import COMMANDS, PARTS, TRAINED, figures

FILE = Path(__file__).with_name("figures.json")
RECORD = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
#: Processors round differently: hardly in a forecast, and a little more with every update that a
#: network is trained for.
EXACT, CLOSE = 1e-6, 1e-3
#: A skill is 1 less a ratio of losses: near 0 it is rounded as the ratio is, not as itself. An LSTM
#: computes in float32, and processors add float32 in different orders.
SKILLS = ("skill", "ci_low", "ci_high", "band_skill", "band_ci_low", "band_ci_high")
ROUNDING, ROUNDING_OF_FLOAT32 = 1e-9, 1e-8
LSTMS = tuple(name for name in COMMANDS if "lstm" in name or "global" in name)


def answer(home: Path, command: tuple[str, ...]) -> dict[str, object]:
    """Return the figures of a command's answer."""
    service = Service(Settings(home, live=False))
    args = options.parser().parse_args([*command, "--json"])
    content = json.loads(json.dumps(commands.answer(service, args, lambda: False).json))
    return {name: figures(value) for name, value in content.items() if name in PARTS}


def alike(
    value: object, expected: object, tolerance: float, skills: float = ROUNDING, name: str = ""
) -> bool:
    """Whether two answers are the same, numbers within a relative tolerance."""
    if isinstance(expected, dict) and isinstance(value, dict):
        return value.keys() == expected.keys() and all(
            alike(value[each], expected[each], tolerance, skills, each) for each in expected
        )
    if isinstance(expected, list) and isinstance(value, list):
        return len(value) == len(expected) and all(
            alike(a, b, tolerance, skills, name) for a, b in zip(value, expected, strict=True)
        )
    if isinstance(expected, float):
        rounding = skills if name in SKILLS else ROUNDING
        return value == pytest.approx(expected, rel=tolerance, abs=rounding)
    return value == expected


def test_every_command_is_on_record():
    assert list(RECORD) == [*COMMANDS, *TRAINED]
    assert all(len(RECORD[name]) >= 3 for name in RECORD)


@pytest.mark.parametrize("name", COMMANDS)
def test_figures_stay_the_same(name, home):
    content = answer(home, COMMANDS[name])
    assert content.keys() == RECORD[name].keys()
    skills = ROUNDING_OF_FLOAT32 if name in LSTMS else ROUNDING
    for part in content:
        assert alike(content[part], RECORD[name][part], EXACT, skills), (part, content[part])


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_figures_of_a_training_stay_the_same(name, home):
    content = answer(home, TRAINED[name])
    assert content["split"] == RECORD[name]["split"]
    own = "lstm" if name == "trained lstm" else "dense", "stack"
    for predictor, scores in RECORD[name]["scores"].items():
        tolerance = CLOSE if predictor in own else EXACT
        errors = ("mae", "rmse", "pinball", "mase") if predictor in own else scores
        for metric in errors:
            assert alike(content["scores"][predictor][metric], scores[metric], tolerance), metric


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        record = {name: answer(Path(folder), c) for name, c in {**COMMANDS, **TRAINED}.items()}
    FILE.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
