"""The conversation by the page."""

from __future__ import annotations

from typing import Any

import pytest

from config import Settings
from tests.integration.web.api import Api, job_id_of


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings, max_history_messages=6)


def _talk(api: Api, session: str, number: int) -> None:
    api.say(session, f"question {number}")
    api.finish(job_id_of(session, number), f"answer {number}")


def _page(api: Api, session: str, **query: Any) -> tuple[list[str], str | None]:
    body = api.get(f"/sessions/{session}/messages", query_string=query).get_json()
    return [message["text"] for message in body["data"]], body["next_cursor"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 100])
def test_pages_follow_one_another_without_gap_or_repetition(api: Api, limit: int) -> None:
    session = api.open_session()
    for number in (1, 2, 3):
        _talk(api, session, number)
    whole, _ = _page(api, session)

    texts, cursor = _page(api, session, limit=limit)
    while cursor:
        assert len(texts) % limit == 0
        page, cursor = _page(api, session, limit=limit, cursor=cursor)
        texts += page

    assert texts == whole
    assert len(whole) == 6


def test_a_page_goes_on_behind_the_last_one_though_older_messages_made_room(api: Api) -> None:
    session = api.open_session()
    for number in (1, 2, 3):
        _talk(api, session, number)
    _, cursor = _page(api, session, limit=2)
    _, early = _page(api, session, limit=1)
    _talk(api, session, 4)

    assert _page(api, session, cursor=cursor)[0][:2] == ["question 2", "answer 2"]
    _talk(api, session, 5)
    assert _page(api, session, cursor=early)[0][0] == "question 3"


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor"), ("cursor=5", "cursor"), ("page=2", "page")],
)
def test_a_query_that_is_not_as_expected_is_refused_by_field(api: Api, query: str, field: str) -> None:
    answer = api.get(f"/sessions/{api.open_session()}/messages?{query}")

    assert answer.status_code == 422
    assert set(answer.get_json()["errors"]["query"]) == {field}
