"""Serves the dashboard and the REST API from one process.

``streamlit run app.py`` and ``uvicorn app:app`` import this file and serve ``app``. When Streamlit
runs it as a plain script, its older way, it draws the dashboard alone.
"""

import streamlit as st
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cryptoforecast.settings import PACKAGE, ROOT

if get_script_run_ctx(suppress_warning=True) is None:  # imported by the server
    from cryptoforecast import api
    from cryptoforecast.server import front, log, preload, process

    settings = preload.read_settings()
    process.set_up()  # before anything large is loaded
    log.set_up()
    predict, rest = api.Predict(preload.service), api.Rest(preload.service)
    before = front.Front(settings, st.get_option, {"/predict": predict})
    # The script is not app.py itself: `pages/` lies beside app.py, and Streamlit would then serve
    # a deep link in its older multipage mode. `streamlit run` finds the literal `st.App(`.
    app = st.App(
        PACKAGE / "ui" / "main.py",
        routes=[
            # Replaces Streamlit's icon until a page has named its own, see `shell`.
            Route("/favicon.png", lambda _: FileResponse(ROOT / ".streamlit" / "icon.png")),
            Route(
                "/fonts/Inter.woff2", lambda _: FileResponse(ROOT / ".streamlit" / "Inter.woff2")
            ),
            Route("/style.css", lambda _: FileResponse(PACKAGE / "ui" / "style.css")),
            *(Route(path, rest) for path in api.PATHS),
            Mount("/api", app=rest),
        ],
        middleware=before.middleware,
        lifespan=before.lifespan,
    )
else:
    from cryptoforecast.ui import shell

    shell.run()
