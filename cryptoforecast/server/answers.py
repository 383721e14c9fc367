"""Headers of every answer: what a browser may do with it, and what not."""

from __future__ import annotations

from collections.abc import Iterable

#: What a page of the app may load and open. Streamlit sets styles in its elements, and its page
#: has one script within it.
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
#: What everything else may: data and files, which are not to be opened as pages.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
#: The interactive documentation of the API is Swagger UI, from the server itself. It sets styles in
#: its elements.
DOCS_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    )
)
_COMMON = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
)
#: What only pages need: each header takes a hundredth of the time of a prediction.
_FOR_PAGES = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
)

Headers = list[tuple[bytes, bytes]]


def _policy(text: str) -> tuple[bytes, bytes]:
    return b"content-security-policy", text.encode()


_PAGE: Headers = [*_COMMON, *_FOR_PAGES, _policy(PAGE_POLICY)]
_DOCS: Headers = [*_COMMON, *_FOR_PAGES, _policy(DOCS_POLICY)]
_DATA: Headers = [*_COMMON, _policy(DATA_POLICY)]
_NAMES = frozenset(name for name, _ in _PAGE)


def is_data(path: str) -> bool:
    """Say whether an answer is data or a file."""
    return (
        path.startswith(("/api/", "/media/"))
        or "/_stcore/" in path
        or path in ("/api", "/predict", "/docs", "/openapi.json", "/health")
    )


def with_security(path: str, headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the headers of an answer with those of security, of which each stands once.

    Args:
        path: Path of the request.
        headers: Headers that the answer has.
    """
    ours = _PAGE
    if path == "/api/v1/docs":
        ours = _DOCS
    elif is_data(path):
        ours = _DATA
    return [*(one for one in headers if one[0] not in _NAMES), *ours]
