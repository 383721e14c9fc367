"""Delivery of messages through Apprise, which is loaded when the first one is sent.

The addresses hold secrets. Nothing here shows one: a destination has the scheme of its address as
its name, and a reason holds no word of Apprise's own.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptoforecast.errors import InvalidInput

if TYPE_CHECKING:
    from apprise import Apprise

#: Destinations at most, and seconds that one of them may take for a message.
MAX_DESTINATIONS, MAX_SECONDS = 10, 20.0
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://.")
_STATUS = re.compile(r"error=(\d{3})\b")
#: Threads that still wait for a destination after ``MAX_SECONDS``, by its address.
_HANGING: dict[str, threading.Thread] = {}


@dataclass(frozen=True)
class Destination:
    """Where messages go.

    Attributes:
        name: The scheme of the address, with a number where several have it: ``"json 2"``.
        url: The address, which is secret.
    """

    name: str
    url: str = field(repr=False)


def destinations(urls: Sequence[str]) -> tuple[Destination, ...]:
    """Name the destinations of a setting.

    Raises:
        InvalidInput: If there are too many, or one is no address.
    """
    rule = "CRYPTOFORECAST_ALARMS must be addresses as Apprise has them, separated by spaces"
    if len(urls) > MAX_DESTINATIONS:
        raise InvalidInput(f"{rule}, at most {MAX_DESTINATIONS}. Received: {len(urls)}.")
    counts: Counter[str] = Counter()
    results = []
    for number, url in enumerate(urls, 1):
        match = _SCHEME.match(url)
        if match is None:
            raise InvalidInput(
                f"{rule}. Received: number {number} of {len(urls)} is none; it is not shown, "
                "because it may hold a password. Write it as mailtos://… or json://…."
            )
        scheme = match[1].lower()
        counts[scheme] += 1
        numbered = f" {counts[scheme]}" if counts[scheme] > 1 else ""
        results.append(Destination(f"{scheme}{numbered}", url))
    return tuple(results)


def check_installed() -> None:
    """Refuse to send anything without Apprise.

    Raises:
        InvalidInput: If it is not installed.
    """
    if importlib.util.find_spec("apprise") is None:
        raise InvalidInput(
            "Messages of alarms need Apprise. Received: an installation without it. Install "
            "cryptoforecast[alarms]."
        )


def send(destination: Destination, title: str, body: str) -> str:
    """Send a message.

    Args:
        destination: Where it goes.
        title: Its first line.
        body: Its text.

    Returns:
        An empty text if the destination took it, else why not.
    """
    before = _HANGING.get(destination.url)
    if before is not None and before.is_alive():
        return "It has not answered an earlier message yet."
    reasons: list[str] = []
    # A thread of our own: those of a pool would keep the process from ending.
    thread = threading.Thread(
        target=lambda: reasons.append(_deliver(destination.url, title, body)),
        name="alarm-message",
        daemon=True,
    )
    thread.start()
    thread.join(MAX_SECONDS)
    if reasons:
        return reasons[0]
    _HANGING[destination.url] = thread
    return f"It did not answer within {MAX_SECONDS:g} seconds."


def _deliver(url: str, title: str, body: str) -> str:
    try:
        apprise = _apprise(url)
        if apprise is None:
            return "Apprise does not know such an address."
        result = apprise.notify(body=body, title=title, body_format="text")
    except Exception:  # whatever a plugin raises, its text may hold the address
        return "Apprise failed to send the message."
    if result:
        return ""
    status = _STATUS.search("\n".join(str(line) for line in result.logs()))
    if status is None:
        return "It could not be reached, or did not answer."
    return f"It answered with the status {status[1]}."


def _apprise(url: str) -> Apprise | None:
    """Make what sends to one address; ``None`` if Apprise knows no such address."""
    import apprise

    # What Apprise logs may hold parts of the address.
    log = logging.getLogger("apprise")
    log.propagate = False
    log.addHandler(logging.NullHandler())
    asset = apprise.AppriseAsset(
        app_id="CryptoForecast",
        app_desc="Forecasts of crypto prices",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        async_mode=False,
        http_redirects=False,
        service_timeout=0,
    )
    # A list in one text would be split at commas, and files of addresses would be read.
    plugin = apprise.Apprise.instantiate(url, asset=asset)
    if plugin is None:
        return None
    sender = apprise.Apprise(asset=asset)
    sender.add(plugin)
    return sender
