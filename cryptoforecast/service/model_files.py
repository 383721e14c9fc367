"""Files of exported models: where they may be written, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning.bundle_archive import MAX_BYTES
from cryptoforecast.prices.files.writing import check_free

__all__ = ["MAX_BYTES", "check_export", "read_archive"]


def check_export(path: Path, format: str | None, *, force: bool = False) -> None:
    """Refuse a file to which no model can be exported; see ``writing.check_free``.

    Args:
        path: The file to write.
        format: Format of the export; ``None`` for a saved model as it is.
        force: Whether an existing file may be replaced.

    Raises:
        InvalidInput: For another ending than ``.zip`` or the format, or a folder that does not
            exist.
        AlreadyExists: If there is such a file and ``force`` is false.
    """
    endings = (".zip",) if format is None else (".zip", f".{format}")
    if not path.name.lower().endswith(endings):
        raise InvalidInput(
            f"The name must end in {' or '.join(endings)}. Received: {path.name!r:.80}. Rename it."
        )
    check_free(path, force=force)


def read_archive(source: Path | BinaryIO) -> bytes:
    """Read a file that may be the archive of a model; at most one byte more than is allowed.

    Raises:
        InvalidInput: If there is no such file, or it can't be read.
    """
    if not isinstance(source, Path):
        return source.read(MAX_BYTES + 1)
    try:
        if not source.is_file():  # reading a pipe or a device might never end
            raise InvalidInput(
                "The archive of a model is needed. Received: "
                f"{str(source)!r:.200}, which is no file."
            )
        with source.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InvalidInput(
            f"{str(source)!r:.200} can't be read: {reason}. Choose another file."
        ) from error
