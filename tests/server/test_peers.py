"""Whose the other end of a connection within this machine is."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptoforecast.server.peers import SUPERUSER, TABLES, Peers

#: Nobody's number; any user but that of the tests.
OTHER = 65_534
ME, SERVER = ("127.0.0.1", 40_001), ("127.0.0.1", 8501)


def write(path: Path, *users: int, client: int = ME[1], server: int = SERVER[1]) -> Path:
    """Write a table as Linux does, with both ends of a connection for each user."""
    rows = [
        f"   0: 0100007F:{near:04X} 0100007F:{far:04X} 01 00000000:00000000 00:00000000 00000000"
        f" {user:5d}        0 4026 1 0000000000000000 20 4 30 10 -1"
        for user in users
        for near, far in ((client, server), (server, client))
    ]
    path.write_text("\n".join(["  sl  local_address rem_address   st", *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("users", "ours"),
    [((os.getuid(),), True), ((SUPERUSER,), True), ((OTHER,), False), ((SUPERUSER, OTHER), False)],
)
def test_a_connection_is_ours_if_nobody_else_opened_it(tmp_path: Path, users, ours):
    peers = Peers([write(tmp_path / "tcp", *users)])
    assert peers.is_ours(ME, SERVER, time.monotonic()) is ours


def test_another_connection_of_somebody_else_does_not_matter(tmp_path: Path):
    mine = write(tmp_path / "tcp", os.getuid())
    theirs = write(tmp_path / "tcp6", OTHER, client=ME[1] + 1)
    elsewhere = write(tmp_path / "more", OTHER, server=SERVER[1] + 1)
    assert Peers([mine, theirs, elsewhere]).is_ours(ME, SERVER, time.monotonic())


def test_where_the_system_does_not_tell_it_is_ours(tmp_path: Path):
    peers = Peers([write(tmp_path / "tcp", OTHER), tmp_path / "missing"])
    assert peers.is_ours(ME, SERVER, time.monotonic())


def test_the_table_is_read_again_for_a_younger_connection_alone(tmp_path: Path):
    table = write(tmp_path / "tcp", os.getuid())
    peers, first = Peers([table]), time.monotonic()
    assert peers.is_ours(ME, SERVER, first)
    write(table, OTHER)
    assert peers.is_ours(ME, SERVER, first)
    assert not peers.is_ours(ME, SERVER, time.monotonic())


@pytest.fixture
def other_user() -> Iterator[None]:
    """Be another user, whose sockets are not the superuser's."""
    os.seteuid(OTHER)
    yield
    os.seteuid(SUPERUSER)


@pytest.mark.skipif(not TABLES[0].is_file(), reason="the system has no such table")
@pytest.mark.skipif(os.getuid() != SUPERUSER, reason="only the superuser can be another user")
def test_a_real_connection_of_another_user_is_not_ours(other_user: None):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = listener.getsockname()
        with socket.create_connection(server) as client:
            assert not Peers().is_ours(client.getsockname(), server, time.monotonic())


@pytest.mark.skipif(not TABLES[0].is_file(), reason="the system has no such table")
def test_a_real_connection_of_ones_own_is_ours():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = listener.getsockname()
        with socket.create_connection(server) as client:
            assert Peers().is_ours(client.getsockname(), server, time.monotonic())
