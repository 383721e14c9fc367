"""Who may delete on a real server: sessions on this machine, behind proxies, and with a key."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import WebSocketException

from benchmarks.page_client import PageClient
from cryptoforecast.learning import bundles
from tests import serving, synthetic
from tests.server.proxies import Change, reverse_proxy

KEY = "correct horse battery staple"
#: The user of servers that need no rights, by number.
NOBODY = 65_534
PUBLIC = "http://forecasts.example"


class Tab(PageClient):
    """A tab that keeps everything it receives."""

    everything = b""

    def received(self, frame: bytes) -> None:
        self.everything = self.everything[-1_000_000:] + frame

    def can(self, key: str) -> bool:
        return key in self._ids


def save(home: Path, *names: str) -> None:
    for name in names:
        bundles.save(synthetic.model(), home / "models", name)


def saved(home: Path) -> list[str]:
    return bundles.names(home / "models")


def open_models(tab: Tab, name: str) -> str:
    """Open the card of a model; return the text of the page."""
    tab.open("models", card=name)
    return tab.everything.decode("utf-8", "replace")


def delete(tab: Tab, name: str) -> None:
    open_models(tab, name)
    tab.click("delete")
    tab.click("confirm-delete")


def imitate(tab: Tab, owner: Tab) -> None:
    """Send what the buttons that only the owner sees would send."""
    first, second = (
        WidgetState(id=owner._ids[key], trigger_value=True) for key in ("delete", "confirm-delete")
    )
    for pressed in ([first], [second], [first, second]):
        tab.rerun(*pressed)
    tab._wait = 0.5  # there is no answer for a fragment that the session never had
    with contextlib.suppress(TimeoutError, RuntimeError):
        tab.rerun(second, fragment=owner._fragments["confirm-delete"])


def public_host(headers: dict[str, str]) -> None:
    """Change nothing: the browser names the public host."""


def rewritten_host(headers: dict[str, str]) -> None:
    """Do as nginx does by default: name the server itself, keep the origin."""
    headers["host"] = "localhost"


def forwarded_for(headers: dict[str, str]) -> None:
    headers["host"], headers["origin"] = "localhost", "http://localhost"
    headers["x-forwarded-for"] = "203.0.113.7"


@contextlib.contextmanager
def guest(proxy: int, origin: str = PUBLIC) -> Iterator[Tab | None]:
    """Open a tab through a proxy; ``None`` if the server refuses its connection."""
    try:
        tab = Tab(PUBLIC, through=proxy, origin=origin)
        with tab:
            yield tab
    except WebSocketException:
        yield None


@pytest.mark.parametrize("change", [public_host, rewritten_host, forwarded_for])
def test_who_comes_through_a_proxy_deletes_nothing(tmp_path: Path, change: Change) -> None:
    save(tmp_path, "first", "second", "third")
    with serving.streamlit(tmp_path) as url, Tab(url) as owner:
        delete(owner, "first")
        assert saved(tmp_path) == ["second", "third"]  # on this machine, without a key

        with reverse_proxy(int(url.rpartition(":")[2]), change) as proxy:
            for origin in (PUBLIC, "http://localhost"):  # the last one is forged
                with guest(proxy, origin) as tab:
                    if tab is None:
                        continue
                    text = open_models(tab, "second")
                    assert "You use this server as a guest" in text
                    assert "Only the owner may rename or delete it" in text
                    assert not tab.can("delete")
                    imitate(tab, owner)
                    assert saved(tmp_path) == ["second", "third"]

        # From now on nobody counts as being on this machine, not even who is.
        open_models(owner, "second")
        imitate(owner, owner)
        with Tab(url) as later:
            open_models(later, "second")
            assert not later.can("delete")
        assert saved(tmp_path) == ["second", "third"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs the superuser")
def test_a_proxy_of_another_user_makes_nobody_local(tmp_path: Path) -> None:
    save(tmp_path, "first")
    with serving.streamlit(tmp_path) as url:
        host = url.rpartition("/")[2]

        def all_forged(headers: dict[str, str]) -> None:
            headers["host"], headers["origin"] = host, url

        port = int(url.rpartition(":")[2])
        for user, owned in ((NOBODY, False), (os.getuid(), True)):
            with reverse_proxy(port, all_forged, user) as proxy, guest(proxy) as tab:
                assert tab is not None
                open_models(tab, "first")
                assert tab.can("delete") is owned  # a tunnel that the owner opens is trusted


def test_where_a_key_is_set_the_key_alone_counts(tmp_path: Path) -> None:
    save(tmp_path, "first", "second")
    with serving.streamlit(tmp_path, CRYPTOFORECAST_OWNER_KEY=KEY) as url:
        with Tab(url) as local:
            assert "If you are the owner, give the owner key" in open_models(local, "first")
            assert not local.can("delete")

        with (
            reverse_proxy(int(url.rpartition(":")[2]), public_host) as proxy,
            guest(proxy) as owner,
            guest(proxy) as other,
        ):
            assert owner is not None
            assert other is not None
            give(owner, KEY)
            delete(owner, "first")
            assert saved(tmp_path) == ["second"]
            open_models(other, "second")
            assert not other.can("delete")  # the key of one session is not that of another
            imitate(other, owner)
            assert saved(tmp_path) == ["second"]

            open_models(other, "second")
            assert "This is not the owner key" in " ".join(give(other, "incorrect horse battery"))
            for _ in range(4):
                give(other, KEY[:-1])
            assert "may be tried 5 times a minute" in " ".join(give(other, KEY))
            assert not other.can("delete")
            for tab in (owner, other):
                assert KEY.encode() not in tab.everything
                assert b"incorrect horse" not in tab.everything
        log = (tmp_path / "server.log").read_text()
        assert KEY not in log
        assert "incorrect horse" not in log


def give(tab: Tab, key: str) -> list[str]:
    """Give a key; return the messages of the page."""
    tab.open("models")
    tab.fill("owner-key-field", string_value=key)
    messages = tab.click("owner-key-confirm").messages
    tab.fill("owner-key-field", string_value="")
    return messages


def test_a_short_key_ends_the_start_with_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="must have at least 12 characters") as refusal,
        serving.streamlit(tmp_path, CRYPTOFORECAST_OWNER_KEY="elevenchars"),
    ):
        pass
    assert "Traceback" not in str(refusal.value)
    assert "elevenchars" not in str(refusal.value)
