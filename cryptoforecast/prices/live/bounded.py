"""One request to a host that may be slow, wrong or hostile: its time and its bytes have limits.

libcurl bounds what a server can send before and beside a body: headers, chunk sizes, trailers and
the handshake, all within one time limit. This module bounds the body, packed and unpacked, and
never follows a redirect.

Importing this module loads curl_cffi.
"""

from __future__ import annotations

from typing import Any

from curl_cffi import CurlECode, CurlOpt
from curl_cffi.curl import CURL_WRITEFUNC_ERROR
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import InvalidHeader, RequestException

#: Longest time to make a connection, in seconds.
MAX_CONNECT_TIME = 4.0
# Hosts may set cookies in each answer. Beyond this number all of them are deleted.
_MAX_COOKIES = 50


class Utf8Response(Response):
    """An answer whose text is UTF-8, whatever its header says: some codecs take hours."""

    @property
    def charset_encoding(self) -> None:
        """Ignore the charset that the header names."""
        return


class BoundedSession(Session[Response]):
    """A session of curl_cffi whose downloads are bounded.

    Args:
        max_bytes: Longest body of any download, in bytes as it is sent (packed).
        options: Arguments of ``Session``.
    """

    def __init__(self, max_bytes: int, **options: Any) -> None:
        limit = {CurlOpt.MAXFILESIZE_LARGE: max_bytes}
        super().__init__(response_class=Utf8Response, curl_options=limit, **options)

    def download(
        self, method: Any, url: str, seconds: float, max_bytes: int, *args: Any, **options: Any
    ) -> tuple[Response, bool]:
        """Make one request.

        Args:
            method: GET or POST.
            url: The address.
            seconds: Seconds in all.
            max_bytes: Longest unpacked body, in bytes.
            args: Further arguments of ``Session.request``.
            options: Further arguments of ``Session.request``.

        Returns:
            The answer, and whether its body is whole. If not, it is longer than allowed; what
            came until then is there.

        Raises:
            RequestException: If no answer came in time, or the request failed in another way.
        """
        body = bytearray()
        is_whole = True

        def keep(piece: bytes) -> int:
            nonlocal is_whole
            if len(body) + len(piece) > max_bytes:
                is_whole = False
                return CURL_WRITEFUNC_ERROR
            body.extend(piece)
            return len(piece)

        connecting = min(MAX_CONNECT_TIME, seconds / 2)
        options |= {
            "timeout": (connecting, seconds - connecting),
            "allow_redirects": False,
            "content_callback": keep,
        }
        try:
            response = Session.request(self, method, url, *args, **options)
        except RequestException as error:
            too_long = not is_whole or error.code == CurlECode.FILESIZE_EXCEEDED
            if not too_long or error.response is None:
                raise
            response, is_whole = error.response, False
        except (ValueError, LookupError) as error:
            # curl_cffi splits the headers itself, and does not expect odd ones.
            raise InvalidHeader("The headers can't be read.") from error
        response.content = bytes(body)
        if len(self.cookies.jar) > _MAX_COOKIES:
            self.cookies.clear()
        return response, is_whole
