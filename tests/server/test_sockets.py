"""The server's sockets: what comes in pieces is not held back."""

from __future__ import annotations

import asyncio
import socket

import pytest

from cryptoforecast.server import sockets
from cryptoforecast.server.connections import Connections
from tests.serving import finished


@pytest.mark.parametrize("prompt", [True, False])
def test_connections_of_a_socket_handed_over_are_sent_at_once(prompt):
    """As Streamlit makes it: without a protocol number, which asyncio takes for no TCP."""

    async def delay_is_off() -> bool:
        loop = asyncio.get_running_loop()
        if prompt:
            sockets.watch(loop, Connections())
        option = loop.create_future()

        class Note(asyncio.Protocol):
            def connection_made(self, transport):
                connection = transport.get_extra_info("socket")
                option.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                transport.close()

        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        server = await loop.create_server(Note, sock=listener)
        with socket.create_connection(listener.getsockname()):
            no_delay = await option
        server.close()
        await server.wait_closed()
        return bool(no_delay)

    assert finished(delay_is_off) is prompt


def test_a_socket_by_address_is_served_as_before():
    async def port() -> int:
        loop = asyncio.get_running_loop()
        sockets.watch(loop, Connections())
        server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        number = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return number

    assert finished(port) > 0
