"""A message or a recording says itself who is to hear of its end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from config import Settings
from tests.integration.web.api import EMERGENCY, HOOK, OTHER, WAV, Api, job_id_of
from web.webhook_targets import LOOKUP_SECONDS

NAMED = "https://hooks.example.com/rr"
PUBLIC = "93.184.216.34"
UNKNOWN = "whep_" + "0" * 32
BLOCKED = ["http://93.184.216.34/", "https://127.0.0.1/", "https://93.184.216.34:8443/", "https://printer.local/", ""]


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


@pytest.fixture
def asked(api: Api) -> list[tuple[str, float]]:
    """Each name that was looked up, and the time limit; all lead to a public address."""
    return api.names_lead_to(PUBLIC)


def _say(api: Api, webhook: Any, **more: Any) -> TestResponse:
    return api.say(api.open_session(), json={"webhook": webhook}, **more)


def _record(api: Api, webhook: Any) -> TestResponse:
    return api.record(api.open_session(), ("audio", WAV, "a.wav", "audio/wav"), form={"webhook": webhook})


def _receivers(api: Api, job_id: str) -> list[str | None]:
    """Who hears of a job's end: ids of endpoints, or None for its own URL."""
    return [delivery["endpoint_id"] for delivery in api.deliveries(job_id)]


def test_a_message_may_name_a_url(api: Api) -> None:
    job_id = _say(api, {"url": HOOK}).get_json()["id"]
    api.finish(job_id)

    assert _receivers(api, job_id) == [None]


def test_a_message_may_name_an_endpoint_which_then_hears_of_its_end_whatever_it_is(api: Api) -> None:
    endpoint = api.register(events=["job.failed"])["id"]
    job_id = _say(api, {"endpoint_id": endpoint}).get_json()["id"]
    api.finish(job_id)

    assert _receivers(api, job_id) == [endpoint]


def test_a_recording_may_name_one_as_json_in_its_form(api: Api) -> None:
    answer = _record(api, json.dumps({"url": HOOK}))
    job_id = answer.get_json()["id"]
    api.finish(job_id)

    assert answer.status_code == 202
    assert _receivers(api, job_id) == [None]


def test_a_name_is_looked_up_once_with_a_time_limit(api: Api, asked: list[tuple[str, float]]) -> None:
    assert _say(api, {"url": NAMED}).status_code == 202
    assert _record(api, json.dumps({"url": NAMED})).status_code == 202

    assert asked == [("hooks.example.com", LOOKUP_SECONDS)] * 2


@pytest.mark.parametrize(
    "webhook",
    [
        {},
        {"url": HOOK, "endpoint_id": UNKNOWN},
        {"url": HOOK, "secret": "whsec_x"},
        {"uri": HOOK},
        {"url": None},
        {"endpoint_id": "\ud800"},
        {"endpoint_id": "whep_1"},
        {"endpoint_id": UNKNOWN + "\n"},
        HOOK,
        [],
        None,
    ],
)
def test_a_webhook_is_one_url_or_one_endpoint_and_nothing_else(api: Api, webhook: Any) -> None:
    said, recorded = _say(api, webhook), _record(api, json.dumps(webhook))

    assert (said.status_code, set(said.get_json()["errors"]["json"])) == (422, {"webhook"})
    assert (recorded.status_code, set(recorded.get_json()["errors"]["files"])) == (422, {"webhook"})


@pytest.mark.parametrize("field", ["webhook", "metadata"])
def test_a_form_field_that_came_as_a_file_is_refused(api: Api, field: str) -> None:
    audio = ("audio", WAV, "a.wav", "audio/wav")

    answer = api.record(api.open_session(), audio, (field, b"{}", "a.json", "application/json"))

    assert (answer.status_code, set(answer.get_json()["errors"]["files"])) == (422, {field})


@pytest.mark.parametrize("url", BLOCKED)
def test_a_url_that_no_request_may_go_to_refuses_the_message(api: Api, url: str) -> None:
    session = api.open_session()
    said = api.say(session, json={"webhook": {"url": url}})
    recorded = api.record(session, ("audio", WAV, "a.wav", "audio/wav"), form={"webhook": json.dumps({"url": url})})

    for answer, where in ((said, "json"), (recorded, "files")):
        body = answer.get_json()
        assert (answer.status_code, body["code"]) == (422, "webhook_url_blocked")
        assert body["errors"] == {where: {"webhook": {"url": [body["detail"]]}}}
    assert api.number_of_jobs(session) == 0


def test_a_name_that_leads_into_a_private_network_refuses_the_message(api: Api) -> None:
    api.names_lead_to(PUBLIC, "10.0.0.1")

    answer = _say(api, {"url": NAMED})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "webhook_url_blocked")
    assert "10.0.0.1" not in answer.text


