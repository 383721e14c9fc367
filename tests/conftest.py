"""What every test starts from: a home of its own, no network, quiet libraries."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cryptoforecast.types import PriceHistory

# Read by TensorFlow when it is imported, so set before anything imports it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Tests start some hundred processes, each of which would compile every module again: those of
# TensorFlow take ten seconds.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A loaded machine may need long for an example.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

TESTS = Path(__file__).resolve().parent

#: In so many seconds before the end of an hour no test begins: it waits for the next hour.
SECONDS_BEFORE_CLOSE = 20

#: Modules and folders whose tests train networks, start processes or servers, simulate many markets
#: or read many files. They are marked as slow: `pytest -m "not slow"` leaves them out.
SLOW = (
    "alarms/test_sending.py",
    "api/test_jobs.py",
    "benchmarks/test_soak.py",
    "browser",
    "cli",
    "evaluation/test_ablation.py",
    "evaluation/test_anomalies.py",
    "evaluation/test_backtest.py",
    "evaluation/test_honesty.py",
    "evaluation/test_signals.py",
    "evaluation/test_walk_forward.py",
    "forecasting/test_next_steps.py",
    "forecasting/test_regression.py",
    "learning/test_bundle_damage.py",
    "learning/test_bundles.py",
    "learning/test_ensembles.py",
    "learning/test_exports.py",
    "learning/test_fitting.py",
    "learning/test_global_training.py",
    "learning/test_gpu.py",
    "learning/test_networks.py",
    "learning/test_training.py",
    "lessons",
    "ledger/test_rewrites.py",
    "library/test_backtests.py",
    "library/test_examples.py",
    "library/test_models.py",
    "library/test_public.py",
    "library/test_signals.py",
    "pages",
    "prices/files",
    "prices/live",
    "prices/simulation",
    "record",
    "searches/test_commands.py",
    "searches/test_objective.py",
    "searches/test_search.py",
    "searches/test_service.py",
    "server",
    "service/test_alarms.py",
    "service/test_backtests.py",
    "service/test_forecasts.py",
    "service/test_ledger.py",
    "service/test_ledger_clock.py",
    "service/test_renewals.py",
    "service/test_saved_models.py",
    "service/test_trainings.py",
    "service/test_walk_forward.py",
    "signals/test_commands.py",
    "signals/test_live.py",
    "test_architecture.py",
    "test_assistants.py",
    "test_cli_coins.py",
    "test_cli_exports.py",
    "test_cli_help.py",
    "test_cli_streams.py",
    "test_html_report.py",
    "workers",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of ``SLOW``; in each file, those of a service of their own come last.

    The others then keep theirs until the last one of them has run.
    """
    slow = {TESTS / name for name in SLOW}
    for item in items:
        if not slow.isdisjoint([item.path, *item.path.parents]):
            item.add_marker(pytest.mark.slow)
    files = {path: number for number, path in enumerate(dict.fromkeys(item.path for item in items))}
    items.sort(key=lambda item: (files[item.path], "own_service" in item.keywords))


def pytest_runtest_setup() -> None:
    """Let no test begin in the last seconds of an hour, when a candle closes.

    Many tests compare two answers on prices up to now.
    """
    seconds_left = 3600 - time.time() % 3600
    if seconds_left < SECONDS_BEFORE_CLOSE:
        time.sleep(seconds_left)


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep fixtures that outlive one test out of the home folder, and off the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRYPTOFORECAST_HOME", str(tmp_path_factory.mktemp("session-home")))
        patch.setenv("CRYPTOFORECAST_LIVE", "0")
        yield


@pytest.fixture(autouse=True)
def home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give each test its own folder for everything written, and a service that uses it.

    Tests marked ``one_service`` share those of their file: what one of them computed, the next one
    need not compute again. They write nothing, and change nothing that another one looks at; a
    test of such a file that does is marked ``own_service``.
    """
    marks = {mark.name for mark in request.node.iter_markers()}
    shared = "one_service" in marks and "own_service" not in marks
    folder: Path = (
        request.getfixturevalue("home_of_file")
        if shared
        else request.getfixturevalue("tmp_path") / "home"
    )
    monkeypatch.setenv("CRYPTOFORECAST_HOME", str(folder))
    if not shared:
        _forget_service()
    yield folder
    if not shared:
        _forget_service()


@pytest.fixture(scope="module")
def home_of_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the tests of a file that are marked ``one_service`` their folder."""
    _forget_service()
    yield tmp_path_factory.mktemp("home-of-file") / "home"
    _forget_service()


def _forget_service() -> None:
    service = sys.modules.get("cryptoforecast.service")
    if service is not None:
        service.forget_shared()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of real price files, or skip where there is none."""
    text = os.environ.get("CRYPTOFORECAST_TEST_DATA")
    if not text:
        pytest.skip("needs real prices: set CRYPTOFORECAST_TEST_DATA to their folder")
    folder = Path(text).expanduser().resolve()
    if not folder.is_dir():
        pytest.fail(f"CRYPTOFORECAST_TEST_DATA must be a folder. Received: {text}.")
    return folder


@pytest.fixture(scope="session")
def random_walk() -> Callable[..., PriceHistory]:
    """Return ``random_walk(rows, seed)``: seeded hourly candles of no real market."""
    from tests import synthetic

    return synthetic.history


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The folder of the socket of a PostgreSQL server, or skip where there is none."""
    from tests.ledger import postgresql

    reason = postgresql.missing()
    if reason:
        pytest.skip(reason)
    with postgresql.server() as folder:
        yield folder


@pytest.fixture
def interruptible():
    """Hear Ctrl-C, and let children hear it, also where the tests run in the background.

    A shell starts background commands with the signal ignored, and children inherit that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
