"""Saved models: who may change them, how many there may be, and lists that nothing breaks."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from starlette.testclient import TestClient

from cryptoforecast import json_views
from cryptoforecast.api import predict, rest
from cryptoforecast.cli import main, text
from cryptoforecast.errors import (
    AlreadyExists,
    CryptoForecastError,
    InvalidInput,
    NotAllowed,
    UnknownModel,
)
from cryptoforecast.evaluation import judgement
from cryptoforecast.evaluation.verdict import direction_gain
from cryptoforecast.learning import bundle_archive, bundles
from cryptoforecast.learning.specs import NETWORKS
from cryptoforecast.service import SavedModelService, Service, shared
from cryptoforecast.settings import Settings
from cryptoforecast.types import OWNER, User
from cryptoforecast.ui import model_facts
from tests import synthetic

#: A user without rights, by number.
NOBODY = 65_534
GUEST = User("a session", owner=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", shipped=tmp_path / "shipped", live=False)


@pytest.fixture
def models(settings: Settings) -> SavedModelService:
    return Service(settings).saved_models


def names(models: SavedModelService) -> list[str]:
    return [one.name for one in models.all()]


def test_a_guest_saves_and_opens_and_changes_nothing(models: SavedModelService) -> None:
    models.add(synthetic.model(seed=1), "mine", user=OWNER)
    saved = models.add(synthetic.model(seed=2), "theirs", user=GUEST)
    assert saved.model.card.guest
    assert not models.load("mine").model.card.guest
    other = User("another session", owner=False)
    for user in (GUEST, other):
        for name in ("mine", "theirs"):
            with pytest.raises(NotAllowed, match=f"Only the owner .* may delete .* {name}"):
                models.delete(name, user=user)
            with pytest.raises(NotAllowed, match=f"Only the owner .* may rename .* {name}"):
                models.rename(name, "new", user=user)
            with pytest.raises(NotAllowed, match=f"Only the owner .* overwrite .* {name}"):
                models.add(synthetic.model(seed=3), name, user=user, force=True)
            with pytest.raises(NotAllowed):
                models.check_free(name, user=user, force=True)
            with pytest.raises(AlreadyExists, match=r"only the owner .* may replace it"):
                models.add(synthetic.model(seed=3), name, user=user)
    assert names(models) == ["mine", "theirs"]
    models.add(synthetic.model(seed=4), "theirs", user=OWNER, force=True)
    assert not models.load("theirs").model.card.guest  # the owner's from now on
    models.delete("theirs", user=OWNER)
    assert names(models) == ["mine"]


def test_a_card_has_what_the_test_found_of_the_network_and_of_the_stack(
    models: SavedModelService, settings: Settings
) -> None:
    history = synthetic.history(900)
    model = synthetic.model(fingerprint=history.fingerprint)
    result = Service(settings).backtests.of_trained(history, model)
    card = models.save(result, "tested", user=OWNER).model.card
    outcomes = {name: judgement.judge(result, name).outcome for name in ("dense", "stack")}
    assert card.outcomes == outcomes
    assert card.outcomes["dense"] == "worse"  # random weights
    assert card.origins == judgement.judge(result).origins
    assert card.gain == pytest.approx(direction_gain(result.forecasts["dense"]))
    assert models.load("tested").model.card == card


def test_a_refusal_says_how_the_owner_is_recognised(settings: Settings) -> None:
    for key, remedy in (
        ("twelve chars", "give the owner key"),
        (None, "on its own machine"),
    ):
        service = Service(dataclasses.replace(settings, owner_key=key))
        service.saved_models.add(synthetic.model(), "mine", user=OWNER, force=True)
        with pytest.raises(NotAllowed, match=remedy):
            service.saved_models.delete("mine", user=GUEST)


def test_a_model_that_appears_while_a_guest_saves_is_not_overwritten(
    models: SavedModelService, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_process_saves(model: object) -> None:
        bundles.save(synthetic.model(seed=9), settings.home / "models", "mine")

    monkeypatch.setattr(models, "_check_room_of_guests", another_process_saves)
    with pytest.raises(AlreadyExists):
        models.add(synthetic.model(seed=1), "mine", user=GUEST, force=True)
    assert not models.load("mine").model.card.guest


def test_a_model_that_appears_while_the_owner_saves_is_not_overwritten_unasked(
    models: SavedModelService, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_process_saves(name: str, *, user: User, force: bool) -> None:
        bundles.save(synthetic.model(seed=9), settings.home / "models", name, force=True)

    monkeypatch.setattr(models, "check_free", another_process_saves)
    with pytest.raises(AlreadyExists):
        models.add(synthetic.model(seed=1), "mine", user=OWNER)
    models.add(synthetic.model(seed=1, coin="ETH"), "mine", user=OWNER, force=True)
    assert models.load("mine").model.card.coin == "ETH"


def test_guests_save_so_many_models_and_bytes(settings: Settings) -> None:
    few = Service(dataclasses.replace(settings, guest_models=2)).saved_models
    for number in range(3):
        few.add(synthetic.model(), f"own-{number}", user=OWNER)
    few.add(synthetic.model(), "a", user=GUEST)
    few.add(synthetic.model(), "b", user=GUEST)
    with pytest.raises(InvalidInput, match=r"Guests can save 2 models .* Only the owner"):
        few.add(synthetic.model(), "c", user=GUEST)
    few.delete("a", user=OWNER)
    few.add(synthetic.model(), "c", user=GUEST)
    few.add(synthetic.model(), "own-3", user=OWNER)

    small = Service(dataclasses.replace(settings, guest_megabytes=1)).saved_models
    with pytest.raises(InvalidInput, match="of 1 MB in all"):
        small.add(synthetic.model(), "d", user=GUEST)


def test_all_together_save_so_many_models(settings: Settings) -> None:
    models = Service(dataclasses.replace(settings, models=2)).saved_models
    models.add(synthetic.model(), "a", user=OWNER)
    models.add(synthetic.model(), "b", user=GUEST)
    for user in (OWNER, GUEST):
        with pytest.raises(InvalidInput, match=r"At most 2 models .* CRYPTOFORECAST_MODELS"):
            models.add(synthetic.model(), "c", user=user)
        with pytest.raises(InvalidInput, match="At most 2 models"):
            models.check_free("c", user=user)  # said before a training
    models.add(synthetic.model(), "a", user=OWNER, force=True)  # takes no further place


@pytest.mark.parametrize(
    "name", ["cone", "naive", "lstm", "dense", "stack", "run-0123456789abcdef"]
)
def test_nobody_takes_a_name_of_a_predictor_or_a_training(
    models: SavedModelService, name: str
) -> None:
    users = (GUEST,) if name in NETWORKS else (GUEST, OWNER)
    for user in users:
        kinds = "a baseline or a stack" if user.owner else "a baseline, a stack or a network"
        with pytest.raises(InvalidInput, match=f"that of {kinds}, nor .* {name}"):
            models.add(synthetic.model(), name, user=user)
    if OWNER not in users:
        models.add(synthetic.model(), name, user=OWNER)


def test_the_owner_renames_a_model_and_the_rest_of_it_stays(settings: Settings) -> None:
    models = Service(dataclasses.replace(settings, models=2)).saved_models
    models.add(synthetic.model(seed=1), "theirs", user=GUEST)
    models.add(synthetic.model(seed=2), "mine", user=OWNER)
    weights = models.load("theirs").model.weights[0].tobytes()
    models.rename("theirs", "kept", user=OWNER)  # although there is no place for another one
    assert names(models) == ["kept", "mine"]
    assert models.load("kept").model.weights[0].tobytes() == weights
    assert models.load("kept").model.card.guest
    for new in ("mine", "kept"):
        with pytest.raises(AlreadyExists):
            models.rename("kept", new, user=OWNER)
    with pytest.raises(UnknownModel):
        models.rename("theirs", "new", user=OWNER)
    for new in ("", "..", "../up", "A", "a/b", "a\\b", "a" * 65, "<script>", "é"):
        with pytest.raises(InvalidInput, match="1 to 64 small letters"):
            models.rename("kept", new, user=OWNER)
    assert names(models) == ["kept", "mine"]


def test_a_model_is_taken_along_as_a_zip_archive(models: SavedModelService, tmp_path: Path) -> None:
    models.add(synthetic.model(seed=3), "mine", user=OWNER)
    with zipfile.ZipFile(io.BytesIO(models.zipped("mine"))) as archive:
        archive.extractall(tmp_path / "copy")
    copy = models.read(tmp_path / "copy" / "mine")
    assert copy.model.weights[0].tobytes() == models.load("mine").model.weights[0].tobytes()
    models.check_zipped("mine")
    with pytest.raises(UnknownModel):
        models.zipped("gone")


def test_a_model_that_is_too_large_for_an_archive_is_refused_unread(
    models: SavedModelService, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.add(synthetic.model(seed=3), "mine", user=OWNER)
    monkeypatch.setattr(bundle_archive, "MAX_BYTES", 1_000)
    for refuse in (models.check_zipped, models.zipped):
        with pytest.raises(InvalidInput, match=r"at most 1,000 bytes.*Received: mine.*Copy its"):
            refuse("mine")


def test_a_large_file_beside_a_model_is_not_in_its_archive(
    models: SavedModelService, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.add(synthetic.model(seed=3), "mine", user=OWNER)
    monkeypatch.setattr(bundle_archive, "MAX_BYTES", 100_000)
    (settings.home / "models" / "mine" / "notes.txt").write_bytes(bytes(200_000))
    models.check_zipped("mine")
    assert len(models.zipped("mine")) < 100_000


def test_a_list_reads_a_model_once_and_after_each_change(
    models: SavedModelService, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    summary = bundles.summary

    def counted(path: Path, *, shipped: bool) -> object:
        read.append(path.name)
        return summary(path, shipped=shipped)

    monkeypatch.setattr(bundles, "summary", counted)
    monkeypatch.setattr(bundles, "load", None)  # no list needs the weights
    for name in ("a", "b", "c"):
        bundles.save(synthetic.model(), settings.home / "models", name)
    for _ in range(5):
        assert names(models) == ["a", "b", "c"]
        assert models.damaged() == {}
    assert read == ["a", "b", "c"]

    bundles.save(synthetic.model(seed=5, coin="ETH"), settings.home / "models", "b", force=True)
    assert [one.card.coin for one in models.all()] == ["BTC", "ETH", "BTC"]
    bundles.delete(settings.home / "models", "a")
    assert names(models) == ["b", "c"]
    weights = next((settings.home / "models" / "c").glob("*.npz"))
    weights.write_bytes(weights.read_bytes()[:-1])
    assert names(models) == ["b"]
    assert list(models.damaged()) == ["c"]
    assert read == ["a", "b", "c", "b", "c"]


# ------------------------------------------------------------------ bad bundles


def edit(**changes: object) -> Callable[[Path], None]:
    """Return what replaces parts of ``bundle.json``, such as ``card__coin="..."``."""

    def change(folder: Path) -> None:
        path = folder / "bundle.json"
        content = json.loads(path.read_text())
        for place, value in changes.items():
            *parents, last = place.split("__")
            part = content
            for parent in parents:
                part = part[parent]
            part[last] = value
        path.write_text(json.dumps(content))

    return change


def instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Return what puts something else in the place of ``bundle.json``."""

    def change(folder: Path) -> None:
        (folder / "bundle.json").unlink()
        make(folder / "bundle.json")

    return change


