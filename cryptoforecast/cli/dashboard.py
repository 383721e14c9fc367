"""The command that opens the dashboard: Streamlit, on the app that comes with the package."""

from __future__ import annotations

import runpy
import signal
import sys

from cryptoforecast.settings import ROOT

#: Exit status of a command that Ctrl-C ended.
INTERRUPTED = 130


def serve(host: str, port: int | None) -> int:
    """Serve the dashboard until it is stopped, and return the exit status.

    This is ``streamlit run app.py`` from any folder. Streamlit finds the project's
    ``.streamlit/config.toml`` beside the script. It is run by its name, as ``python -m streamlit``
    is, because only the dashboard imports it.

    Args:
        host: The address to listen on.
        port: The port to listen on. Streamlit chooses a free one where it is ``None``.
    """
    options = [f"--server.address={host}"]
    if port is not None:
        options.append(f"--server.port={port}")
    # The server shuts down first, then hands Ctrl-C on. Streamlit would call it a failure.
    signal.signal(signal.SIGINT, lambda *_: sys.exit(INTERRUPTED))
    sys.argv = ["streamlit", "run", str(ROOT / "app.py"), *options]
    try:
        runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
