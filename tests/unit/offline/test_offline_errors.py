import logging

import pytest
from flask import Flask

from offline import errors


@pytest.fixture
def app() -> Flask:
    app = Flask("test")
    errors.register(app)

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("my knees ache, /secret/path")

    @app.get("/busy")
    def busy() -> str:
        raise errors.ApiError("Come back later.", status=429, kind="rate_limit", retry_after=1.5)

    return app


def test_an_unexpected_error_tells_the_caller_nothing_internal(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = app.test_client().get("/broken")
    assert response.status_code == 500
    assert response.json and response.json["error"]["type"] == "server_error"
    assert "knees" not in response.text and "secret" not in response.text
    assert [record.getMessage() for record in caplog.records] == ["offline.failed"]


def test_an_error_may_say_when_to_come_back(app: Flask) -> None:
    response = app.test_client().get("/busy")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "1.5")
    assert response.json == {
        "error": {"message": "Come back later.", "type": "rate_limit", "param": None, "code": None}
    }
