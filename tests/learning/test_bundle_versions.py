"""Versions of a saved model: stored before another takes its place, bounded, and brought back."""

import dataclasses
import fcntl
import shutil

import pytest

from cryptoforecast.errors import AlreadyExists, Busy, Changed, InvalidInput, UnknownModel
from cryptoforecast.learning import bundle_versions, bundles
from cryptoforecast.learning.bundle_versions import MAX_VERSIONS
from cryptoforecast.types.renewal import RenewalAttempt
from tests import synthetic


def model(number):
    one = synthetic.model(seed=number)
    created = f"2026-01-{number + 1:02d}T00:00:00+00:00"
    return dataclasses.replace(one, card=dataclasses.replace(one.card, created=created))


def replace(folder, number, name="mine"):
    bundle_versions.replace(folder, name, bundles.version(folder / name), model(number))


def days(folder, name="mine"):
    """The days of creation of all versions; the first is that of the current one."""
    history = bundle_versions.history(folder, name)
    assert [one.current for one in history] == [True] + [False] * (len(history) - 1)
    assert len({one.version for one in history}) == len(history)
    assert {one.summary.name for one in history} == {name}
    return [int(one.summary.card.created[8:10]) - 1 for one in history]


@pytest.fixture
def folder(tmp_path):
    bundles.save(model(0), tmp_path, "mine")
    return tmp_path


def test_what_is_replaced_is_stored_as_it_was_and_brought_back(folder):
    first = bundles.version(folder / "mine")
    assert days(folder) == [0]
    replace(folder, 1)
    assert days(folder) == [1, 0]
    assert bundle_versions.history(folder, "mine")[1].version == first
    bundle_versions.restore(folder, "mine", first)
    assert days(folder) == [0, 1]
    assert bundles.version(folder / "mine") == first  # to the last byte of its contents
    replace(folder, 2)  # what follows a rollback loses nothing either
    assert days(folder) == [2, 1, 0]
    assert bundles.names(folder) == ["mine"]  # versions are no models of their own


def test_only_so_many_versions_are_stored_and_the_one_before_always(folder):
    for number in range(1, MAX_VERSIONS + 3):
        replace(folder, number)
    newest = MAX_VERSIONS + 2
    assert days(folder) == list(range(newest, newest - MAX_VERSIONS - 1, -1))
    oldest = bundle_versions.history(folder, "mine")[-1]
    bundle_versions.restore(folder, "mine", oldest.version)
    replace(folder, newest + 1)
    assert len(days(folder)) == MAX_VERSIONS + 1
    assert oldest.version in [one.version for one in bundle_versions.history(folder, "mine")]


def test_a_model_that_has_changed_meanwhile_is_left_as_it_is(folder):
    champion = bundles.version(folder / "mine")
    bundles.save(model(1), folder, "mine", force=True)
    with pytest.raises(Changed, match="replaced by another model meanwhile"):
        bundle_versions.replace(folder, "mine", champion, model(2))
    assert days(folder) == [1]
    with (folder / "mine" / "bundle.json").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="another process"):
            replace(folder, 2)
    assert days(folder) == [1]
    with pytest.raises(InvalidInput, match="no stored version"):
        bundle_versions.restore(folder, "mine", champion)


def test_a_model_that_is_deleted_meanwhile_is_not_said_to_lack_space(folder, monkeypatch):
    version, check_free = bundles.version(folder / "mine"), bundles.check_free

    def deleted_then(*args, **kwargs):
        check_free(*args, **kwargs)
        bundles.delete(folder, "mine")

    monkeypatch.setattr(bundles, "check_free", deleted_then)
    with pytest.raises(UnknownModel, match="deleted meanwhile") as caught:
        bundle_versions.replace(folder, "mine", version, model(1))
    assert caught.value.name == "mine"
    assert not list(folder.iterdir())


def test_versions_go_where_their_model_goes(folder):
    replace(folder, 1)
    bundles.rename(folder, "mine", "moved")
    assert days(folder, "moved") == [1, 0]
    bundles.delete(folder, "moved")
    assert not list(folder.iterdir())
    bundles.save(model(2), folder, "moved")
    assert days(folder, "moved") == [2]  # and not those of a model that was deleted


def test_a_damaged_version_is_left_out_and_a_link_is_not_replaced(folder):
    replace(folder, 1)
    replace(folder, 2)
    stored = sorted((folder / "mine" / "versions").glob("*/weights*"))
    stored[0].write_bytes(b"?")
    assert len(days(folder)) == 2
    shutil.copytree(folder / "mine", folder.parent / "elsewhere")
    (folder / "link").symlink_to(folder.parent / "elsewhere")
    with pytest.raises(AlreadyExists, match="link"):
        replace(folder, 3, "link")


def test_a_version_is_named_by_its_first_digits(folder):
    replace(folder, 1)
    history = bundle_versions.history(folder, "mine")
    for one in history:
        short = bundle_versions.short(one.version)
        assert bundle_versions.find(history, short) is one
        assert bundle_versions.find(history, f" {one.version.upper()} ") is one
    for digits in ("", "sha256:", history[0].version[7:12], "0" * 12, "../.."):
        with pytest.raises(InvalidInput, match="digits of its digest"):
            bundle_versions.find(history, digits)


def test_the_last_renewal_is_remembered_with_the_model(folder):
    assert bundle_versions.last_attempt(folder, "mine") is None
    attempt = RenewalAttempt("2026-01-01T00:00:00+00:00", "Kept: …")
    bundle_versions.note_attempt(folder, "mine", attempt)
    assert bundle_versions.last_attempt(folder, "mine") == attempt
    assert days(folder) == [0]
    (folder / "mine" / "versions" / "attempt.json").write_text("[]")
    assert bundle_versions.last_attempt(folder, "mine") is None
    bundle_versions.note_attempt(folder, "absent", attempt)
    assert not (folder / "absent").exists()


def test_versions_of_one_second_are_in_the_order_of_what_they_learnt(tmp_path):
    """``created`` has whole seconds, and digests are in no order."""
    cutoffs = [f"2026-01-0{day + 1}T00:00:00+00:00" for day in range(MAX_VERSIONS + 1)]
    for number, cutoff in enumerate(cutoffs):
        one = model(1)
        successor = dataclasses.replace(one, card=dataclasses.replace(one.card, cutoff=cutoff))
        if number == 0:
            bundles.save(successor, tmp_path, "mine")
        else:
            version = bundles.version(tmp_path / "mine")
            bundle_versions.replace(tmp_path, "mine", version, successor)
    history = bundle_versions.history(tmp_path, "mine")
    assert [one.summary.card.cutoff for one in history] == cutoffs[::-1]
