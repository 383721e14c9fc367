"""A client that is made from the description of a running API: it type-checks, and it works.

The generator goes into an environment of its own; the client is written into a new folder:

    python -m venv /tmp/generator
    /tmp/generator/bin/pip install openapi-python-client mypy ruff
    python -m cryptoforecast serve &
    python -m benchmarks.generated_client http://127.0.0.1:8000 /tmp/generator /tmp/client

The generator, also in its newest release 0.29.1, imports a function named `quote`, which a
parameter of the same name would hide. One word of its template for endpoints is replaced: it takes
templates of one's own. Clientele 2.3, another generator, needs no such change, but its client of
a route that has two kinds of answer does not type-check.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

#: The template of an endpoint.
ENDPOINT = "endpoint_module.py.jinja"
#: What is called with the client, in a process of its own.
CALLS = """
import sys
from crypto_forecast_client import Client
from crypto_forecast_client.api.forecasts import forecast, forecast_series, predict
from crypto_forecast_client.api.models import model, models
from crypto_forecast_client.models import ForecastRequest, Series

client = Client(base_url=sys.argv[1], timeout=60)
names = [card.name for card in models.sync(client=client).models]
card = model.sync(names[-1], client=client)
print("card", card.name, card.version[:15], card.verdict)
made = forecast.sync(names[-1], client=client, coin="ETH", above=[4000.0])
print("forecast", made.predictor, made.steps[0].median, made.verdict.sentence)
closes = [61_000 + 25.5 * (7 * i % 11) for i in range(60)]
body = ForecastRequest(series=[Series(id="mine", closes=closes), Series(id="none")])
sent = forecast_series.sync("btc-1h-lstm-close", client=client, body=body)
print("series", [one.problem.detail if one.problem else "answered" for one in sent.series])
print("problem", model.sync("none", client=client).detail)
"""


def main(address: str, environment: Path, target: Path) -> None:
    """Make the client, check its types, and call the server with it."""
    bin = environment / "bin"
    target.mkdir(parents=True)
    (description := target / "openapi.json").write_bytes(
        urlopen(f"{address}/api/v1/openapi.json").read()
    )
    (own,) = environment.glob(
        f"lib/python*/site-packages/openapi_python_client/templates/{ENDPOINT}"
    )
    text = own.read_text("utf-8").replace("import quote", "import quote as _quote")
    (templates := target / "templates").mkdir()
    (templates / ENDPOINT).write_text(text.replace("=quote(", "=_quote("), "utf-8")
    client = target / "client"
    _run(bin / "openapi-python-client", "generate", "--path", description,
         "--output-path", client, "--custom-template-path", templates)  # fmt: skip
    count = len(json.loads(description.read_text("utf-8"))["paths"])
    print(f"made of {count} paths, {len(list(client.rglob('*.py')))} modules")
    _run(bin / "mypy", "--strict", client / "crypto_forecast_client")
    subprocess.run([bin / "python", "-c", CALLS, address], cwd=client, check=True)


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
