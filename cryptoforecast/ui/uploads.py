"""What Streamlit keeps of uploaded files: for which session, and how much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadFileUrlInfo


def is_active(session: str) -> bool:
    """Say whether a session has its page open now."""
    return runtime.exists() and runtime.get_instance().is_active_session(session)


def sizes() -> dict[str, dict[str, int]]:
    """Return the bytes of the files that are kept, by session and by the identity of the file."""
    stored = _manager().file_storage
    return {
        session: {identity: len(file.data) for identity, file in list(files.items())}
        for session, files in list(stored.items())
    }


def remove(session: str) -> None:
    """Forget all files of a session."""
    _manager().remove_session_files(session)


def forget(session: str, file: str) -> None:
    """Forget one file of a session, by its identity."""
    _manager().remove_file(session, file)


def on_request(note: Callable[[str, str], None]) -> None:
    """Call a function for each place that an uploader asks for.

    Args:
        note: Gets the session and the identity of the file to come.
    """
    manager = _manager()
    original = manager.get_upload_urls

    def noted(session_id: str, file_names: Sequence[str]) -> list[UploadFileUrlInfo]:
        places = original(session_id, file_names)
        for place in places:
            note(session_id, place.file_id)
        return places

    manager.get_upload_urls = noted  # type: ignore[method-assign]


def _manager() -> MemoryUploadedFileManager:
    return cast(MemoryUploadedFileManager, runtime.get_instance().uploaded_file_mgr)
