"""The log of the server: nothing that is quoted in it looks like an entry of its own."""

from __future__ import annotations

import logging
import re
import traceback

from cryptoforecast.api.exchange import ACCESS
from cryptoforecast.texts import visible

#: How the second line of an entry begins, and every line after it.
MARGIN = "    "
#: Characters of the text of an entry, and of the text and the traceback of one that has both.
MAX_TEXT, MAX_TEXT_BEFORE, MAX_TRACEBACK = 2_000, 500, 1_500

#: Names a session of a page. Whoever knows it could send files in its name.
_SESSION = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def set_up() -> None:
    """Let every logger of this process make its entries as ``Record``."""
    logging.setLogRecordFactory(Record)


class Record(logging.LogRecord):
    """An entry whose text may quote names in files, addresses and answers of other servers.

    Characters that control a terminal become visible, lines after the first are indented, the
    middle of a long text is left out, and no session is named.
    """

    def __init__(self, *args: object, **words: object) -> None:
        super().__init__(*args, **words)  # type: ignore[arg-type]
        if self.exc_info and self.exc_info[0] is not None:
            lines = "".join(traceback.format_exception(*self.exc_info)).rstrip()
            # A formatter uses it as it is.
            self.exc_text = _shortened(MARGIN + _quoted(_masked(lines)), MAX_TRACEBACK)

    def getMessage(self) -> str:  # noqa: N802 - the name is that of the standard library
        """Return the text of the entry."""
        most = MAX_TEXT_BEFORE if self.exc_text else MAX_TEXT
        text = super().getMessage()
        # Requests of the API have no session, and clients look for the ids that they sent.
        text = text if self.name == ACCESS else _masked(text)
        return _shortened(_quoted(text), most)


def _quoted(text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    return f"\n{MARGIN}".join(visible(line) for line in lines)


def _masked(text: str) -> str:
    return _SESSION.sub("(session)", text)


def _shortened(text: str, most: int) -> str:
    """Leave the middle out where a text is too long; the end of a traceback says what happened."""
    half = (most - 50) // 2
    if len(text) <= most:
        return text
    return f"{text[:half]} … ({len(text) - 2 * half:,} characters left out) … {text[-half:]}"
