"""Requests as no library sends them, to a real gunicorn: two lengths, false lengths, endless bodies, odd methods."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import Settings
from local.valkey import ValkeyServer
from tests.integration.web.wire import Wire, head, serving

SESSIONS = "/sessions"
SMUGGLED = head("GET /smuggled")  # a second request, in what may be the first one's body
CHUNK = b"8000\r\n" + b" " * 0x8000 + b"\r\n"


@pytest.fixture(scope="module")
def wire(valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder: Path = tmp_path_factory.mktemp("wire")
    settings = Settings.from_env({"REDIS_URL": valkey.url}, folder / "no.env")
    with serving(settings, folder, MAX_AUDIO_SIZE_MB="1") as found:
        yield found


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
        ["Content-Length: 4", "Content-Length: 5"],
        ["Content-Length: 4", "Content-Length: 4"],
        ["Content-Length: 4, 5"],
        ["Content-Length: +4"],
        ["Content-Length: -4"],
        ["Content-Length: 0x4"],
        ["Content-Length: 4 4"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: identity", "Content-Length: 4"],
        ["Transfer-Encoding: gzip", "Content-Length: 4"],
        ["Transfer-Encoding: \x0bchunked", "Content-Length: 4"],
        ["Transfer-Encoding : chunked", "Content-Length: 4"],
        ["Content-Length : 4"],
        ["X: 1\r\n Content-Length: 4"],
        ["Transfer-Encoding: xchunked", "Content-Length: 4"],
    ],
)
def test_a_request_of_two_lengths_or_none_that_is_sure_is_refused_and_what_follows_is_not_read(
    wire: Wire, headers: list[str]
) -> None:
    answer = wire.send(head(f"POST {SESSIONS}", "Content-Type: application/json", *headers) + b"0\r\n\r\n" + SMUGGLED)

    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    body = answer.json()
    assert (body["status"], body["code"]) == (400, "bad_request")
    assert body["request_id"] == answer.headers["x-request-id"]
    assert answer.rest == b""


def test_a_transfer_coding_by_an_underscored_name_is_not_believed(wire: Wire) -> None:
    answer = wire.send(head("GET /livez", "Transfer_Encoding: chunked", "Content_Length: 90") + SMUGGLED)

    assert answer.status in {200, 400}
    assert answer.rest.startswith(b"HTTP/1.1 404") or answer.status == 400, "the second request is one of its own"


@pytest.mark.parametrize(
    "body",
    [b"zz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"2;x\r\n{}0\r\n\r\n", b"2\n{}\n0\n\n"],
)
def test_a_malformed_chunk_is_a_bad_request_and_not_an_error_of_ours(wire: Wire, body: bytes) -> None:
    start = head(f"POST {SESSIONS}", "Content-Type: application/json", "Transfer-Encoding: chunked")

    answer = wire.send(start + body + SMUGGLED)

    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"HTTP/1.1" not in answer.rest


def test_a_chunked_body_is_read_like_any_other(wire: Wire) -> None:
    start = head(
        f"POST {SESSIONS}", "Content-Type: application/json", "Transfer-Encoding: chunked", "Connection: close"
    )

    assert wire.send(start, b"2\r\n{}\r\n", b"0\r\n\r\n").status == 201
    assert wire.send(start, b'9\r\n{"x": 10}\r\n', b"0\r\n\r\n").status == 422


def test_a_body_without_end_is_refused_at_the_limit(wire: Wire) -> None:
    """Sent in chunks, so that no length is declared; 32 MB are offered, and taken only to be forgotten."""
    start = head(
        f"POST {SESSIONS}", "Content-Type: application/json", "Transfer-Encoding: chunked", "Connection: close"
    )
    answer = wire.send(start, more=(CHUNK for _ in range(1000)))

    assert (answer.status, answer.json()["code"]) == (413, "too_large")


def test_a_recording_without_end_is_refused_at_its_limit(wire: Wire) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\nRIFF\x24\x00\x00\x00WAVEfmt '
    form = "Content-Type: multipart/form-data; boundary=x"
    start = head("POST /sessions/x/voice-chat", form, "Transfer-Encoding: chunked", "Connection: close")

    answer = wire.send(start, f"{len(part):x}\r\n".encode() + part + b"\r\n", more=(CHUNK for _ in range(100)))

    assert (answer.status, answer.json()["detail"]) == (413, "Audio file too large. Maximum size: 1MB")


def test_a_length_above_the_limit_is_refused_before_anything_is_sent(wire: Wire) -> None:
    answer = wire.send(head(f"POST {SESSIONS}", "Content-Type: application/json", "Content-Length: 99999999999"))

    assert (answer.status, answer.json()["code"]) == (413, "too_large")


def test_a_wrong_key_is_refused_before_the_body_is_sent(wire: Wire) -> None:
    answer = wire.send(head(f"POST {SESSIONS}", "Content-Type: application/json", "Content-Length: 900", key="wrong"))

    assert answer.status == 401


def test_a_body_longer_than_its_length_is_cut_there(wire: Wire) -> None:
    answer = wire.send(
        head(f"POST {SESSIONS}", "Content-Type: application/json", "Content-Length: 2") + b'{}{"more": 1}'
    )

    assert answer.status == 201
    assert b"HTTP/1.1 201" not in answer.rest
    assert not answer.rest or answer.rest.startswith(b"HTTP/1.1 400")


def test_a_body_shorter_than_its_length_opens_nothing(wire: Wire) -> None:
    """The client hangs up in the middle: a bad request, if anybody still listened; and no error of ours in the log."""
    before = wire.log.read_text().count("http.unexpected")
    answer = wire.half(head(f"POST {SESSIONS}", "Content-Type: application/json", "Content-Length: 50") + b"{}")

    assert answer is None or answer.status == 400
    assert wire.log.read_text().count("http.unexpected") == before


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "TRACK", "PROPFIND", "DEBUG", "COPY"])
def test_a_method_that_no_route_takes_is_refused_in_the_shape_of_every_error(wire: Wire, method: str) -> None:
    answer = wire.send(head(f"{method} {SESSIONS}", "X-Planted: tulip-lighthouse", "Connection: close"))

    assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert b"tulip" not in answer.body


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("CONNECT example.org:443", {400, 404, 405}),
        ("TRACE *", {400, 404, 405}),
        ("get /livez", {400}),
        ("G\x00T /livez", {400}),
        ("GET http://example.org/livez", {200, 400, 404}),
        ("GET //example.org/livez", {400, 404}),
        ("GET /livez HTTP/1.1 HTTP/1.1", {400}),
        ("GET", {400}),
    ],
)
def test_an_odd_request_line_is_nothing_worse_than_a_bad_request(wire: Wire, line: str, status: set[int]) -> None:
    assert wire.send(head(line, "Connection: close")).status in status


def test_a_method_cannot_be_changed_by_a_header(wire: Wire) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert wire.send(head("GET /livez", f"{name}: DELETE", "Connection: close")).status == 200


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("GET /livez", ["X-Long: " + "x" * 9_000], 431),
        ("GET /livez", [f"X-{n}: x" for n in range(150)], 431),
        ("GET /" + "x" * 5_000, [], 414),
        ("GET /livez", ["X-API-Key : x"], 400),
        ("GET /livez", ["X Y: x"], 400),
        ("GET /livez", ["X: a\x00b"], 400),
    ],
)
def test_headers_have_a_largest_size_and_a_form(wire: Wire, line: str, headers: list[str], status: int) -> None:
    answer = wire.send(head(line, *headers, "Connection: close"))

    assert (answer.status, answer.json()["status"]) == (status, status)
    assert set(answer.json()) == {"type", "title", "status", "code", "detail", "request_id"}


@pytest.mark.parametrize(
    "path", ["/livez", SESSIONS, "/", "/docs/", "/nothing-here", "/static/chat.js", "/" + "x" * 5_000]
)
def test_no_header_tells_a_version_or_what_it_is_written_in(wire: Wire, path: str) -> None:
    headers = wire.send(head(f"GET {path}", "Connection: close")).headers

    assert headers.get("server", "gunicorn") == "gunicorn"
    assert not {"x-powered-by", "via", "x-aspnet-version"} & set(headers)


def test_nobody_is_believed_about_the_scheme_who_is_not_a_trusted_proxy(wire: Wire) -> None:
    """gunicorn by itself believes whoever asks from loopback."""
    for header in ("X-Forwarded-Proto: https", "X-Forwarded-Protocol: ssl", "X-Forwarded-Ssl: on"):
        answer = wire.send(head("GET /docs", header, "X-Forwarded-Host: evil.example", "Connection: close"))
        assert answer.headers["location"] == "http://coach.example.org/docs/"


def test_what_gunicorn_refuses_is_logged_as_json_without_what_was_sent(wire: Wire) -> None:
    answer = wire.send(head("GET /livez?q=tulip-lighthouse", "Content-Length: tulip-lighthouse"))

    lines = [json.loads(line) for line in wire.log.read_text().splitlines()]
    [line] = [line for line in lines if line.get("request_id") == answer.headers["x-request-id"]]
    assert (line["event"], line["reason"], line["status"]) == ("Input validation failed", "InvalidHeader", 400)
    assert "tulip" not in str(lines)
