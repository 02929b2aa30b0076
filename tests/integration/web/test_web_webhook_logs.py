"""A receiver's URL may hold a token, and a secret is one: neither is ever in the log."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from config import Settings
from tests.integration.web.api import EMERGENCY, HOOK, WAV, Api

PLANTED = "tulip-lighthouse-marzipan"
URL = f"{HOOK}?token={PLANTED}"
BLOCKED = f"https://127.0.0.1/{PLANTED}"


def test_no_line_tells_a_url_a_description_an_answer_or_a_secret(
    settings: Settings, redis: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api = Api(settings)
    api.names_lead_to("10.0.0.1")
    endpoint = api.register(URL, description=PLANTED)
    path = f"/webhook-endpoints/{endpoint['id']}"
    secrets = [endpoint["secret"], api.post(f"{path}/rotate-secret").get_json()["secret"]]
    signing = "/webhook-endpoints/signing-secret"
    secrets += [api.get(signing).get_json()["secret"], api.post(f"{signing}/rotate-secret").get_json()["secret"]]
    api.request("PATCH", path, json={"url": BLOCKED, "description": PLANTED})
    api.request("PATCH", path, json={"url": URL, PLANTED: PLANTED})
    api.post("/webhook-endpoints", json={"url": BLOCKED})
    api.post("/webhook-endpoints", json={"url": f"https://{PLANTED}.example.com/"})
    api.post("/webhook-endpoints", json={"url": URL, "events": [PLANTED]})
    session = api.open_session()
    for url in (URL, BLOCKED):
        api.say(session, EMERGENCY, json={"webhook": {"url": url}})
        api.say(session, json={"webhook": {"url": url}})
        api.record(session, ("audio", WAV, "a.wav", "audio/wav"), form={"webhook": f'{{"url": "{url}"}}'})
    sample = api.post(f"{path}/test").get_json()["id"]
    api.attempt(sample, PLANTED.encode())
    api.get(f"/deliveries/{sample}")
    api.post(f"/deliveries/{sample}/replay")

    lines = "\n".join(repr(vars(record)) for record in caplog.records)

    events = [record.getMessage() for record in caplog.records]
    assert (events.count("webhook.url_blocked"), events.count("http.request")) == (5, 19)
    assert PLANTED not in lines
    assert not [secret for secret in secrets if secret.removeprefix("whsec_") in lines]
    assert "93.184.216.34" not in lines
