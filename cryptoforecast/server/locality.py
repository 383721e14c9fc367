"""Decides whether a request came from this machine itself.

A reverse proxy on the same machine makes every request look local. So one sign of a proxy is
enough for this process to trust no local address any more, until it is started again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

#: Headers that proxies add.
FORWARDING = frozenset(
    {b"forwarded", b"via", b"true-client-ip", b"x-real-ip", b"x-client-ip", b"cdn-loop"}
    | {b"x-cluster-client-ip", b"x-envoy-external-address", b"fastly-client-ip"}
)
#: How the names of more such headers begin.
FORWARDING_PREFIXES = (b"x-forwarded", b"x-original-", b"cf-", b"x-amzn-", b"x-arr-", b"fly-")

#: Names and values whose reading is kept, for the next request that has them.
MAX_READINGS = 256


class Locality:
    """What this process knows about where its requests come from.

    Attributes:
        proxied: Whether a request has shown that a proxy stands before this server.
    """

    def __init__(self) -> None:
        self.proxied = False

    def is_local(
        self, client: tuple[str, int] | None, headers: Iterable[tuple[bytes, bytes]]
    ) -> bool:
        """Say whether a request came from this machine itself, and look for signs of a proxy.

        It did if it has a loopback address, names this machine as its host and has no other
        origin, if no proxy forwarded it, and if no request before it showed a sign of a proxy.

        Args:
            client: Address and port of the client; ``None`` where there is none.
            headers: Names in lower case, and values.
        """
        values = list(headers)
        forwarded = any(_forwarding(name) for name, _ in values)
        if client is None or not (_loopback(client[0]) or _rewritten(client, forwarded)):
            return False
        hosts = [_host(value) for name, value in values if name == b"host"]
        origins = [_origin(value) for name, value in values if name == b"origin"]
        named = len(hosts) == 1 and hosts[0] is not None
        same = len(origins) <= 1 and (origins == hosts or not origins)
        # A page of another site that this machine's own browser shows is no proxy.
        foreign = not same and (b"sec-fetch-site", b"cross-site") not in values
        self.proxied = self.proxied or forwarded or not named or foreign
        return named and same and not self.proxied


@lru_cache(MAX_READINGS)
def _forwarding(name: bytes) -> bool:
    return name in FORWARDING or name.startswith(FORWARDING_PREFIXES)


def _rewritten(client: tuple[str, int], forwarded: bool) -> bool:
    """Say whether uvicorn replaced a proxy's address by the one that the proxy named."""
    return forwarded and client[1] == 0


@lru_cache(MAX_READINGS)
def _loopback(address: str) -> bool:
    """Say whether an address is one of this machine for itself."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    return (mapped or number).is_loopback


@lru_cache(MAX_READINGS)
def _host(value: bytes) -> tuple[str, int | None] | None:
    """Return the name and the port in a ``Host`` header, or ``None`` unless it is this machine."""
    try:
        parts = urlsplit(f"//{value.decode('ascii')}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    plain = name is not None and parts.netloc == value.decode("ascii") and "@" not in parts.netloc
    return (name, port) if name and plain and _names_this_machine(name) else None


@lru_cache(MAX_READINGS)
def _origin(value: bytes) -> tuple[str, int | None] | None:
    """Return the name and the port of an origin, or ``None`` unless it is this machine."""
    scheme, separator, rest = value.partition(b"://")
    return _host(rest) if separator and scheme in (b"http", b"https") else None


def _names_this_machine(name: str) -> bool:
    return name == "localhost" or _loopback(name)
