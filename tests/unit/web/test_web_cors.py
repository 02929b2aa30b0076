import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.unit.web.apps import app_without_redis

PAGE = "https://coach.example.org"
ALLOW = "Access-Control-Allow-Origin"
EXPOSED = {
    "Location",
    "Retry-After",
    "X-Request-ID",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Idempotent-Replayed",
}


@pytest.fixture
def app() -> Flask:
    return app_without_redis(ALLOWED_ORIGINS=f"{PAGE}, http://localhost:3000,http://[::1]:3000")


def _ask(app: Flask, origin: str, path: str = "/livez") -> TestResponse:
    return app.test_client().get(path, headers={"Origin": origin})


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:3000", "http://[::1]:3000"])
def test_an_allowed_page_may_read_the_answer(app: Flask, origin: str) -> None:
    answer = _ask(app, origin)

    assert answer.headers.getlist(ALLOW) == [origin]
    assert {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")} == EXPOSED
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://coach.example.org.evil.example",
        "https://xcoach.example.org",
        "https://coachxexample.org",
        "http://coach.example.org",
        "https://coach.example.org:8443",
        "http://localhost",
        "http://localhost:30000",
        "null",
        "HTTPS://coach.example.org",
        "https://Coach.example.org",
        "*",
        "",
        "file://",
        "https://",
        f"{PAGE}/",
        f"{PAGE}:443",
        f"{PAGE}.",
        f"{PAGE}@evil.example",
        f"{PAGE}%00",
        f"{PAGE}\x00",
        f" {PAGE}",
        f"{PAGE}#",
        f"{PAGE} http://localhost:3000",
        "https://user@coach.example.org",
        "https://coach.example.org.",
        "https://a.coach.example.org",
        "https://example.org",
        "//coach.example.org",
        "coach.example.org",
        "http://[::1]",
        "http://[::1]:30000",
        "http://:1:3000",
        "http://127.0.0.1:3000",
        f"{PAGE}\n",
        f"{PAGE}, https://evil.example",
    ],
)
def test_a_near_match_may_not(app: Flask, origin: str) -> None:
    answer = app.test_client().get("/livez", environ_overrides={"HTTP_ORIGIN": origin})

    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control-")]  # noqa: SIM118


def test_no_page_may_read_anything_by_default() -> None:
    assert ALLOW not in _ask(app_without_redis(), PAGE).headers


@pytest.mark.parametrize("path", ["/jobs/x", "/nothing-here", "/static/nothing-here"])
def test_errors_can_be_read_too(app: Flask, path: str) -> None:
    answer = _ask(app, PAGE, path)

    assert answer.status_code in {401, 404}
    assert answer.headers.getlist(ALLOW) == [PAGE]
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED


def test_a_preflight_allows_the_headers_and_methods_of_the_contract(app: Flask) -> None:
    wanted = "x-api-key, content-type, idempotency-key, prefer, cancel-after, x-evil"
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}

    answer = app.test_client().options("/sessions/x/messages", headers=headers)

    assert answer.status_code == 200
    assert answer.headers[ALLOW] == PAGE
    assert set(answer.headers["Access-Control-Allow-Headers"].split(", ")) == set(wanted.split(", ")) - {"x-evil"}
    assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) == {"GET", "POST", "PATCH", "DELETE"}
    assert "Access-Control-Allow-Credentials" not in answer.headers


CONTRACT = {"Content-Type", "X-API-Key", "Authorization", "Idempotency-Key", "Prefer", "Last-Event-ID", "Cancel-After"}


def test_every_header_of_the_contract_may_be_sent_and_no_other(app: Flask) -> None:
    for name in CONTRACT | {"X-Evil", "Cookie", "X-HTTP-Method-Override", "X-Forwarded-For", "*"}:
        headers = {"Origin": PAGE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": name}
        allowed = app.test_client().options("/jobs/x", headers=headers).headers.get("Access-Control-Allow-Headers", "")
        assert (allowed == name) is (name in CONTRACT), name


@pytest.mark.parametrize("method", ["PUT", "TRACE", "CONNECT", "get", "*"])
def test_a_preflight_for_another_method_is_not_told_that_it_may(app: Flask, method: str) -> None:
    headers = {"Origin": PAGE, "Access-Control-Request-Method": method}

    answer = app.test_client().options("/sessions/x/messages", headers=headers)

    assert method not in answer.headers.get("Access-Control-Allow-Methods", "").split(", ")


def test_a_preflight_that_asks_for_the_private_network_is_not_told_that_it_may(app: Flask) -> None:
    headers = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Private-Network": "true",
    }

    allowed = app.test_client().options("/", headers=headers).headers.get("Access-Control-Allow-Private-Network")

    assert allowed in {None, "false"}


def test_a_preflight_of_another_page_allows_nothing(app: Flask) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}

    answer = app.test_client().options("/sessions/x/messages", headers=headers)

    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control-")]  # noqa: SIM118
