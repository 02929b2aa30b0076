"""What was sent: looked at, listed, sent once more."""

from __future__ import annotations

from typing import Any

import pytest

from config import Settings
from store import keys
from tests.integration.web.api import EMERGENCY, HOOK, OTHER, Api


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _end_a_job(api: Api, **more: Any) -> str:
    """A job that is over, with an endpoint of all events to hear of it."""
    job_id = str(api.say(api.open_session(), **more).get_json()["id"])
    api.finish(job_id)
    return job_id


def _ids(api: Api, query: str = "", **more: Any) -> list[str]:
    return [delivery["id"] for delivery in api.get(f"/deliveries{query}", **more).get_json()["data"]]


def test_a_delivery_tells_of_each_attempt(api: Api) -> None:
    endpoint, job_id = api.register(), _end_a_job(api)
    [waiting] = api.deliveries(job_id)
    assert (waiting["status"], waiting["attempts"], waiting["ended_at"]) == ("pending", [], None)
    assert waiting["next_attempt_at"] >= waiting["created_at"]

    api.attempt(waiting["id"], b"thanks \xff", status=204)
    delivery = api.get(f"/deliveries/{waiting['id']}").get_json()

    assert delivery.pop("ended_at") >= delivery["created_at"]
    assert delivery == {
        "id": waiting["id"],
        "job_id": job_id,
        "session_id": keys.session_of(job_id),
        "type": "job.completed",
        "endpoint_id": endpoint["id"],
        "status": "delivered",
        "reason": None,
        "created_at": waiting["created_at"],
        "next_attempt_at": None,
        "attempts": [
            {
                "at": "2026-09-21T14:13:20.123Z",
                "status": 204,
                "latency_ms": 17,
                "error": None,
                "answer": "thanks \ufffd",
            }
        ],
    }


def test_an_escalated_message_tells_of_both_its_events_in_order(api: Api) -> None:
    api.register()
    job_id = api.say(api.open_session(), EMERGENCY).get_json()["id"]

    assert [delivery["type"] for delivery in api.deliveries(job_id)] == ["safety.escalated", "job.completed"]


def test_a_job_nobody_hears_of_has_no_deliveries(api: Api) -> None:
    job_id = _end_a_job(api)

    assert api.get(f"/jobs/{job_id}/deliveries").get_json() == {"data": [], "next_cursor": None}
    assert api.get("/deliveries").get_json() == {"data": [], "next_cursor": None}


def test_failed_ones_can_be_listed(api: Api) -> None:
    api.register()
    failed, delivered, pending = (api.deliveries(_end_a_job(api))[0]["id"] for _ in range(3))
    api.attempt(failed, status=500, reason="exhausted")
    api.attempt(delivered)

    assert _ids(api) == [pending, delivered, failed]
    for status, expected in {"failed": failed, "delivered": delivered, "pending": pending}.items():
        assert _ids(api, f"?status={status}") == [expected]
    assert api.get("/deliveries?status=failed").get_json()["data"][0]["reason"] == "exhausted"
    assert _ids(api, key=OTHER) == []


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_hold_every_delivery_once_newest_first(api: Api, limit: int) -> None:
    api.register()
    made = [api.deliveries(_end_a_job(api))[0]["id"] for _ in range(3)]

    found, cursor = [], ""
    while cursor is not None:
        body = api.get(f"/deliveries?limit={limit}{cursor and f'&cursor={cursor}'}").get_json()
        found += [delivery["id"] for delivery in body["data"]]
        cursor = body["next_cursor"]

    assert found == made[::-1]


@pytest.mark.parametrize("query", ["limit=0", "status=lost", "cursor=x", "page=2"])
def test_a_query_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    assert api.get(f"/deliveries?{query}").status_code == 422


@pytest.mark.parametrize("reason", ["", "exhausted"])
def test_what_ended_can_be_sent_once_more_under_the_same_id(api: Api, reason: str) -> None:
    api.register()
    [delivery] = api.deliveries(_end_a_job(api))
    path = f"/deliveries/{delivery['id']}"
    api.attempt(delivery["id"], reason=reason)

    answer = api.post(f"{path}/replay")
    again = answer.get_json()

    assert (answer.status_code, answer.headers["Location"]) == (202, path)
    assert (again["id"], again["status"], again["reason"], again["ended_at"]) == (delivery["id"], "pending", None, None)
    assert len(again["attempts"]) == 1
    api.attempt(delivery["id"])
    assert len(api.get(path).get_json()["attempts"]) == 2


def test_what_is_on_its_way_is_not_sent_twice(api: Api) -> None:
    api.register()
    [delivery] = api.deliveries(_end_a_job(api))

    answer = api.post(f"/deliveries/{delivery['id']}/replay")

    assert (answer.status_code, answer.get_json()["code"]) == (409, "delivery_pending")
    assert "next_attempt_at" in answer.get_json()["detail"]


def test_an_erased_session_takes_its_deliveries_along(api: Api) -> None:
    api.register()
    job_id = _end_a_job(api, json={"webhook": {"url": HOOK}})
    delivered, undelivered = (delivery["id"] for delivery in api.deliveries(job_id))
    api.attempt(delivered, b"what the receiver said")

    api.delete(f"/sessions/{keys.session_of(job_id)}")

    assert api.get(f"/jobs/{job_id}/deliveries").status_code == 404
    for delivery in (delivered, undelivered):
        assert api.get(f"/deliveries/{delivery}").status_code == 404
        assert api.post(f"/deliveries/{delivery}/replay").status_code == 404
    assert _ids(api) == []
