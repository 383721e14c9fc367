"""Requests to a running API that are made from its description, with every answer checked.

Run it against a server that may train, so that jobs are ordered too, and that takes many requests:

    export CRYPTOFORECAST_API_POSTS=100000
    python -m cryptoforecast serve --allow-training --key 0123456789abcdef &
    python -m benchmarks.fuzz_api http://127.0.0.1:8000 --key 0123456789abcdef --examples 300

Every fourth request is whatever the description allows. The others are changed such that they can
succeed: they name models that are there, and coins of the list. All checks of schemathesis are
made. Only of the changed requests it is checked that a valid request is accepted.

With ``--phases``, schemathesis then sends what it makes in all its phases, by its own command:
examples, the ends of every bound, other methods, missing headers, and jobs followed by their links.
Two checks don't apply there. ``positive_data_acceptance``: a description cannot say which coins
there are, nor rules between parameters, such as that a model has one length of candles.
``use_after_free``: DELETE cancels a job, which can still be read, as every job that is over.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis.strategies import SearchStrategy
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Err
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import positive_data_acceptance

#: What a request may name, where the description cannot know it.
MODELS, COINS = ("naive", "drift", "cone"), ("BTC", "ETH")
#: A saved model: the others have no versions.
SAVED_MODEL = "btc-1h-dense"
#: One in so many requests is left as it is made.
UNCHANGED = 4
AnyCase = Case[Any]
SIGNAL = {"name": "mood", "time": ["2026-01-30", "2026-01-31"], "value": [0.25, -1.5], "lag": "1d"}
CLOSES = [61_000 + 25.5 * (7 * i % 11) for i in range(60)]


#: 503 is the answer where live prices can't be had, and no failure of the server.
STATUSES = ["2xx", "3xx", "4xx", "503"]
#: A saved model that can't be read stays so, and waiting does not help.
UNREADABLE = ("The saved model", "can't be read")
CONFIG = {"checks": {"not_a_server_error": {"expected-statuses": STATUSES}}}
#: Checks that don't apply to whatever the description allows.
EXCLUDED = "positive_data_acceptance,use_after_free"
#: What can't hold for requests that are left as they are: a description cannot say which coins and
#: models there are.
UNCHANGED_EXCEPT: list[CheckFunction] = [positive_data_acceptance]


def run(address: str, examples: int, key: str | None = None) -> dict[str, Counter[int]]:
    """Send requests for every operation, and check every answer.

    Args:
        address: Of the server.
        examples: Requests for each operation.
        key: A key of the server.

    Returns:
        Answers by status, for each operation.
    """
    session = requests.Session()
    if key is not None:
        session.headers["Authorization"] = f"Bearer {key}"
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json", config=config)
    counts: dict[str, Counter[int]] = {}
    for result in schema.get_all_operations():
        if isinstance(result, Err):
            raise result.err()
        operation = result.ok()
        label = f"{operation.method.upper()} {operation.path}"
        counts[label] = counter = Counter[int]()
        place = _job(session, address) if "/jobs/" in operation.path else ""

        send = functools.partial(_send, session, address, place, counter)
        _repeat(examples, operation.as_strategy(), send)
    return counts


def run_phases(address: str, examples: int, key: str) -> int:
    """Let schemathesis send what it makes in all its phases.

    Args:
        address: Of the server.
        examples: Requests for each operation, at most, where they are drawn.
        key: A key of the server.

    Returns:
        The exit status of schemathesis; 0 where every answer passed its checks.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "schemathesis.toml"
        config.write_text(
            f"request-timeout = 60\n[checks.not_a_server_error]\nexpected-statuses = {STATUSES}\n"
        )
        command: list[str | Path] = [
            Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run",
            f"{address}/api/v1/openapi.json", "-H", f"Authorization: Bearer {key}",
            "--max-examples", str(examples), "--exclude-checks", EXCLUDED,
            "--generation-deterministic",
        ]  # fmt: skip
        return subprocess.run(command, cwd=folder, check=False).returncode


def _repeat(
    examples: int, requests: SearchStrategy[AnyCase], send: Callable[[AnyCase, int], None]
) -> None:
    """Send so many requests, always the same ones."""
    numbers = itertools.count()

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(requests)
    def repeated(case: AnyCase) -> None:
        send(case, next(numbers))

    repeated()


