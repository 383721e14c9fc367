"""The gate of the API: who may ask, and how often."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time

from limits import RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from cryptoforecast.api import counts, problems
from cryptoforecast.api.links import OPEN
from cryptoforecast.api.options import Options

#: How the paths begin whose requests are counted.
COUNTED = ("/api/", "/predict")
#: How a client sends its key.
SCHEME = "Bearer"


class Gate:
    """Refuses requests without a key where keys are needed, and those of a client that asks a lot.

    A client is whoever has a key, or else an address. All workers count together.

    Args:
        app: What answers.
        options: Keys and limits.
    """

    def __init__(self, app: ASGIApp, options: Options) -> None:
        self._app = app
        self._digests = [_digest(key) for key in options.keys]
        self._limits = SlidingWindowCounterRateLimiter(counts.storage())
        amounts = {
            "reads": options.reads, "posts": options.posts, "predictions": options.predictions,
        }  # fmt: skip
        self._items = {
            kind: RateLimitItemPerMinute(amount)
            for kind, amount in amounts.items()
            if amount is not None
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        key = _key(scope)
        digest = self._find(key)
        scope["cryptoforecast.key"] = digest
        refusal = None
        if self._digests and digest is None and not scope["path"].startswith(OPEN):
            refusal = _unknown(key)
        elif scope["path"].startswith(COUNTED):
            refusal = self._count(scope, digest or _address(scope))
        await (refusal or self._app)(scope, receive, send)

    def _find(self, key: str | None) -> str | None:
        """Return the digest of a key that is one of ours; all are compared in the same time."""
        if key is None:
            return None
        digest = _digest(key)
        matches = [hmac.compare_digest(digest, ours) for ours in self._digests]
        return digest if any(matches) else None

    def _count(self, scope: Scope, client: str) -> ASGIApp | None:
        """Count a request; return the refusal if it is one too many."""
        kind = _kind(scope)
        limit = self._items.get(kind)
        if limit is None or self._limits.hit(limit, kind, client):
            return None
        reset = self._limits.get_window_stats(limit, kind, client).reset_time
        seconds = max(1, round(reset - time.time()))
        return problems.raw(
            429,
            f"At most {limit.amount} requests of this kind may come from one client in a minute. "
            f"Received: one more. Wait {seconds} seconds.",
            {"Retry-After": str(seconds)},
        )


def _kind(scope: Scope) -> str:
    """Return which limit counts a request."""
    if scope["path"] in problems.PLAIN:
        return "predictions"
    return "reads" if scope["method"] in ("GET", "HEAD") else "posts"


def _key(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, key = value.decode("latin-1").partition(" ")
            return key.strip() if scheme.lower() == SCHEME.lower() else ""
    return None


def _unknown(key: str | None) -> ASGIApp:
    received = "none" if key is None else "one that is not known"
    return problems.raw(
        401,
        f"This server needs a key. Received: {received}. Send the header Authorization: "
        f"{SCHEME} KEY.",
        {"WWW-Authenticate": SCHEME},
    )


def _address(scope: Scope) -> str:
    """Name a client by its address; one network of IPv6 is one client."""
    host = (scope.get("client") or ("unknown", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
