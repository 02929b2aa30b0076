from tests.unit.web.apps import app_without_redis, every_call
from web import auth

MISSING = "Missing API key. Provide X-API-Key header."


def test_every_route_needs_a_key_unless_it_is_listed() -> None:
    app = app_without_redis()
    guarded = [(method, path) for endpoint, method, path in every_call(app) if endpoint not in auth.PUBLIC]

    for method, path in guarded:
        answer = app.test_client().open(path, method=method)
        assert answer.status_code == 401, f"{method} {path}"
        assert answer.json and answer.json["detail"] == MISSING
        assert answer.json["code"] == "missing_api_key"
    assert ("POST", "/sessions") in guarded
    assert ("GET", "/healthz") in guarded


def test_every_listed_route_exists_and_answers_without_a_key() -> None:
    app = app_without_redis()
    open_calls = [call for call in every_call(app) if call[0] in auth.PUBLIC]

    assert {endpoint for endpoint, _, _ in open_calls} == auth.PUBLIC
    for _, method, path in open_calls:
        assert method == "GET"
        assert app.test_client().get(path).status_code != 401, path


def test_an_empty_key_is_a_missing_key() -> None:
    answer = app_without_redis().test_client().get("/jobs/x", headers={"X-API-Key": ""})

    assert answer.json and answer.json["detail"] == MISSING


def test_the_key_is_taken_from_its_header_only() -> None:
    client = app_without_redis().test_client()

    for request in (
        client.get("/jobs/x?api_key=a-key&X-API-Key=a-key"),
        client.get("/jobs/x", headers={"Authorization": "Basic YS1rZXk6"}),
        client.get("/jobs/x", headers={"Cookie": "X-API-Key=a-key"}),
    ):
        assert request.status_code == 401


def test_a_preflight_needs_no_key() -> None:
    answer = app_without_redis().test_client().options("/sessions")

    assert answer.status_code == 200
