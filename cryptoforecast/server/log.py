"""The log of the server: nothing that is quoted in it looks like an entry of its own."""

from __future__ import annotations

import logging
import re
import traceback

from cryptoforecast.texts import visible

#: How the second line of an entry begins, and every line after it.
MARGIN = "    "
#: Characters of the text of an entry, and of the text and the traceback of one that has both.
MAX_TEXT, MAX_TEXT_BEFORE, MAX_TRACEBACK = 2_000, 500, 1_500

#: Names a session of a page. Whoever knows it could send files in its name.
_SESSION = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def set_up() -> None:
    """Let every logger of this process write its entries so."""
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
            self.exc_text = _shortened(MARGIN + _quoted(lines), MAX_TRACEBACK)

    def getMessage(self) -> str:  # noqa: N802 - the name is that of the standard library
        """Return the text of the entry."""
        most = MAX_TEXT_BEFORE if self.exc_text else MAX_TEXT
        return _shortened(_quoted(super().getMessage()), most)


def _quoted(text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    return f"\n{MARGIN}".join(visible(line) for line in lines)


def _shortened(text: str, most: int) -> str:
    """Leave the middle out where a text is too long; the end of a traceback says what happened."""
    text = _SESSION.sub("(session)", text)
    half = (most - 50) // 2
    if len(text) <= most:
        return text
    return f"{text[:half]} … ({len(text) - 2 * half:,} characters left out) … {text[-half:]}"
