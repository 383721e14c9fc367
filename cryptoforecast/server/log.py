"""The log of the server: nothing that is quoted in it looks like an entry of its own."""

from __future__ import annotations

import logging
import traceback

from cryptoforecast.types.texts import visible

#: How the second line of an entry begins, and every line after it.
MARGIN = "    "


def set_up() -> None:
    """Let every logger of this process write its entries so."""
    logging.setLogRecordFactory(Record)


class Record(logging.LogRecord):
    """An entry whose text may quote names in files, addresses and answers of other servers.

    Characters that control a terminal become visible, and lines after the first are indented.
    """

    def __init__(self, *args: object, **words: object) -> None:
        super().__init__(*args, **words)  # type: ignore[arg-type]
        if self.exc_info and self.exc_info[0] is not None:
            lines = "".join(traceback.format_exception(*self.exc_info)).rstrip()
            self.exc_text = MARGIN + _quoted(lines)  # a formatter uses it as it is

    def getMessage(self) -> str:  # noqa: N802 - the name is that of the standard library
        """Return the text of the entry."""
        return _quoted(super().getMessage())


def _quoted(text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    return f"\n{MARGIN}".join(visible(line) for line in lines)
