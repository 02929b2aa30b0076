"""Posting to real receivers on loopback. The guard's exception list is what lets a test reach them."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from tests.integration.webhooks.conftest import Certificate
from tests.integration.webhooks.receivers import Behaviour, Receiver, answers, goes_on, resets, says, stays_silent
from webhooks.errors import SendError
from webhooks.guard import Guard, Target
from webhooks.send import EXCERPT_BYTES, Answer, Sender

BODY = b'{"type":"job.completed"}'
SHORT = 0.4  # seconds


def _target(receiver: Receiver, scheme: str = "http", host: str = "127.0.0.1") -> Target:
    """What the guard says when the operator has named the receiver as an exception."""
    return Guard([f"{host}:{receiver.port}"]).check(f"{scheme}://{host}:{receiver.port}/hook?a=b")


def _post(behave: Behaviour, sender: Sender, timeout: float = 15.0) -> Answer:
    with Receiver(behave) as receiver:
        return sender.post(_target(receiver), {}, BODY, timeout)


def _failure(behave: Behaviour, sender: Sender, timeout: float = 15.0) -> str:
    with pytest.raises(SendError) as failed:
        _post(behave, sender, timeout)
    return failed.value.code


def test_a_receiver_gets_the_event_over_tls_under_its_own_name(sender: Sender, certificate: Certificate) -> None:
    with Receiver(answers(200, body=b"thanks"), certificate("localhost")) as receiver:
        answer = sender.post(_target(receiver, "https", "localhost"), {"webhook-id": "msg_1"}, BODY)

    assert (answer.status, answer.excerpt, answer.retry_after) == (200, b"thanks", None)
    assert 0 <= answer.latency_ms < 15_000
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hook?a=b HTTP/1.1"
    assert {f"Host: localhost:{receiver.port}", "webhook-id: msg_1", "Content-Type: application/json"} <= set(lines)
    assert body == BODY
    assert receiver.server_names == ["localhost"]


def test_the_name_of_the_url_is_never_resolved_again(
    sender: Sender, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    original = socket.getaddrinfo

    def noted(host: object, *rest: object, **more: object) -> object:
        asked.append(host)
        return original(host, *rest, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    with Receiver(answers(204), certificate("hooks.example.com")) as receiver:
        target = Target("https", "hooks.example.com", receiver.port, "/", "127.0.0.1")
        assert sender.post(target, {}, BODY).status == 204

    assert f"Host: hooks.example.com:{receiver.port}".encode() in receiver.requests[0]
    assert receiver.server_names == ["hooks.example.com"]
    assert set(asked) == {"127.0.0.1"}


@pytest.mark.parametrize("status", [200, 201, 204, 400, 404, 410, 429, 500, 503])
def test_every_status_is_told(sender: Sender, status: int) -> None:
    assert _post(answers(status), sender).status == status


def test_the_wait_that_a_receiver_asks_for_is_told(sender: Sender) -> None:
    assert _post(answers(503, "retry-AFTER: 120"), sender).retry_after == 120.0
    assert _post(answers(503), sender).retry_after is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(sender: Sender, status: int) -> None:
    with Receiver(answers(200)) as inside:
        location = f"Location: http://127.0.0.1:{inside.port}/"
        assert _post(answers(status, location), sender).status == status

    assert inside.connections == 0


def test_proxies_of_the_environment_are_not_used(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver(answers(502)) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert _post(answers(200), sender).status == 200

    assert proxy.connections == 0


def test_every_attempt_has_its_own_connection_and_brings_no_cookie(sender: Sender) -> None:
    with Receiver(answers(200, "Set-Cookie: id=1|Connection: keep-alive")) as receiver:
        for _ in range(2):
            sender.post(_target(receiver), {}, BODY)

    assert receiver.connections == 2
    assert b"Connection: close" in receiver.requests[1]
    assert b"ookie" not in receiver.requests[1]


def test_ten_megabytes_are_cut_and_the_status_counts(sender: Sender) -> None:
    answer = _post(answers(200, body=b"x" * 10_000_000), sender)

    assert (answer.status, answer.excerpt) == (200, b"x" * EXCERPT_BYTES)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 60_000 + b"\r\n\r\n",
    ],
)
def test_a_body_without_end_is_cut_and_the_status_counts(sender: Sender, start: bytes) -> None:
    assert _post(goes_on(start, b"x" * 1000), sender).status == 200


def test_nothing_is_decompressed(sender: Sender) -> None:
    answer = _post(answers(200, "Content-Encoding: gzip", b"not gzip"), sender)

    assert answer.excerpt == b"not gzip"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 1000),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
        (b"", b"x" * 1000),
    ],
)
def test_headers_without_end_are_cut(sender: Sender, start: bytes, piece: bytes) -> None:
    assert _failure(goes_on(start, piece), sender) == "too_large"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    ],
    ids=["headers", "informational", "body", "chunks", "body without length"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_drip_ends_with_the_time_of_the_whole_attempt(
    sender: Sender, certificate: Certificate, scheme: str, start: bytes, piece: bytes
) -> None:
    tls = certificate("localhost") if scheme == "https" else None
    with (
        Receiver(goes_on(start, piece, pause=0.05), tls) as receiver,
        pytest.raises(SendError, match="timeout"),
    ):
        sender.post(_target(receiver, scheme, "localhost"), {}, BODY, SHORT)


def test_silence_ends_with_the_time_of_the_whole_attempt(sender: Sender) -> None:
    assert _failure(stays_silent, sender, SHORT) == "timeout"


def test_a_handshake_that_never_ends_is_given_up(sender: Sender) -> None:
    with (
        # The start of a TLS record of 16 kB, which then comes byte by byte.
        Receiver(goes_on(b"\x16\x03\x03\x40\x00", b"\x02", pause=0.05), reads=False) as receiver,
        pytest.raises(SendError, match="timeout"),
    ):
        sender.post(_target(receiver, "https", "localhost"), {}, BODY, SHORT)


def test_a_receiver_that_does_not_read_is_given_up(sender: Sender) -> None:
    with Receiver(stays_silent, reads=False) as receiver, pytest.raises(SendError, match="timeout"):
        sender.post(_target(receiver), {}, b"x" * 30_000_000, SHORT)


def test_no_time_left_means_no_connection(sender: Sender) -> None:
    with Receiver(answers(200)) as receiver, pytest.raises(SendError, match="timeout"):
        sender.post(_target(receiver), {}, BODY, 0.0)

    assert receiver.connections == 0


def test_nobody_listening_is_told(sender: Sender) -> None:
    with Receiver(answers(200)) as receiver:
        target = _target(receiver)

    with pytest.raises(SendError, match="connect"):
        sender.post(target, {}, BODY)


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (says(b""), "protocol"),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n"), "protocol"),
        (says(b"+OK\r\n"), "protocol"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), "protocol"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "protocol"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), "protocol"),
        (says(b"HTTP/1.1 200 OK\r\nX\x00: y\r\n\r\n"), "protocol"),
        (says(b"HTTP/1.1 2000 OK\r\n\r\n"), "protocol"),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffffffff\r\n"), "protocol"),
        (resets, "reset"),
    ],
)
def test_what_is_no_http_answer_is_told(sender: Sender, behave: Behaviour, code: str) -> None:
    assert _failure(behave, sender) == code


def test_switching_protocols_is_no_success(sender: Sender) -> None:
    answer = says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")

    with pytest.raises(SendError, match="protocol"):
        _post(answer, sender)


def _tls_failure(sender: Sender, tls: ssl.SSLContext | None) -> str:
    with Receiver(answers(200), tls) as receiver, pytest.raises(SendError) as failed:
        sender.post(_target(receiver, "https", "localhost"), {}, BODY)
    assert receiver.requests == []
    return failed.value.code


def test_a_certificate_for_another_name_is_refused(sender: Sender, certificate: Certificate) -> None:
    assert _tls_failure(sender, certificate("elsewhere.example.com")) == "tls"


def test_a_certificate_for_the_address_alone_is_refused(sender: Sender, certificate: Certificate) -> None:
    assert _tls_failure(sender, certificate("127.0.0.1")) == "tls"


def test_an_expired_certificate_is_refused(sender: Sender, certificate: Certificate) -> None:
    past = datetime.now(UTC) - timedelta(days=1)

    assert _tls_failure(sender, certificate("localhost", not_after=past)) == "tls"


def test_an_unknown_authority_is_refused(sender: Sender, certificate: Certificate) -> None:
    assert _tls_failure(sender, certificate("localhost", ca=trustme.CA())) == "tls"


def test_an_authority_that_is_not_named_is_refused(certificate: Certificate) -> None:
    assert _tls_failure(Sender(), certificate("localhost")) == "tls"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # deprecated, which is why
def test_tls_below_1_2_is_refused(sender: Sender, certificate: Certificate) -> None:
    old = certificate("localhost")
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1

    assert _tls_failure(sender, old) == "tls"


def test_a_plain_receiver_at_an_https_url_is_refused(sender: Sender) -> None:
    with Receiver(says(b"HTTP/1.1 200 OK\r\n\r\n"), reads=False) as receiver, pytest.raises(SendError, match="tls"):
        sender.post(_target(receiver, "https", "localhost"), {}, BODY)
