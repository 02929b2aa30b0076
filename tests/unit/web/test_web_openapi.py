import json
import re
from typing import Any

import pytest

from tests.unit.web.apps import app_without_redis
from web import auth

PAGES = {"pages.chat", "pages.docs", "pages.openapi", "static"}


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    found: dict[str, Any] = app_without_redis().test_client().get("/openapi.json").get_json()
    return found


def _operations(contract: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    }


def test_every_route_that_is_no_page_is_documented_with_what_it_answers(contract: dict[str, Any]) -> None:
    operations = _operations(contract)
    routes = set()
    for rule in app_without_redis().url_map.iter_rules():
        if rule.endpoint not in PAGES:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            routes |= {(method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}

    assert routes == set(operations)
    for where, operation in operations.items():
        good = {code: answer for code, answer in operation["responses"].items() if code.startswith("2")}
        assert good, where
        for code, answer in good.items():
            assert all(body["schema"] for body in answer["content"].values()), (where, code)
        assert operation["summary"], where


def test_a_key_is_declared_for_every_route_that_needs_one(contract: dict[str, Any]) -> None:
    assert contract["components"]["securitySchemes"]["ApiKey"] == {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
    }
    assert contract["security"] == [{"ApiKey": []}]
    public = {path for (_, path), operation in _operations(contract).items() if operation.get("security") == []}
    assert public == {"/" + endpoint.removeprefix("probes.") for endpoint in auth.PUBLIC if "probes." in endpoint}


def test_a_session_token_is_declared_for_every_route_that_takes_one(contract: dict[str, Any]) -> None:
    assert contract["components"]["securitySchemes"]["SessionToken"]["scheme"] == "bearer"
    declared = {
        where
        for where, operation in _operations(contract).items()
        if operation.get("security") == [{"ApiKey": []}, {"SessionToken": []}]
    }
    accepted = set()
    for rule in app_without_redis().url_map.iter_rules():
        if rule.endpoint in auth.BY_TOKEN:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            accepted |= {(method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}

    assert declared == accepted


def test_errors_are_documented_in_the_shape_they_have(contract: dict[str, Any]) -> None:
    error = contract["components"]["schemas"]["Error"]["properties"]
    answer = app_without_redis().test_client().get("/jobs/x")

    assert set(answer.get_json()) <= set(error)
    assert {"type", "title", "status", "code", "detail", "errors", "safety", "request_id"} == set(error)
    assert error["status"]["type"] == "integer"
    assert error["code"]["type"] == "string"
    for where, operation in _operations(contract).items():
        for code, documented in operation["responses"].items():
            if code.startswith("4"):
                reference = documented.get("$ref", "").rpartition("/")[2]
                content = contract["components"]["responses"][reference] if reference else documented
                assert set(content["content"]) == {"application/problem+json"}, (where, code)


def test_a_recording_is_documented_as_one_multipart_body(contract: dict[str, Any]) -> None:
    operation = contract["paths"]["/sessions/{session_id}/voice-chat"]["post"]
    body = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    fields = contract["components"]["schemas"][body["$ref"].rpartition("/")[2]]

    assert {parameter["in"] for parameter in operation["parameters"]} == {"header", "query"}
    assert fields["required"] == ["audio"]
    assert fields["properties"]["audio"] == {"type": "string", "format": "binary"}
    assert set(fields["properties"]) == {"audio", "audio_format", "metadata", "on_busy", "speak", "webhook"}


def test_every_reference_leads_somewhere(contract: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(contract)))

    assert references
    for reference in references:
        place = contract
        for step in reference.split("/"):
            assert step in place, reference
            place = place[step]


def test_every_parameter_is_of_a_kind_openapi_3_knows(contract: dict[str, Any]) -> None:
    assert contract["openapi"].startswith("3.")
    for methods in contract["paths"].values():
        operations = [value for name, value in methods.items() if name != "parameters"]
        for parameter in [*methods.get("parameters", []), *(p for o in operations for p in o.get("parameters", []))]:
            assert parameter["in"] in {"path", "query", "header", "cookie"}


HEADERS = {
    ("POST", "/sessions/{session_id}/messages"): {"Idempotency-Key", "Prefer", "Cancel-After"},
    ("POST", "/sessions/{session_id}/voice-chat"): {"Idempotency-Key", "Prefer", "Cancel-After"},
    ("POST", "/jobs/{job_id}/confirm"): {"Idempotency-Key", "Prefer", "Cancel-After"},
    ("GET", "/jobs/{job_id}"): {"Prefer"},
    ("GET", "/jobs/{job_id}/audio"): {"Range"},
    ("GET", "/jobs/{job_id}/events"): {"Last-Event-ID"},
}


def test_request_headers_are_documented_where_they_apply(contract: dict[str, Any]) -> None:
    found = {}
    for where, operation in _operations(contract).items():
        parameters = operation.get("parameters", [])
        if headers := {parameter["name"] for parameter in parameters if parameter["in"] == "header"}:
            found[where] = headers

    assert found == HEADERS


def test_every_list_is_documented_with_its_pages(contract: dict[str, Any]) -> None:
    for path in ("/jobs", "/sessions/{session_id}/messages", "/webhook-endpoints", "/deliveries"):
        operation = contract["paths"][path]["get"]
        query = {parameter["name"]: parameter["schema"] for parameter in operation["parameters"]}
        assert (query["limit"]["minimum"], query["limit"]["maximum"], query["limit"]["default"]) == (1, 100, 100)
        assert query["cursor"]["type"] == "string"
