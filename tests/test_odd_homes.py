"""Wherever the home is, the app starts and forecasts; saving works, or says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from cryptoforecast.errors import CryptoForecastError, InvalidInput
from cryptoforecast.learning import bundles
from cryptoforecast.prices.live.disk_cache import Entry, PriceCache
from cryptoforecast.service import PREDICT_MODEL, Service
from cryptoforecast.settings import PACKAGE, Settings
from tests import synthetic

KEY = "0" * 32
NOBODY = 65534


def service_at(home: str | Path) -> Service:
    environ = {"CRYPTOFORECAST_HOME": str(home), "CRYPTOFORECAST_LIVE": "0"}
    return Service(Settings.from_environment(environ))


def check_forecasts(service: Service) -> None:
    model = service.saved_models.load(PREDICT_MODEL).model
    assert service.forecasts.predict_closes([100.0] * model.card.needs) > 0
    assert PREDICT_MODEL in [saved.name for saved in service.saved_models.all()]


def check_caches_are_empty(service: Service) -> None:
    """The caches are passed over, and saving says what to do."""
    home = service.settings.home
    service.training.cache.put(KEY, synthetic.model())
    assert service.training.cache.get(KEY) is None
    fetched = Entry(synthetic.history().candles, pd.Timestamp.now("UTC"), None, "kraken", "usd")
    prices = PriceCache(home / "prices", 3)
    prices.store(("kraken", "BTC-USD", "1h"), fetched)
    assert prices.load(("kraken", "BTC-USD", "1h")) is fetched
    with pytest.raises(CryptoForecastError, match=r"needs a folder that can be written.*Make room"):
        bundles.save(synthetic.model(), home / "models", "mine")
    with pytest.raises(CryptoForecastError):
        bundles.delete(home / "models", "mine")
    assert bundles.names(home / "models") == []


@pytest.mark.parametrize(
    "place", ["file", "file/home", "x" * 300, "x/" * 3000, "/proc/home", "/dev/null/home"]
)
def test_a_home_that_can_not_be(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    service = service_at(tmp_path / place)
    check_forecasts(service)
    check_caches_are_empty(service)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a home with one saved model that this process may not change."""
    with tempfile.TemporaryDirectory() as name:
        home, user = Path(name), os.geteuid()
        service_at(home)
        bundles.save(synthetic.model(), home / "models", "mine")
        folders = [home / "models" / "mine", home / "models", home]
        for folder in folders:
            folder.chmod(0o555)
        if user == 0:  # who may write anywhere
            os.seteuid(NOBODY)
        try:
            yield home
        finally:
            if user == 0:
                os.seteuid(user)
            for folder in folders:
                folder.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="needs the permissions of POSIX")
def test_a_home_that_can_only_be_read(read_only: Path) -> None:
    if not os.access(read_only, os.R_OK, effective_ids=True):
        pytest.skip("the temporary folder is not for everyone")
    service = service_at(read_only)
    check_forecasts(service)
    models = read_only / "models"
    for name in ("mine", "other"):
        with pytest.raises(CryptoForecastError, match=r"Permission denied.*Make room there"):
            bundles.save(synthetic.model(seed=9), models, name, force=True)
    with pytest.raises(CryptoForecastError, match="Deleting a model needs a folder"):
        bundles.delete(models, "mine")
    service.training.cache.put(KEY, synthetic.model())
    assert service.training.cache.get(KEY) is None
    assert bundles.names(models) == ["mine"]
    assert bundles.load(models / "mine").card == synthetic.model().card


@pytest.mark.parametrize("name", ["link", "to-memory", "\udcff", "a b\n", "ü" * 100])
def test_an_odd_home_that_can_be_used(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    if name in ("link", "to-memory"):
        memory = Path("/dev/shm")  # another file system than that of temporary files
        elsewhere = memory if name == "to-memory" and memory.is_dir() else tmp_path
        home.symlink_to(tempfile.mkdtemp(dir=elsewhere))
    try:
        service = service_at(home)
        check_forecasts(service)
        for seed in (1, 2):
            bundles.save(synthetic.model(seed=seed), home / "models", "mine", force=True)
        service.training.cache.put(KEY, synthetic.model())
        again = service_at(home)
        assert "mine" in [saved.name for saved in again.saved_models.all()]
        assert again.training.cache.get(KEY) is not None
        bundles.delete(home / "models", "mine")
        assert bundles.names(home / "models") == []
    finally:
        subprocess.run(["rm", "-rf", home.resolve()], check=True)


@pytest.mark.parametrize("text", ["loop/home", "~nobody-at-all/home", "a\x00b"])
def test_a_home_that_means_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(InvalidInput, match=r"CRYPTOFORECAST_HOME must be a folder.*Choose"):
        service_at(text)


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only the superuser can be somebody else"
)
def test_a_user_without_a_name_and_a_home() -> None:
    """Containers run processes under numbers that no list of users has."""
    program = """
import os, sys
from cryptoforecast.cli import main
main(["models", "list"])  # loads what others may not read
del os.environ["CRYPTOFORECAST_HOME"], os.environ["HOME"]
os.setgroups([])
os.setuid(54321)
sys.exit(main(["models", "list"]))
"""
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=PACKAGE.parent,
            env={**os.environ, "CRYPTOFORECAST_HOME": name, "HOME": name, "TMPDIR": name},
            capture_output=True,
            text=True,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(PREDICT_MODEL) == 2
