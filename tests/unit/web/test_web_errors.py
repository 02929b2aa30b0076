from typing import Any

import pytest
from flask import Flask, request

from store.api_keys import ApiKey
from tests.unit.web.apps import app_without_redis, every_call
from web import auth

SHAPE = {"type", "title", "status", "code", "detail", "request_id"}


def _problem(app: Flask, method: str, path: str, **more: Any) -> dict[str, Any]:
    answer = app.test_client().open(path, method=method, **more)
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = answer.get_json()
    assert set(body) - {"errors", "safety"} == SHAPE
    assert body["status"] == answer.status_code
    assert body["type"] == "about:blank"
    return body


def test_an_unknown_address_says_where_the_routes_are_listed() -> None:
    body = _problem(app_without_redis(), "GET", "/nothing-here")

    assert (body["status"], body["code"]) == (404, "not_found")
    assert "/docs" in body["detail"]


def test_a_wrong_method_says_which_ones_there_are() -> None:
    answer = app_without_redis().test_client().put("/sessions")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.get_json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("key", ["a-key", "another"])
def test_without_redis_every_guarded_route_answers_503_and_when_to_come_back(key: str) -> None:
    app = app_without_redis()

    for endpoint, method, path in every_call(app):
        if endpoint not in auth.PUBLIC:
            body = _problem(app, method, path, headers={"X-API-Key": key})
            assert (body["status"], body["code"]) == (503, "unavailable"), path
            answer = app.test_client().open(path, method=method, headers={"X-API-Key": key})
            assert answer.headers["Retry-After"].isdecimal()


def test_a_500_says_nothing_internal() -> None:
    app = app_without_redis()
    app.view_functions["pages.chat"] = lambda: str(1 / 0)

    body = _problem(app, "GET", "/")

    assert (body["status"], body["code"]) == (500, "internal_error")
    assert "ZeroDivision" not in str(body) and "division" not in str(body)


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x"])
def test_a_body_that_is_too_large_is_called_what_it_is(content_type: str) -> None:
    app = app_without_redis(MAX_AUDIO_SIZE_MB="1")

    @app.post("/read")
    def read() -> str:
        return str(request.form or request.get_json())

    app.extensions["services"].api_keys.authenticate = lambda _: ApiKey("key_1", "a", ("jobs",))
    app.extensions["services"].addresses.blocked = lambda _: False
    body = _problem(
        app, "POST", "/read", data=b" " * 2_000_000, content_type=content_type, headers={"X-API-Key": "a-key"}
    )

    assert (body["status"], body["code"], body["detail"]) == (413, "too_large", "Request body too large.")
