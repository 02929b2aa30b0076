import pytest

from tests.unit.web.apps import app_without_redis, every_call

CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"


def test_a_well_formed_request_id_is_given_back() -> None:
    client = app_without_redis().test_client()

    for given in ("a", "Trace-1.2_3", "x" * 64):
        assert client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\nSet-Cookie: x", "é", "<script>", "a/b", "id\n"])
def test_any_other_request_id_is_replaced(given: str) -> None:
    client = app_without_redis().test_client()

    answers = [client.get("/livez", environ_overrides={"HTTP_X_REQUEST_ID": given}) for _ in range(2)]

    ids = [answer.headers.get("X-Request-ID", "") for answer in answers]
    assert given not in ids
    assert all(ids)
    assert ids[0] != ids[1]


def test_an_error_names_the_request_id_of_its_header() -> None:
    answer = app_without_redis().test_client().get("/jobs/x", headers={"X-Request-ID": "mine"})

    assert answer.json and answer.json["request_id"] == answer.headers["X-Request-ID"] == "mine"


def test_every_answer_is_safe_to_show_and_is_not_kept() -> None:
    app = app_without_redis()
    calls = [(method, path) for _, method, path in every_call(app)]
    calls += [("GET", "/nothing-here"), ("PATCH", "/sessions"), ("OPTIONS", "/sessions"), ("HEAD", "/livez")]
    calls += [("GET", "/docs"), ("GET", "/docs/swagger-ui.css"), ("GET", "/static/chat.js"), ("GET", "/openapi.json")]

    for method, path in calls:
        headers = app.test_client().open(path, method=method).headers
        where = f"{method} {path}"
        assert headers["Cache-Control"] == "no-store", where
        assert headers["X-Content-Type-Options"] == "nosniff", where
        assert headers["Referrer-Policy"] == "no-referrer", where
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", where
        assert headers["X-Request-ID"], where
        pages = path in {"/", "/docs/"}
        assert (headers["Content-Security-Policy"] == CONTENT_POLICY) is not pages, where
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], where
        assert "Set-Cookie" not in headers, where
