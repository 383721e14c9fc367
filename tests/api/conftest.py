"""What the tests of the API start from: a service with two small models, and a checking client."""

import pytest
from starlette.testclient import TestClient

from cryptoforecast import api
from cryptoforecast.learning import bundles
from cryptoforecast.service import PREDICT_MODEL, Service
from cryptoforecast.settings import Settings
from tests import serving, synthetic
from tests.api.description import Description

#: Key of ``locked_server``.
KEY = "choose-a-long-secret"


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """A folder with two models of random weights, and one that is damaged."""
    home = tmp_path_factory.mktemp("api")
    for name, network, changes in (
        (PREDICT_MODEL, "lstm", {"features": ("return", "abs_return"), "lookback": 59}),
        ("tiny-dense", "dense", {"horizon": 24}),
        ("damaged", "dense", {}),
    ):
        model = synthetic.model(synthetic.spec(network=network, **changes))
        bundles.save(model, home / "models", name)
    (home / "models" / "damaged" / "weights.npz").write_bytes(b"no weights")
    return home


@pytest.fixture(scope="session")
def service(saved):
    return Service(Settings(home=saved, shipped=saved / "none", live=False))


@pytest.fixture(scope="session")
def client(service):
    """A client that holds every answer to the description."""
    with TestClient(api.create(service), raise_server_exceptions=False) as plain:
        yield Checked(plain)


@pytest.fixture(scope="session")
def open_server(tmp_path_factory):
    """Folder and address of a running server that needs no key. It leaves no file behind."""
    home = tmp_path_factory.mktemp("open")
    (temporary := home / "temporary").mkdir()
    with serving.alone(home, TMPDIR=str(temporary)) as address:
        yield home, address
    assert [*temporary.iterdir()] == []


@pytest.fixture(scope="session")
def locked_server(tmp_path_factory):
    """Folder and address of a running server that trains for those who have ``KEY``."""
    home = tmp_path_factory.mktemp("locked")
    with serving.alone(home, "--allow-training", f"--key={KEY}") as address:
        yield home, address


class Checked:
    """A client of the API; ``plain`` is the one that checks nothing."""

    def __init__(self, plain):
        self.plain = plain
        self.description = Description(plain.get("/api/v1/openapi.json").json())

    def get(self, path, **options):
        return self.description.check(self.plain.get(f"/api/v1{path}", **options))

    def post(self, path, json=None, **options):
        return self.description.check(self.plain.post(f"/api/v1{path}", json=json, **options))
