from __future__ import annotations

import base64
import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from webhooks.signature import headers, new_secret, sign

BODY = json.dumps({"type": "job.completed", "data": {"text": "café"}}, ensure_ascii=False).encode()


def test_a_receiver_with_the_standard_library_accepts_it() -> None:
    secret = new_secret()

    sent = headers([secret], "msg_1", int(time.time()), BODY)

    assert Webhook(secret).verify(BODY, sent) == json.loads(BODY)


def test_the_example_of_the_specification_comes_out_the_same() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 # pragma: allowlist secret (the specification's own)

    value = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert value == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_replaced_the_old_and_the_new_one_both_verify() -> None:
    old, new = new_secret(), new_secret()

    sent = headers([new, old], "msg_1", int(time.time()), BODY)

    for secret in (old, new):
        Webhook(secret).verify(BODY, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, sent)


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({}, BODY + b" "),
        ({"webhook-id": "msg_2"}, BODY),
        ({"webhook-timestamp": str(int(time.time()) - 10)}, BODY),
    ],
)
def test_what_was_changed_on_the_way_does_not_verify(changed: dict[str, str], body: bytes) -> None:
    secret = new_secret()
    sent = headers([secret], "msg_1", int(time.time()), BODY)

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, sent | changed)


def test_an_old_attempt_played_again_does_not_verify() -> None:
    secret = new_secret()

    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(BODY, headers([secret], "msg_1", int(time.time()) - 600, BODY))


def test_secrets_are_long_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}

    assert len(made) == 100
    assert {len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) for secret in made} == {32}


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_***"], ["c2VjcmV0"], [new_secret(), "whsec_é"]])
def test_nothing_is_signed_with_a_secret_that_is_none(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="secret") as refused:
        sign(secrets, "msg_1", 0, BODY)

    assert "***" not in str(refused.value)
