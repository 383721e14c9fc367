"""Which messages of a page reach Streamlit: those that the pages of this app send.

Streamlit has others, for developers: they run git, clear the cache or read files.
"""

from __future__ import annotations

from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.session_manager import SessionClient

#: Files that an uploader asks a place for at once.
MAX_FILES = 50
#: Characters of a name that a page gives to a request; a page takes a UUID.
MAX_NAME = 100

_PLAIN = ("rerun_script", "stop_script", "app_heartbeat")
#: What a page asks for beside its script: a download, and more rows of a long table.
_OPERATIONS = ("deferred_file", "dataframe_chunk")


def is_wanted(session: str, message: BackMsg) -> bool:
    """Say whether a page of this app sends such a message.

    Args:
        session: Names the session of the page.
        message: What came.
    """
    kind = message.WhichOneof("type")
    if kind == "file_urls_request":
        files = message.file_urls_request
        return len(files.request_id) <= MAX_NAME and len(files.file_names) <= MAX_FILES
    if kind == "backend_operation_request":
        operation = message.backend_operation_request
        return (
            operation.session_id == session
            and len(operation.request_id) <= MAX_NAME
            and operation.WhichOneof("payload") in _OPERATIONS
        )
    return kind in _PLAIN


def restrict() -> None:
    """Drop all other messages in silence, so that a client cannot fill the log with them."""
    server = runtime.get_instance()
    original = server.handle_backmsg

    def handle(session_id: str, msg: BackMsg, *, client: SessionClient | None = None) -> None:
        if is_wanted(session_id, msg):
            original(session_id, msg, client=client)

    server.handle_backmsg = handle  # type: ignore[method-assign]
