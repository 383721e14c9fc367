"""The mark that the server puts on a request which came from this machine itself.

The server decides (see ``cryptoforecast.server.locality``), and a page reads it here. The mark is
known to this process alone, so that no client can send it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

#: The header of the mark. The server removes it from every request before it sets its own.
HEADER = "x-cryptoforecast-arrival"

_mark = secrets.token_hex(16)


def mark() -> str:
    """Return the mark of a request from this machine itself."""
    return _mark


def is_local(headers: Mapping[str, str]) -> bool:
    """Say whether the request of these headers came from this machine itself.

    Args:
        headers: Headers of the request as the app received it, such as ``st.context.headers``.
    """
    return secrets.compare_digest(headers.get(HEADER, "").encode(), mark().encode())


def forget() -> None:
    """Replace the mark: what came before counts as from elsewhere."""
    global _mark
    _mark = secrets.token_hex(16)
