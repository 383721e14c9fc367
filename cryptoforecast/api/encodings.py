"""Which encodings of an answer a client takes."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Scope

#: The weight of an encoding that a client does not take (RFC 9110, section 12.4.2).
_REFUSED = re.compile(r"q=0(\.0{0,3})?")


def takes_gzip(scope: Scope) -> bool:
    """Return whether a client takes gzip: it names it, and its weight is not 0.

    Args:
        scope: The request.
    """
    for encoding in Headers(scope=scope).get("accept-encoding", "").lower().split(","):
        name, *parameters = (part.strip() for part in encoding.split(";"))
        if name == "gzip":
            return not any(_REFUSED.fullmatch(parameter) for parameter in parameters)
    return False
