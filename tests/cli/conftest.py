"""A price file, a home in which a small network was trained, and commands in this process."""

from __future__ import annotations

import shutil

import pytest

from cryptoforecast.prices.files import writing
from tests import synthetic
from tests.cli.processes import TINY, process
from tests.command_line import runner


@pytest.fixture(scope="session")
def prices(tmp_path_factory):
    """A price file of a random walk."""
    path = tmp_path_factory.mktemp("prices") / "BTCUSD.csv"
    writing.write(synthetic.history(), path)
    return path


@pytest.fixture(scope="session")
def training(prices, tmp_path_factory):
    """A real ``train --save tiny --json``: what it printed, and the home it left."""
    home = tmp_path_factory.mktemp("trained")
    environ = {"CRYPTOFORECAST_HOME": str(home), "TF_CPP_MIN_LOG_LEVEL": "0"}
    done = process("train", "--data", prices, *TINY, "--save", "tiny", "--json", **environ)
    assert done.returncode == 0, done.stderr
    return done, home


@pytest.fixture
def trained(training, home):
    """This test's own copy of that home."""
    shutil.copytree(training[1], home)
    return home


@pytest.fixture
def run(capsys):
    return runner(capsys)