def _send(
    session: requests.Session,
    address: str,
    job: str,
    counter: Counter[int],
    case: AnyCase,
    number: int,
) -> None:
    excluded = UNCHANGED_EXCEPT
    if number % UNCHANGED:
        _repair(case, number, job)
        excluded = []
    answer = case.call(session=session, headers=dict(session.headers), timeout=60)
    counter[answer.status_code] += 1
    check(answer)
    if answer.status_code == 202:  # makes room for the next one
        session.delete(f"{address}{answer.json()['links']['self']}", timeout=60)
    case.validate_response(answer, excluded_checks=excluded)


def check(answer: Response) -> None:
    """Check that a server may fail so, and says when to ask again where waiting helps.

    Args:
        answer: An answer of any status.

    Raises:
        RuntimeError: If it is a failure other than 503, or 503 without ``Retry-After`` although no
            saved model is the reason.
    """
    status, text = answer.status_code, answer.text
    waits = "retry-after" in answer.headers or all(part in text for part in UNREADABLE)
    if status >= 500 and not (status == 503 and waits):
        raise RuntimeError(
            "A failure must have status 503 and `Retry-After`, unless a saved model can't be read. "
            f"Received: {status}, {text:.500}"
        )


def _repair(case: AnyCase, number: int, job: str) -> None:
    """Make a request such that it can succeed."""
    path, query = case.path_parameters, case.query
    if "name" in path:
        path["name"] = MODELS[number % len(MODELS)]
        if case.path.endswith("/history"):
            path["name"] = SAVED_MODEL
    if "id" in path:
        path["id"] = job
    case.headers.pop("If-None-Match", None)
    for name in ("quote", "version", "predictor", "model", "interval", "step"):
        query.pop(name, None)
    _shorten(query)
    if "coin" in query:
        query["coin"] = COINS[number % len(COINS)]
    if "anomalies" in case.path:
        query.update({"model": "har"})
        query.pop("alarms", None)
    if query.get("prices") == "live":
        query["prices"] = "any"
    if "horizon" in query:
        query["horizon"] = 2  # each number of steps is tested anew, which takes time
    _repair_body(case.body, case.path)


def _repair_body(body: Any, path: str) -> None:
    if not isinstance(body, dict):
        return
    _shorten(body)
    if path == "/predict":
        body["prices"] = CLOSES
    for name in ("version", "predictor", "interval", "quote", "horizon"):
        body.pop(name, None)
    if path.endswith(("backtests", "trainings")):
        body.pop("model", None)
        if body.get("ablate"):
            body["ablate"] = ["return"]
        if body.get("signals"):
            body["signals"] = [SIGNAL]
        body.update({"coin": "BTC", "settings": {"network": "dense"}, "prices": "any", "days": 1})
        body.update({"save": None} if path.endswith("trainings") else {"folds": 1})
    else:
        body.pop("signals", None)  # none of the models reads any


def _shorten(body: dict[str, Any]) -> None:
    """Ask for few enough prices: the API takes at most 40 together."""
    for name in ("above", "below", "touch"):
        if isinstance(body.get(name), list):
            body[name] = body[name][:6]


def _job(session: requests.Session, address: str) -> str:
    """Order a test, and return the id of its job; any id where none can be ordered."""
    body: dict[str, Any] = {"settings": {"network": "cone"}, "days": 1}
    answer = session.post(f"{address}/api/v1/backtests", json=body, timeout=60)
    return str(answer.json().get("id", "0" * 32))


def main() -> None:
    """Run it, and print how many answers of each status every operation gave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--key")
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--phases", action="store_true", help="all phases of schemathesis too")
    args = parser.parse_args()
    for label, counter in run(args.address, args.examples, args.key).items():
        total = sum(counter.values())
        share = sum(count for status, count in counter.items() if status < 300) / total
        print(f"{label:50} {total:6} {share:6.0%}  {dict(sorted(counter.items()))}")
    if args.phases:
        sys.exit(run_phases(args.address, args.examples, args.key))


if __name__ == "__main__":
    main()
