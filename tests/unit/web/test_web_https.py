from typing import Any

import pytest
from flask import request
from werkzeug.test import TestResponse

from tests.unit.web.apps import app_without_redis, every_call

HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "coach.example.org", "X-Forwarded-For": "192.0.2.7"}
HSTS = "Strict-Transport-Security"
PAGES = {"pages.chat", "pages.docs", "static"}
PROBES = {"probes.livez", "probes.readyz"}


def _ask(path: str, method: str = "GET", *, proxies: str = "1", force: str = "true", **more: Any) -> TestResponse:
    app = app_without_redis(FORCE_HTTPS=force, TRUSTED_PROXIES=proxies)
    return app.test_client().open(path, method=method, **more)


@pytest.mark.parametrize("path", ["/", "/docs/", "/static/chat.js", "/docs/swagger-ui.css"])
def test_a_page_asked_for_over_http_is_at_https(path: str) -> None:
    answer = _ask(f"{path}?a=1&b=%26")

    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://localhost{path}?a=1&b=%26"
    assert HSTS not in answer.headers, "RFC 6797: not over http"


def test_every_other_call_over_http_is_refused_before_its_key_is_looked_at() -> None:
    app = app_without_redis(FORCE_HTTPS="true", TRUSTED_PROXIES="1")
    refused = set()
    for endpoint, method, path in every_call(app):
        answer = app.test_client().open(path, method=method, headers={"X-API-Key": "a-key"})
        if endpoint in PAGES | PROBES:
            assert answer.status_code in {200, 308, 503}
        else:
            assert (answer.status_code, answer.get_json()["code"]) == (403, "https_required"), path
            assert "Location" not in answer.headers
            refused.add(endpoint)

    assert {"sessions.open_session", "messages.post_message", "probes.healthz", "pages.openapi"} <= refused


def test_probes_are_answered_over_http() -> None:
    assert _ask("/livez").status_code == 200
    assert _ask("/readyz").get_json() == {"status": "unavailable"}


def test_over_https_all_is_as_ever_and_browsers_are_told_to_remember() -> None:
    for path in ("/", "/livez", "/jobs/x", "/nothing-here"):
        answer = _ask(path, headers=HTTPS)
        assert answer.status_code in {200, 401, 404}
        assert answer.headers[HSTS] == "max-age=31536000"


def test_nobody_but_a_trusted_proxy_says_that_it_was_https() -> None:
    for headers in (HTTPS, {**HTTPS, "X-Forwarded-Ssl": "on", "Front-End-Https": "on", "Forwarded": "proto=https"}):
        answer = _ask("/sessions", "POST", proxies="0", headers=headers)
        assert answer.get_json()["code"] == "https_required"
        assert HSTS not in answer.headers
    for headers in ({"X-Forwarded-Ssl": "on"}, {"Forwarded": "proto=https"}, {"X-Forwarded-Scheme": "https"}):
        assert _ask("/sessions", "POST", headers=headers).get_json()["code"] == "https_required"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "secure"),
    [
        ("https", "1", True),
        ("https, http", "1", False),
        ("http, https", "1", True),
        ("https, http, http", "2", False),
        ("http, https, http", "2", True),
        ("https", "2", False),
        ("HTTPS-ish", "1", False),
        ("", "1", False),
    ],
)
def test_only_as_many_proxies_are_believed_as_there_are(forwarded: str, proxies: str, secure: bool) -> None:
    answer = _ask("/livez", proxies=proxies, headers={"X-Forwarded-Proto": forwarded})

    assert (HSTS in answer.headers) is secure


def test_a_refused_emergency_still_carries_the_help() -> None:
    body = {"text": "I have crushing chest pain and I cannot breathe"}

    answer = _ask("/sessions/x/messages", "POST", json=body)

    assert (answer.status_code, answer.get_json()["safety"]["category"]) == (403, "emergency")


def test_without_the_variable_http_is_answered_and_nothing_is_to_be_remembered() -> None:
    for headers in ({}, HTTPS):
        answer = _ask("/", force="false", headers=headers)
        assert (answer.status_code, HSTS in answer.headers) == (200, False)


@pytest.mark.parametrize(
    ("proxies", "expected"), [("0", "127.0.0.1"), ("1", "203.0.113.9"), ("2", "198.51.100.1"), ("3", "127.0.0.1")]
)
def test_the_address_of_a_client_is_what_the_outermost_trusted_proxy_saw(proxies: str, expected: str) -> None:
    app = app_without_redis(TRUSTED_PROXIES=proxies)
    seen = []
    app.before_request(lambda: seen.append(request.remote_addr))
    app.test_client().get("/livez", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Real-IP": "192.0.2.1"})

    assert seen == [expected]