def raw(content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / "bundle.json").write_bytes(content) and None


def renamed(name: str) -> Callable[[Path], None]:
    return lambda folder: folder.rename(folder.parent / name) and None


HUGE = 10**400
FAR = "9999-12-31T23:00:00+00:00"
BAD: dict[str, Callable[[Path], None]] = {
    "surrogate in the coin": edit(card__coin="\ud800"),
    "surrogate in the verdict": edit(card__verdict="beats \udfff"),
    "surrogate in a library": edit(card__libraries={"keras\ud83d": "3"}),
    "surrogate in a score": edit(card__scores={"\ud83d": {"mae": 1.0}}),
    "surrogate in a feature": edit(spec__features=["\ud800"]),
    "huge score": edit(card__scores={"dense": {"mae": HUGE}, "naive": {"mae": 1}}),
    "scores that are a list": edit(card__scores=["mae"]),
    "scores of text": edit(card__scores={"dense": {"mae": "1"}}),
    "scores that are numbers": edit(card__scores={"dense": 1}),
    "huge lowest": edit(card__lowest=HUGE),
    "huge rows": edit(card__rows=HUGE),
    "negative rows": edit(card__rows=-5),
    "huge seed": edit(spec__seed=HUGE),
    "seed of text": edit(spec__seed="1"),
    "huge epochs": edit(record__epochs=HUGE),
    "seconds that are huge": edit(record__seconds=HUGE),
    "cutoff in the last hour": edit(card__cutoff=FAR),
    "cutoff before Christ": edit(card__cutoff="-4000-01-01T00:00:00+00:00"),
    "cutoff of no kind": edit(card__cutoff="NaT"),
    "created of no kind": edit(card__created="soon"),
    "start without a zone": edit(card__start="2024-01-01"),
    "libraries of numbers": edit(card__libraries={"keras": 3}),
    "units of text": edit(spec__units=["4"]),
    "features of numbers": edit(spec__features=[1]),
    "learning rate of text": edit(spec__learning_rate="fast"),
    "learning rate that is huge": edit(spec__learning_rate=HUGE),
    "dropout of a list": edit(spec__dropout=[0.1]),
    "card that is a list": edit(card=[]),
    "card with a key more": edit(card__more=1),
    "curve that is text": edit(record__curve="down"),
    "scaler of text": edit(scaler__offset="none"),
    "a list": raw(b"[]"),
    "a number": raw(b"1e999"),
    "nothing": raw(b""),
    "not JSON": raw(b"{"),
    "deep JSON": raw(b"[" * 100_000),
    "not UTF-8": raw(b'{"format": "\xff"}'),
    "two megabytes": raw(b" " * 2_000_000),
    "a number of 5,000 digits": raw(b'{"format": ' + b"1" * 5_000 + b"}"),
    "a folder": instead(Path.mkdir),
    "a pipe": instead(os.mkfifo),
    "a link to itself": instead(lambda path: path.symlink_to(path)),
    "a link to nothing": instead(lambda path: path.symlink_to("nothing")),
    "a device": instead(lambda path: path.symlink_to("/dev/zero")),
    "weights that are a folder": lambda folder: (
        next(folder.glob("*.npz")).unlink() or (folder / "weights.npz").mkdir()
    ),
    "interval of no kind": edit(card__interval="2 fortnights"),
    "network of a list": edit(spec__network=["lstm"]),
    "no weights": lambda folder: next(folder.glob("*.npz")).unlink(),
    "another case": renamed("BAD"),
    "a name with a surrogate": renamed("b\udcff"),
    "a very long name": renamed("b" * 255),
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_one_bad_bundle_breaks_no_list(
    models: SavedModelService, settings: Settings, change: Callable[[Path], None]
) -> None:
    for name in ("a-good", "bad", "c-good"):
        bundles.save(synthetic.model(), settings.home / "models", name)
    change(settings.home / "models" / "bad")
    listed = models.all()
    assert {"a-good", "c-good"} <= {one.name for one in listed} <= {"a-good", "bad", "c-good"}
    for one in listed:  # what is listed can be shown and sent
        json.dumps(json_views.model_json(one), allow_nan=False, ensure_ascii=False).encode()
        text.card(one).encode()
        pd.DataFrame([model_facts.row(one), model_facts.facts(one, guest=True)]).to_json()
        str(model_facts.finding(one)).encode()
    text.models(listed).encode()
    assert set(models.damaged()) <= {"bad"}
    "".join(models.damaged().values()).encode()
    for act in (models.load, lambda name: models.delete(name, user=OWNER)):
        try:
            act("bad")
        except CryptoForecastError as error:
            str(error).encode()
    assert names(models)[-1] == "c-good"


def test_folders_that_lead_in_circles_break_no_list(
    models: SavedModelService, settings: Settings
) -> None:
    folder = settings.home / "models"
    bundles.save(synthetic.model(), folder, "good")
    (folder / "loop").symlink_to(folder)
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "file").write_text("no folder")
    (folder / "twin").symlink_to(folder / "good")
    assert names(models) == ["good", "twin"]
    assert models.damaged() == {}


