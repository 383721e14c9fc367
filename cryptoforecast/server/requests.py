"""Decides which requests are refused before anything of the app sees them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

#: A name or an address with an optional port, in lower case.
_HOST = re.compile(r"(?P<name>[a-z0-9_]([a-z0-9_.-]{0,252})|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?")
#: What pages need of ``/_stcore/``. The rest tells about the server.
OPEN = ("health", "host-config", "stream", "upload_file/", "bidi-components/")
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused.

    Attributes:
        status: Status of the answer.
        text: The rule, what was received and the remedy.
    """

    status: int
    text: str


@dataclass(frozen=True)
class Rules:
    """What this server answers.

    Attributes:
        hosts: Names by which it may be called; any where there are none.
        option: Returns an option of Streamlit by its name.
    """

    hosts: Sequence[str]
    option: Callable[[str], Any]

    def refuse(
        self, method: str, path: str, headers: Sequence[tuple[bytes, bytes]]
    ) -> Refusal | None:
        """Return why a request is refused, or ``None``.

        Args:
            method: Method of the request, or ``WEBSOCKET``.
            path: Path of the request.
            headers: Names in lower case, and values.
        """
        hosts = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None:
            return Refusal(
                400, "The header Host must be one name or address, with or without a port."
            )
        if self.hosts and match["name"] not in self.hosts:
            return Refusal(
                400,
                "This server does not answer by this name. "
                "Its owner lists the names in CRYPTOFORECAST_HOSTS.",
            )
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in headers}:
            # A proxy that goes by the other header would take the rest for a request of its own.
            return Refusal(400, "A body has a Content-Length or a Transfer-Encoding, not both.")
        core = path.partition("/_stcore/")[2]
        if core and not core.startswith(OPEN) and not self._is_for_agents(core):
            return Refusal(404, "There is nothing here.")
        return self._refuse_origin(method, hosts[0], headers)

    def _is_for_agents(self, core: str) -> bool:
        return core.startswith("agent/") and bool(self.option("server.enableAgentApi"))

    def _is_friend(self, origin: str) -> bool:
        """Say whether Streamlit's options let the pages of an origin in."""
        listed = origin in self.option("server.corsAllowedOrigins")
        return listed or not self.option("server.enableCORS")

    def _refuse_origin(
        self, method: str, host: str, headers: Sequence[tuple[bytes, bytes]]
    ) -> Refusal | None:
        if method in SAFE:
            return None
        origins = [value.decode("latin-1").lower() for name, value in headers if name == b"origin"]
        if not origins and method != "WEBSOCKET":
            return None  # no browser, so nobody whose rights could be used
        if len(origins) == 1 and _place(origins[0]) == host:
            return None
        if len(origins) == 1 and self._is_friend(origins[0]):
            return None
        return Refusal(403, "The header Origin must name this server: only its own pages may ask.")


def _place(origin: str) -> str:
    """Return the host and the port of an origin, as in the header Host."""
    scheme, separator, place = origin.partition("://")
    return place if separator and scheme in ("http", "https") else ""
