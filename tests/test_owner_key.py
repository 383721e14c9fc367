"""The owner key: who is recognised, and how often it may be tried."""

from __future__ import annotations

import pytest

from cryptoforecast.errors import InvalidInput, NotAllowed
from cryptoforecast.service.owner_key import MAX_ATTEMPTS, MAX_SESSION_ATTEMPTS, OwnerKey
from cryptoforecast.settings import Settings

KEY = "correct horse battery staple"


class Clock:
    """A clock that stands still until it is set."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_without_a_key_who_is_on_the_machine_is_the_owner() -> None:
    key = OwnerKey(None)
    assert not key.is_set
    assert key.owns("a", local=True)
    assert not key.owns("a", local=False)
    for text in ("", "None", KEY):
        with pytest.raises(NotAllowed, match="not the owner key"):
            key.give(text, "a")
    assert not key.owns("a", local=False)


def test_with_a_key_only_the_session_that_gave_it_is_the_owner() -> None:
    key = OwnerKey(KEY)
    assert not key.owns("a", local=True)
    for text in ("", KEY[:-1], KEY + "x", KEY.upper(), "\udcff" * 20, KEY * 1000):
        with pytest.raises(NotAllowed) as refusal:
            key.give(text, f"session of {text[:9]}")
        assert KEY not in str(refusal.value)
        assert not text.strip() or text not in str(refusal.value)
    key.give(f" {KEY}\n", "a")
    assert key.owns("a", local=False)
    assert not key.owns("b", local=True)


def test_a_session_may_try_five_times_a_minute() -> None:
    clock = Clock()
    key = OwnerKey(KEY, clock)
    for _ in range(MAX_SESSION_ATTEMPTS):
        with pytest.raises(NotAllowed, match="not the owner key"):
            key.give("wrong", "a")
    with pytest.raises(NotAllowed, match=r"tried 5 times a minute.*Wait 60 seconds"):
        key.give(KEY, "a")  # what is given does not matter then
    assert not key.owns("a", local=True)
    key.give(KEY, "b")
    clock.seconds += 58.2
    with pytest.raises(NotAllowed, match="Wait 2 seconds, then"):
        key.give(KEY, "a")
    clock.seconds += 1.7
    with pytest.raises(NotAllowed, match="Wait 1 second, then"):
        key.give(KEY, "a")
    clock.seconds += 1.1
    key.give(KEY, "a")
    assert key.owns("a", local=False)


def test_all_together_may_try_thirty_times_a_minute() -> None:
    clock = Clock()
    key = OwnerKey(KEY, clock)
    for number in range(MAX_ATTEMPTS):
        with pytest.raises(NotAllowed, match="not the owner key"):
            key.give("wrong", f"session {number}")
    with pytest.raises(NotAllowed, match="tried 30 times a minute"):
        key.give(KEY, "another")
    clock.seconds += 61
    key.give(KEY, "another")


def test_the_latest_hundred_sessions_are_known_to_be_the_owners() -> None:
    clock = Clock()
    key = OwnerKey(KEY, clock)
    for number in range(101):
        key.give(KEY, f"session {number}")
        clock.seconds += 61
    assert [key.owns(f"session {number}", local=False) for number in range(101)] == (
        [False] + [True] * 100
    )


@pytest.mark.parametrize("text", ["", "short", "elevenchars", " elevenchars "])
def test_a_short_key_is_refused_and_not_shown(text: str, tmp_path: object) -> None:
    environment = {"CRYPTOFORECAST_HOME": str(tmp_path), "CRYPTOFORECAST_OWNER_KEY": text}
    with pytest.raises(InvalidInput, match="at least 12 characters") as refusal:
        Settings.from_environment(environment)
    assert not text or text.strip() not in str(refusal.value)
    assert str(refusal.value).endswith(
        "Then its owner is whoever opens the app on this machine itself."
    )


def test_the_settings_never_show_the_key(tmp_path: object) -> None:
    environment = {"CRYPTOFORECAST_HOME": str(tmp_path), "CRYPTOFORECAST_OWNER_KEY": f" {KEY}\n"}
    settings = Settings.from_environment(environment)
    assert settings.owner_key == KEY
    assert KEY not in repr(settings)
    assert KEY not in repr(vars(OwnerKey(KEY)))
