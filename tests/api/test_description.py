"""The description of the API: nothing is untyped, everything is explained, examples work."""

import json
import re

import jsonschema
from schemathesis.specs.openapi.definitions import OPENAPI_31

from tests.api.description import schemas

#: What may be described as an object without properties: names that are not ours.
PLAIN = {"string", "number", "integer", "boolean", "null", "array", "object"}


def test_the_description_is_openapi_and_refers_to_each_schema_by_name(client):
    schema = client.description.schema
    jsonschema.Draft202012Validator(OPENAPI_31).validate(schema)
    assert schema["openapi"] == "3.1.0"
    unnamed = [place for place, one in schemas(schema)
               if place.startswith("/components") and "properties" in one]  # fmt: skip
    assert unnamed == []
    # Words of Pydantic that stay where it finds no word of JSON Schema say nothing to a client.
    assert re.search(r'"(ge|gt|le|lt)": [-\d]', json.dumps(schema)) is None
    order = schema["components"]["schemas"]["BacktestRequest"]["properties"]["folds"]
    assert (order["minimum"], order["maximum"]) == (1, 20)


def test_no_schema_is_empty(client):
    by_name = dict(schemas(client.description.schema))
    assert len(by_name) > 300
    empty = [
        place for place, schema in by_name.items()
        if not {"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"} & schema.keys()
    ]  # fmt: skip
    assert empty == []
    loose = [
        place for place, schema in by_name.items()
        if schema.get("type") == "object"
        and not {"properties", "additionalProperties"} & schema.keys()
    ]  # fmt: skip
    assert loose == []


def test_every_key_of_every_answer_is_explained_or_an_object(client):
    components = client.description.schema["components"]["schemas"]
    answers = {name: one for name, one in components.items() if name.endswith("Json")}
    assert len(answers) > 35
    silent = [
        f"{name}.{key}"
        for name, one in answers.items()
        for key, schema in one["properties"].items()
        if "description" not in schema and "$ref" not in schema
        and "$ref" not in schema.get("items", {})
    ]  # fmt: skip
    assert [one for one in silent if not one.startswith(("FoldJson", "CandleJson"))] == []
    assert all("description" in one for one in answers.values())


def test_every_operation_has_words_tags_and_typed_answers(client):
    operations = list(client.description.operations())
    assert len(operations) >= 10
    for method, path, operation in operations:
        assert operation["summary"], path
        assert operation["tags"], path
        assert operation["operationId"], path
        for status, answer in operation["responses"].items():
            kinds = {"200", "202"} if path != "/predict" else {"200"}
            if status in kinds and "text/event-stream" not in answer["content"]:
                (schema,) = [each["schema"] for each in answer["content"].values()]
                assert schema, (method, path)


def test_every_parameter_is_explained_and_bounded(client):
    for _, path, operation in client.description.operations():
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (path, parameter["name"])
            schema = parameter["schema"]
            bounds = {"examples", "enum", "default"} & {*schema, *parameter}
            assert bounds or parameter["in"] == "header", (path, parameter["name"])


def test_every_key_of_every_answer_and_body_has_an_example(client):
    components = client.description.schema["components"]["schemas"]
    bare = [
        f"{name}.{key}"
        for name, one in components.items()
        for key, schema in one.get("properties", {}).items()
        if any(each.get("type") in ("string", "integer", "number") for each in _kinds(schema))
        and not {"examples", "enum", "const", "default"}
        & {word for each in (schema, *_kinds(schema)) for word in each}
    ]
    assert bare == []


def _kinds(schema):
    """Return what a value may be, one by one."""
    return schema.get("anyOf", [schema])


def test_examples_of_bodies_are_answered(client):
    from cryptoforecast.api import series

    for name, example in series.EXAMPLES.items():
        model = "btc-1h-lstm-close" if name == "closes" else "naive"
        answer = client.post(f"/models/{model}/forecast", example["value"])
        assert answer.status_code == 200
        assert [one["problem"] for one in answer.json()["series"]] == [None] * len(
            example["value"]["series"]
        )


def test_the_page_of_the_documentation_needs_no_other_host(client):
    page = client.plain.get("/api/v1/docs").text
    assert "//" not in page.replace("<!DOCTYPE html>", "")
    for file, least in (("swagger-ui-bundle.js", 1_000_000), ("swagger-ui.css", 100_000)):
        answer = client.plain.get(f"/api/v1/docs/{file}")
        assert len(answer.text) > least
        assert "max-age" in answer.headers["cache-control"]
    assert client.plain.get("/api/v1/docs/start.js").status_code == 200
    assert client.plain.get("/api/v1/docs/other.js").status_code == 404