def test_an_endpoint_that_nothing_can_be_sent_to_refuses_the_message(api: Api) -> None:
    theirs, disabled = api.register(key=OTHER)["id"], api.register()["id"]
    api.request("PATCH", f"/webhook-endpoints/{disabled}", json={"enabled": False})

    unknown, foreign, off = (_say(api, {"endpoint_id": name}).get_json() for name in (UNKNOWN, theirs, disabled))

    assert (unknown["status"], unknown["code"]) == (422, "unknown_endpoint")
    assert {**unknown, "request_id": ""} == {**foreign, "request_id": ""}
    assert (off["status"], off["code"]) == (422, "endpoint_disabled")
    assert "PATCH /webhook-endpoints/{id}" in off["detail"]
    for body in (unknown, off):
        assert body["errors"] == {"json": {"webhook": {"endpoint_id": [body["detail"]]}}}


def test_the_same_idempotency_key_with_another_webhook_is_other_content(api: Api) -> None:
    session, headers = api.open_session(), {"Idempotency-Key": "k"}
    first = api.say(session, json={"webhook": {"url": HOOK}}, headers=headers)

    again = api.say(session, json={"webhook": {"url": HOOK}}, headers=headers)
    assert (again.get_json()["id"], again.headers["Idempotent-Replayed"]) == (first.get_json()["id"], "true")
    for more in ({}, {"webhook": {"url": f"{HOOK}?b"}}):
        assert api.say(session, json=more, headers=headers).get_json()["code"] == "idempotency_mismatch"


def test_nothing_is_looked_up_for_a_request_that_is_refused_anyway(
    settings: Settings, api: Api, asked: list[tuple[str, float]]
) -> None:
    session, webhook = api.open_session(), {"webhook": {"url": NAMED}}
    refused = [
        api.say("sess_" + "0" * 32, json=webhook),
        api.say(session, " ", json=webhook),
        api.say(session, "x" * (settings.max_message_length + 1), json=webhook),
        api.say(session, json=webhook, headers={"Cancel-After": "soon"}),
        api.say(session, json=webhook, headers={"Idempotency-Key": "k" * 300}),
        api.say(session, json=webhook, query_string={"wait": "x"}),
        api.say(session, json={**webhook, "on_busy": "shout"}),
        api.say(session, json=webhook, key="wrong"),
        api.record(session, ("audio", b"no audio", "a.wav", "audio/wav"), form={"webhook": json.dumps({"url": NAMED})}),
    ]

    assert [answer.status_code for answer in refused] == [404, 422, 422, 422, 422, 422, 422, 401, 415]
    assert asked == []


def test_nothing_is_looked_up_above_the_rate_limit(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_messages_per_hour=2, rate_limit_voice_per_hour=1)
    asked = api.names_lead_to(PUBLIC)

    said = [_say(api, {"url": NAMED}).status_code for _ in range(4)]
    recorded = [_record(api, json.dumps({"url": NAMED})).status_code for _ in range(3)]

    assert (said, recorded) == ([202, 202, 429, 429], [202, 429, 429])
    assert len(asked) == 3


def test_an_emergency_is_told_to_its_webhook_without_looking_anything_up(
    api: Api, asked: list[tuple[str, float]]
) -> None:
    endpoint = api.register(events=["job.failed"])["id"]

    for webhook, receiver in (({"url": HOOK}, None), ({"url": NAMED}, None), ({"endpoint_id": endpoint}, endpoint)):
        answer = _say(api, webhook, text=EMERGENCY)
        assert (answer.status_code, answer.get_json()["outcome"]) == (200, "escalated")
        assert _receivers(api, answer.get_json()["id"]) == [receiver, receiver]
    assert asked == []


@pytest.mark.parametrize(
    "webhook",
    [*({"url": url} for url in BLOCKED), {"endpoint_id": UNKNOWN}, {"endpoint_id": "\ud800"}, {}, None, 5, {"uri": ""}],
)
def test_an_emergency_is_never_refused_for_its_webhook(api: Api, webhook: Any) -> None:
    session = api.open_session()

    answer = api.say(session, EMERGENCY, json={"webhook": webhook})

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "escalated")
    assert _receivers(api, job_id_of(session)) == []


def test_an_emergency_is_not_told_to_the_endpoint_of_another_client(api: Api) -> None:
    theirs = api.register(key=OTHER)["id"]

    job_id = _say(api, {"endpoint_id": theirs}, text=EMERGENCY).get_json()["id"]

    assert _receivers(api, job_id) == []
    assert api.get("/deliveries", key=OTHER).get_json()["data"] == []


def test_a_message_sent_again_is_its_job_though_its_webhook_would_be_refused_by_now(api: Api) -> None:
    endpoint = api.register()
    session, once = api.open_session(), {"Idempotency-Key": "once"}
    webhook = {"webhook": {"endpoint_id": endpoint["id"]}}
    first = api.say(session, json=webhook, headers=once)
    api.request("PATCH", f"/webhook-endpoints/{endpoint['id']}", json={"enabled": False})

    again = api.say(session, json=webhook, headers=once)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.get_json()["id"] == first.get_json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.say(session, json=webhook).status_code == 422
