"""What goes over the wire: each answer as it came, so that it can be observed or recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.live.documents import parse, plain

if TYPE_CHECKING:
    from curl_cffi.requests import Response

#: Rows of each list that are kept.
MAX_ROWS = 5
#: Members of each object that are kept, and characters of each text.
MAX_MEMBERS, MAX_MEMBER_TEXT = 40, 200
#: Characters of a body that is no JSON, or is too long even when it is cut.
MAX_TEXT = 2000
#: Characters of a body that is JSON, when it is cut.
MAX_BODY = 20_000
#: Answers that are recorded at most.
MAX_RECORDS = 1000
_SECRET_HEADERS = ("cookie", "authorization", "crumb")


@dataclass(frozen=True, eq=False)
class Roundtrip:
    """One request and its answer.

    Attributes:
        url: The address that was asked.
        status: HTTP status.
        headers: Headers of the answer.
        body: Body of the answer, or how it begins.
        seconds: Seconds until the answer was there.
        time: When it was there, by our clock, UTC.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    time: pd.Timestamp

    @classmethod
    def of(cls, response: Response, seconds: float) -> Roundtrip:
        """Describe an answer of curl's that came just now."""
        headers = {name: text or "" for name, text in response.headers.items()}
        now = pd.Timestamp.now("UTC")
        return cls(response.url, response.status_code, headers, response.content, seconds, now)

    def header(self, name: str) -> str | None:
        """Return a header by its name in lower case; in the answer it may have any case."""
        return next((text for key, text in self.headers.items() if key.lower() == name), None)


Tap = Callable[[Roundtrip], None]


class Recorder:
    """Writes answers into a folder: status, headers and the first rows, never cookies.

    Args:
        folder: A new or empty folder.

    Raises:
        InvalidInput: If the folder has files in it, or can't be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.names: list[str] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            occupied = any(folder.iterdir())
        except OSError as error:
            raise InvalidInput(
                f"--record needs a folder that can be written. Received: {folder} "
                f"({error.strerror}). Choose another one."
            ) from error
        if occupied:
            raise InvalidInput(
                f"--record needs a new or an empty folder. Received: {folder}, which has files in "
                "it. Choose another one."
            )

    def write(self, source: str, roundtrip: Roundtrip) -> None:
        """Write one answer as JSON; its name counts up. The first ``MAX_RECORDS`` are kept."""
        if len(self.names) >= MAX_RECORDS:
            return
        name = f"{len(self.names) + 1:03d}-{source}.json"
        document = {
            "url": without_crumb(roundtrip.url[:MAX_TEXT]),
            "status": roundtrip.status,
            "seconds": round(roundtrip.seconds, 3),
            "headers": public_headers(roundtrip.headers),
            "body": "" if "getcrumb" in roundtrip.url else cut(roundtrip.body),
        }
        (self._folder / name).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        self.names.append(name)


def public_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers, cut, without those that carry a cookie or a password."""
    public = [
        name for name in headers if not any(secret in name.lower() for secret in _SECRET_HEADERS)
    ]
    return {_short(name): _short(headers[name]) for name in public[:MAX_MEMBERS]}


def without_crumb(url: str) -> str:
    """Return an address without the crumb that belongs to a cookie."""
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "crumb"]
    return urlunsplit(parts._replace(query=urlencode(query)))


def cut(body: bytes) -> object:
    """Return the JSON of a body with the first rows of each list; else how its text begins."""
    try:
        document = _cut(parse(body))
        if len(json.dumps(document)) <= MAX_BODY:
            return document
    except (ValueError, RecursionError):
        pass
    return body[: 4 * MAX_TEXT].decode("utf-8", "replace")[:MAX_TEXT]


def _cut(value: object) -> object:
    """Cut every list, object and text inside a value."""
    if isinstance(value, dict):
        names = list(value)[:MAX_MEMBERS]
        return {_short(name): _cut(value[name]) for name in names}
    if isinstance(value, list):
        return [_cut(inner) for inner in value[:MAX_ROWS]]
    return _short(value) if isinstance(value, str) else value


def _short(text: str) -> str:
    """Cut a text."""
    return plain(text, MAX_MEMBER_TEXT)


def row_times(body: bytes) -> list[int]:
    """Return the times of the rows in an answer of any of the sources, in their order.

    Args:
        body: A list of rows, as Coinbase sends it; rows under ``result``, as Kraken does; or a
            ``timestamp`` column, as Yahoo does.

    Returns:
        Seconds since 1970; none if the body is of another shape.
    """
    try:
        document = parse(body)
    except ValueError:
        return []
    if isinstance(document, dict) and isinstance(document.get("chart"), dict):
        results = document["chart"].get("result")
        first = results[0] if isinstance(results, list) and results else {}
        document = first.get("timestamp") if isinstance(first, dict) else None
    elif isinstance(document, dict) and isinstance(document.get("result"), dict):
        lists = [part for part in document["result"].values() if isinstance(part, list)]
        document = lists[0] if lists else None
    rows = document if isinstance(document, list) else []
    times = [row[0] if isinstance(row, list) and row else row for row in rows]
    return times if all(isinstance(time, int) for time in times) else []


def order(times: list[int]) -> str:
    """Describe the order of times in words; ``""`` if there are fewer than two."""
    if len(times) < 2:
        return ""
    if times == sorted(times):
        return "oldest first"
    return "newest first" if times == sorted(times, reverse=True) else "unordered"
