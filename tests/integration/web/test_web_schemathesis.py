"""The running application, asked what its own OpenAPI says it takes, and much that it says it does not.

schemathesis makes the requests, valid and invalid ones; every answer must be of a documented status, type and shape,
and none a 5xx. The ids are in part real ones, fresh for every request, so that more than "not found" is seen.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

import config
from store import keys
from tests.integration.web.api import HOOK, WAV, Api
from tests.unit.web.apps import app_without_redis
from web import jobs

EXAMPLES = 8  # of each kind for each operation; the whole takes less than 40 s
PLENTY = 10**6
ADMIN = "key-of-the-operator"
HELD = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
# Not held, and why: positive_data_acceptance and negative_data_rejection (what JSON Schema cannot say is refused too,
# such as a blank message; and a query parameter that nobody reads is not), ignored_auth and the stateful checks
# (test_web_access.py asks every route with other keys and other people's ids).


def _contract() -> dict[str, Any]:
    found: dict[str, Any] = app_without_redis().test_client().get("/openapi.json").get_json()
    return found


OPERATIONS = sorted(
    (method.upper(), path)
    for path, methods in _contract()["paths"].items()
    for method in methods
    if method != "parameters"
)


@pytest.fixture(scope="module")
def api(valkey: Any, tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Nothing is limited, so that a limit does not hide what is behind it."""
    folder = tmp_path_factory.mktemp("schemathesis")
    environment = {
        "REDIS_URL": valkey.url,
        "DATA_ENCRYPTION_KEYS": base64.b64encode(bytes(32)).decode(),
        "ADMIN_API_KEY": ADMIN,
        **{name: str(PLENTY) for name in ("RATE_LIMIT_SESSIONS_PER_HOUR", "RATE_LIMIT_MESSAGES_PER_HOUR")},
        **{name: str(PLENTY) for name in ("RATE_LIMIT_VOICE_PER_HOUR", "MAX_SESSIONS_PER_API_KEY")},
        "MAX_TOTAL_SESSIONS": str(PLENTY),
    }
    found = Api(config.Settings.from_env(environment, folder / "no.env"))
    found.redis.flushall()
    found.names_lead_to("93.184.216.34")
    return found


@pytest.fixture(scope="module")
def contract(api: Api) -> Any:
    """What schemathesis makes of the application's own `/openapi.json`."""
    return schemathesis.openapi.from_wsgi("/openapi.json", api.app)


def _session(api: Api) -> str:
    return api.open_session(key=ADMIN)


def _queued_job(api: Api) -> str:
    return str(api.say(_session(api), key=ADMIN).get_json()["id"])


def _finished_job(api: Api) -> str:
    job = _queued_job(api)
    hold = api.claim(job)
    hold.progress(speech=b"ID3 spoken words")
    api.commit(hold, "Walking is a good start.")
    return job


def _unconfirmed_job(api: Api) -> str:
    answer = api.record(_session(api), ("audio", WAV, "a.wav", "audio/wav"), key=ADMIN)
    hold = api.claim(str(answer.get_json()["id"]))
    hold.progress(transcript={"text": "a walk", "language": None, "confidence": 0.4, "seconds": 1.0})
    api.commit(hold, "I heard: a walk. Is that right?", confirmation_needed=True)
    return hold.job_id


def _endpoint(api: Api) -> str:
    for listed in api.get("/webhook-endpoints", key=ADMIN).get_json()["data"]:  # there may be only so many
        api.delete(f"/webhook-endpoints/{listed['id']}", key=ADMIN)
    host = f"receiver-{secrets.token_hex(4)}.example.com"  # so many are under way to one receiver, and no more
    return str(api.register(f"https://{host}/hook", key=ADMIN)["id"])


def _delivery(api: Api) -> str:
    return str(api.post(f"/webhook-endpoints/{_endpoint(api)}/test", key=ADMIN).get_json()["id"])


def _delivered(api: Api) -> str:
    delivery = _delivery(api)
    api.attempt(delivery, b"ok")
    return delivery


def _key(api: Api) -> str:
    return str(api.post("/keys", key=ADMIN, json={"name": "a client"}).get_json()["id"])


MAKE: dict[str, list[Callable[[Api], str]]] = {
    "session_id": [_session],
    "job_id": [_finished_job, _queued_job, _unconfirmed_job],
    "endpoint_id": [_endpoint],
    "delivery_id": [_delivered, _delivery],
    "key_id": [_key],
}
# A stream of a job goes on until it ends, and here is nobody to end it; test_web_events.py listens to those.
ENDLESS = ("/jobs/{job_id}/events", _queued_job)
# What is seldom hit upon by chance.
BODY: dict[str, Any] = {"audio": WAV, "url": HOOK}
FORM: dict[str, Any] = {"metadata": '{"page": "home"}', "webhook": f'{{"url": "{HOOK}"}}'}
OFTEN = st.sampled_from([True, True, True, False])


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_one_of_the_contract(
    api: Api,
    contract: Any,
    method: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "LONGEST_WAIT_SECONDS", 0.01)  # no worker: whoever waits, waits in vain
    _all_well(api)
    operation = contract[path][method]
    seen: set[int] = set()

    def ask(case: Case[Any], data: st.DataObject) -> None:
        for name in case.path_parameters or {}:
            makers = [make for make in MAKE[name] if (path, make) != ENDLESS]
            makers = [_unconfirmed_job] if path.endswith("/confirm") else makers  # refusals are easily come by
            if make := data.draw(st.sampled_from([*makers, *makers, None]), label=name):
                case.path_parameters[name] = make(api)
        if isinstance(case.body, dict):
            good = BODY | FORM if "audio" in case.body else BODY
            case.body |= {name: good[name] for name in sorted(good.keys() & case.body.keys()) if data.draw(OFTEN)}
        if case.headers:
            case.headers.pop("Authorization", None)  # a key and a token at once are refused, whatever is asked
        response = case.call(headers={"X-API-Key": ADMIN})
        seen.add(response.status_code)
        case.validate_response(response, checks=HELD)

    for mode in GenerationMode:
        if mode is GenerationMode.NEGATIVE and not (operation.body or list(operation.iter_parameters())):
            continue  # nothing can be wrong with it
        asking = given(case=operation.as_strategy(generation_mode=mode), data=st.data())(ask)
        seed(20_261_124)(settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))(asking))()
    assert seen & {200, 201, 202}, f"nothing but refusals: {sorted(seen)}"


def _all_well(api: Api) -> None:
    """What the workers would have told."""
    for queue in keys.QUEUES:
        api.services.health.saw_canary(queue)
    for name in ("qdrant", "model_api"):
        api.services.health.record(name, True)


def test_every_id_of_the_contract_is_at_times_a_real_one() -> None:
    asked = {name for _, path in OPERATIONS for name in MAKE if f"{{{name}}}" in path}
    parameters = {part[1:-1] for _, path in OPERATIONS for part in path.split("/") if part.startswith("{")}

    assert parameters == asked


def test_a_breach_of_the_contract_is_found() -> None:
    """The same checks on an application that does not do what it says."""
    app = app_without_redis()
    app.view_functions["probes.livez"] = lambda: ({"status": 5}, 200)
    operation = schemathesis.openapi.from_wsgi("/openapi.json", app)["/livez"]["GET"]
    case = operation.Case()

    with pytest.raises(FailureGroup):
        case.validate_response(case.call(), checks=HELD)