@pytest.mark.parametrize("kind", ["surrogate in the coin", "huge score", "cutoff before Christ"])
def test_one_bad_bundle_breaks_neither_api_nor_command_line(
    home: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    for name in ("bad", "good"):
        bundles.save(synthetic.model(), home / "models", name)
    BAD[kind](home / "models" / "bad")
    answer = TestClient(rest.create(shared())).get("/api/v1/models")
    assert answer.status_code == 200
    assert "good" in {one["name"] for one in answer.json()["models"]}
    for words in (["models", "list"], ["models", "list", "--json"]):
        assert main(words) == 0
        result = capsys.readouterr()
        assert "good" in result.out
        assert "bad is left out" in result.err


def test_a_refusal_of_the_api_has_its_status() -> None:
    assert predict.refusal(NotAllowed("no")).status_code == 403


def test_guests_who_save_at_once_take_no_place_twice(settings: Settings) -> None:
    models = Service(dataclasses.replace(settings, guest_models=3)).saved_models

    def save(number: int) -> bool:
        try:
            models.add(synthetic.model(), f"a-{number}", user=User(f"session {number}", False))
        except InvalidInput:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(save, range(16))) == 3
    assert len(names(models)) == 3


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs the superuser")
def test_what_may_not_be_read_breaks_no_list() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        home = Path(place)
        home.chmod(0o755)
        for name in ("a-good", "file", "folder", "z-good"):
            bundles.save(synthetic.model(), home / "models", name)
        (home / "models" / "file" / "bundle.json").chmod(0)
        (home / "models" / "folder").chmod(0)
        os.seteuid(NOBODY)
        try:
            models = Service(Settings(home, shipped=home / "none", live=False)).saved_models
            assert names(models) == ["a-good", "z-good"]
            assert models.damaged()["file"].startswith("The saved model file can't be read: Perm")
            assert place not in str(models.damaged())
            for name in ("file", "folder"):
                with pytest.raises(CryptoForecastError):
                    models.load(name)
                with pytest.raises(CryptoForecastError):
                    models.delete(name, user=OWNER)
        finally:
            os.seteuid(0)
