"""Settings: what the environment may say, and what is refused before anything starts."""

import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.settings import Settings


def test_numbers_are_read_from_the_environment(tmp_path):
    environ = {
        "CRYPTOFORECAST_HOME": str(tmp_path),
        "CRYPTOFORECAST_WAITING": "5",
        "CRYPTOFORECAST_TRAINING_MINUTES": "0.5",
        "CRYPTOFORECAST_MEMORY": "900",
    }
    settings = Settings.from_environment(environ)
    assert (settings.waiting, settings.training_minutes, settings.memory) == (5, 0.5, 900)
    plain = Settings.from_environment({"CRYPTOFORECAST_HOME": str(tmp_path)})
    assert plain == Settings(tmp_path.resolve())


@pytest.mark.parametrize("value", ["", "many", "nan", "inf", "-1", "0"])
def test_a_number_outside_the_rules_is_refused(tmp_path, value):
    environ = {"CRYPTOFORECAST_HOME": str(tmp_path), "CRYPTOFORECAST_WAITING": value}
    with pytest.raises(InvalidInput, match="CRYPTOFORECAST_WAITING must be a number from 1 to"):
        Settings.from_environment(environ)
