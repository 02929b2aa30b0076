"""A key's sessions by the page, and one session looked at."""

from __future__ import annotations

from typing import Any

import pytest

from config import Settings
from store import keys
from tests.integration.web.api import OTHER, Api, job_id_of


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings, rate_limit_sessions_per_hour=1000)


def _page(api: Api, **query: Any) -> tuple[list[str], str | None]:
    body = api.get("/sessions", query_string=query).get_json()
    return [session["session_id"] for session in body["data"]], body["next_cursor"]


def test_a_session_tells_what_it_holds_by_now(api: Api) -> None:
    opened = api.post("/sessions", json={"metadata": {"page": "home"}}).get_json()
    session = opened["session_id"]
    assert api.get(f"/sessions/{session}").get_json() == {**opened, "state": None, "message_count": 0}

    api.say(session)
    api.finish(job_id_of(session))

    body = api.get(f"/sessions/{session}").get_json()
    assert (body["state"], body["message_count"]) == ({"layer": "planning"}, 2)
    assert body["expires_at"] > opened["expires_at"], "it was used"


def test_a_foreign_session_answers_as_an_unknown_one(api: Api) -> None:
    foreign = api.open_session(key=OTHER)

    answers = [api.get(f"/sessions/{name}") for name in (foreign, "sess_" + "0" * 32, "nonsense")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.get_json()["detail"] for answer in answers}) == 1


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_hold_every_session_once_newest_first(api: Api, limit: int) -> None:
    mine = [api.open_session() for _ in range(5)]
    api.open_session(key=OTHER)
    opened_at = {session: api.redis.hget(keys.session(session), "created_at") for session in mine}

    found, cursor = _page(api, limit=limit)
    while cursor:
        api.say(found[-1])  # a session that is used meanwhile keeps its place
        page, cursor = _page(api, limit=limit, cursor=cursor)
        found += page

    assert sorted(found) == sorted(mine)
    moments = [opened_at[session] for session in found]
    assert moments == sorted(moments, reverse=True)


def test_an_erased_session_is_not_listed(api: Api) -> None:
    first, second = api.open_session(), api.open_session()
    api.delete(f"/sessions/{first}")

    assert _page(api) == ([second], None)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x", "cursor=17:sess_1", "page=2"])
def test_a_query_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    assert api.get(f"/sessions?{query}").status_code == 422
