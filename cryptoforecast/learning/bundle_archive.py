"""A saved model as one zip archive: its folder with its two files, and nothing else.

An archive is never unpacked into a folder. Its two files are read into memory within their bounds,
and checked as those of a saved model are, so that nothing in it can reach another place.
"""

from __future__ import annotations

import io
import zipfile

from cryptoforecast.errors import InvalidBundle, InvalidInput
from cryptoforecast.learning import bundle_format
from cryptoforecast.learning.bundle_folder import BUNDLE
from cryptoforecast.types import TrainedModel

#: Largest archive that is made and read, in bytes. Networks of usual sizes need far less. A large
#: ensemble with the widest layers that ``specs.check`` allows needs more, and gets no archive.
MAX_BYTES = 50_000_000
#: Files in an archive.
FILES = 2
#: Bytes before the first file of an archive.
START = b"PK\x03\x04"
# The bit of an entry's flags that says it is encrypted.
_ENCRYPTED = 0x1


def pack(model: TrainedModel, name: str) -> bytes:
    """Return a model's folder as a zip archive; the same model gives the same bytes.

    Args:
        model: The model.
        name: Name of the folder.

    Raises:
        InvalidInput: If the archive would be too large to be read again.
    """
    archive, content = io.BytesIO(), bundle_format.pack(model)
    with zipfile.ZipFile(archive, "w") as file:
        # Without a time, a ``ZipInfo`` does not read the clock, so that the bytes are the same.
        file.writestr(zipfile.ZipInfo(f"{name}/{BUNDLE}"), bundle_format.write(model, content))
        file.writestr(zipfile.ZipInfo(f"{name}/{bundle_format.WEIGHTS}"), content)
    check_size(archive.tell(), name)
    return archive.getvalue()


def check_size(size: int, name: str) -> None:
    """Refuse a model whose archive could not be read again.

    Args:
        size: Bytes of the archive, or of the files that it would hold.
        name: Name of the model.

    Raises:
        InvalidInput: If there are more than ``MAX_BYTES``.
    """
    if size > MAX_BYTES:
        raise InvalidInput(
            f"The archive of a model may have at most {MAX_BYTES:,} bytes, or it could not be "
            f"imported. Received: {name}, whose archive would have {size:,}. Copy its folder "
            "instead, or train a smaller network or ensemble."
        )


def unpack(archive: bytes) -> tuple[str, TrainedModel]:
    """Read a model from a zip archive, whoever made it.

    Args:
        archive: Content of the archive.

    Returns:
        The name of the folder in it, which may be none that a saved model can have, and the model.

    Raises:
        InvalidBundle: If it is no such archive, or anything in it is altered or too large.
    """
    try:
        if len(archive) > MAX_BYTES or not archive.startswith(START):
            raise InvalidBundle(f"it must be a zip archive of at most {MAX_BYTES:,} bytes")
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            return _read(file)
    except Exception as error:  # zip, JSON and npy raise many kinds: all mean a bad archive
        reason = " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__
        raise InvalidBundle(
            f"The archive holds no model that can be read: {reason}. Choose one that `models "
            "export` or Download on the Models page has made."
        ) from error


def _read(file: zipfile.ZipFile) -> tuple[str, TrainedModel]:
    # Some programs list the folder too.
    entries = [entry for entry in file.infolist() if not entry.is_dir()]
    parts = [entry.filename.split("/") for entry in entries]
    folders = {part[0] for part in parts}
    if len(entries) != FILES or len(folders) != 1 or any(len(part) != 2 for part in parts):
        names = ", ".join(entry.filename for entry in entries[:3])
        raise InvalidBundle(
            f"it must hold one folder with {BUNDLE} and its weights, and nothing else. "
            f"Received: {names!r:.80}"
        )
    by_name = {part[1]: entry for part, entry in zip(parts, entries, strict=True)}
    if BUNDLE not in by_name:
        raise InvalidBundle(f"{BUNDLE} is missing")
    text = _content(file, by_name[BUNDLE], bundle_format.MAX_JSON_BYTES)
    content, spec = bundle_format.read_spec(text)
    weights = bundle_format.weights_name(content)
    if weights not in by_name:
        raise InvalidBundle(f"{weights} is missing")
    packed = _content(file, by_name[weights], bundle_format.max_archive_bytes(spec))
    return folders.pop(), bundle_format.read(content, spec, packed)


def _content(file: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """Return the content of a file of the archive, of at most ``limit`` bytes.

    Raises:
        InvalidBundle: If it is larger, encrypted, or compressed in an unusual way.
    """
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in bundle_format.COMPRESSIONS:
        raise InvalidBundle("its files must be stored or deflated, without a password")
    with file.open(entry) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise InvalidBundle(f"{entry.filename!r:.80} must be at most {limit:,} bytes")
    return content
