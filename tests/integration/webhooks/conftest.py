from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from webhooks.send import Sender

Certificate = Callable[..., ssl.SSLContext]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The certificate authority that the senders of these tests trust."""
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA) -> Certificate:
    """What a receiver shows: `certificate("localhost")`; further arguments go to `trustme.CA.issue_cert`."""

    def issue(*names: str, ca: trustme.CA = authority, **details: object) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(*names, **details).configure_cert(context)  # type: ignore[arg-type]  # passed on as they are
        return context

    return issue


@pytest.fixture
def sender(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sender:
    """A sender that trusts the authority in the way an operator would tell it to: by `SSL_CERT_FILE`."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return Sender()
