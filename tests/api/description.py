"""Holds answers of the API to its own description, more strictly than a client has to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema

METHODS = ("get", "post", "delete")


class Description:
    """The description of an API.

    Args:
        schema: Content of its ``openapi.json``.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self._closed = _closed(schema)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Return method, path and description of each operation."""
        for path, item in self.schema["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method, path, item[method]

    def check(self, answer: Any) -> Any:
        """Assert that an answer is what the description says; return the answer."""
        request = answer.request
        path = request.url.path
        templates = [one for one in self.schema["paths"] if _matches(one, path)]
        assert templates, path
        template = min(templates, key=lambda one: one.count("{"))
        method = request.method.lower()
        operation = self._closed["paths"][template].get("get" if method == "head" else method)
        assert operation is not None, (method, template)
        described = operation["responses"].get(str(answer.status_code))
        assert described is not None, (answer.status_code, template, answer.text[:300])
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if answer.content and kind != "text/event-stream":
            content = described["content"][kind]
            self._validate(answer.json() if "json" in kind else answer.text, content["schema"])
        return answer

    def _validate(self, value: Any, schema: dict[str, Any]) -> None:
        whole = {**schema, "components": self._closed["components"]}
        jsonschema.Draft202012Validator(whole).validate(value)


def schemas(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the schema of each property and item within a description, with its place."""
    if isinstance(node, dict):
        for name, child in node.items():
            here = f"{place}/{name}"
            if name in ("schema", "items", "additionalProperties") and isinstance(child, dict):
                yield here, child
            if name == "properties" and isinstance(child, dict):
                yield from ((f"{here}/{one}", each) for one, each in child.items())
            yield from schemas(child, here)
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from schemas(child, f"{place}/{number}")


def _matches(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) is not None


def _closed(node: Any) -> Any:
    """Return a description in which no object has keys that are not described."""
    if isinstance(node, list):
        return [_closed(child) for child in node]
    if not isinstance(node, dict):
        return node
    closed = {name: _closed(child) for name, child in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
