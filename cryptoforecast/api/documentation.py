"""The documentation page: Swagger UI, whose files come with the package ``fastapi-swagger``."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from cryptoforecast.api.links import PREFIX

#: Files of the page, and their media types.
FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
#: Seconds for which a browser may use them again.
_MAX_AGE = 86_400

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>CryptoForecast: REST API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""


def add(api: FastAPI) -> None:
    """Add the page and its files."""

    async def page(_: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"Cache-Control": "no-cache"})

    async def start(_: Request) -> Response:
        return Response(_START, media_type="text/javascript")

    async def file(request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        path = distribution("fastapi-swagger").locate_file(f"fastapi_swagger/resources/{name}")
        headers = {"Cache-Control": f"public, max-age={_MAX_AGE}"}
        return FileResponse(Path(str(path)), media_type=FILES[name], headers=headers)

    api.router.routes.append(Route(f"{PREFIX}/docs", page, methods=["GET"]))
    api.router.routes.append(Route(f"{PREFIX}/docs/start.js", start, methods=["GET"]))
    for name in FILES:
        api.router.routes.append(Route(f"{PREFIX}/docs/{name}", file, methods=["GET"]))
