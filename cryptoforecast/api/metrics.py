"""Metrics for Prometheus: how many requests there were, and how long they took."""

from __future__ import annotations

import os

from fastapi import FastAPI
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from starlette.responses import Response

from cryptoforecast.api.parameters import CHECKS
from cryptoforecast.api.responses import problems

#: The variable that names the folder in which several workers add up their metrics.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)

REQUESTS = Counter(
    "cryptoforecast_requests", "Requests by route and status.", ("method", "route", "status")
)
SECONDS = Histogram(
    "cryptoforecast_request_seconds", "Seconds of a request.", ("route",), buckets=_BUCKETS
)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count an exchange."""
    REQUESTS.labels(method if method in _METHODS else "other", route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)


def add(api: FastAPI) -> None:
    """Add the route."""

    @api.get(
        "/api/v1/metrics", tags=["service"], summary="Give the metrics of all workers",
        dependencies=CHECKS, response_class=Response,
        responses=problems(404) | {
            200: {
                "description": "metrics in the text format of Prometheus",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }
        },
    )  # fmt: skip
    async def metrics() -> Response:
        """Count requests and their seconds, by route. Only `serve` has metrics."""
        headers = {"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST}
        return Response(generate_latest(_registry()), headers=headers)


def _registry() -> CollectorRegistry:
    """Return what all workers counted, where there are several."""
    if FOLDER not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
