"""CryptoForecast: the dashboard and its REST API, as one app.

``streamlit run app.py`` and ``uvicorn app:app`` import it and serve ``app``; where it is run as a
plain script (Streamlit's older way), it draws the dashboard alone.
"""

import streamlit as st
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cryptoforecast.settings import PACKAGE, ROOT

if get_script_run_ctx(suppress_warning=True) is None:  # imported by the server
    from cryptoforecast import api
    from cryptoforecast.server import preload, process

    process.set_up()  # before anything large is loaded
    # Not app.py itself: with `pages/` beside the script, Streamlit would serve its older
    # multipage mode on a deep link. The literal `st.App(` is how `streamlit run` finds this.
    app = st.App(
        PACKAGE / "ui" / "main.py",
        routes=[
            # In place of Streamlit's own. Named on a page, it would be looked at with Pillow and
            # sent at every run; an icon by name would be fetched from its maker's server.
            Route("/favicon.png", lambda _: FileResponse(ROOT / ".streamlit" / "icon.png")),
            Route("/predict", api.Predict(preload.service), methods=["POST"]),
            Mount("/api", app=api.Rest(preload.service)),
        ],
        lifespan=preload.lifespan,
    )
else:
    from cryptoforecast.ui import shell

    shell.run()
