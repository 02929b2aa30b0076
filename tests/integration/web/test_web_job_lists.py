"""A client's own jobs, newest first, by the page; and erasing one."""

from __future__ import annotations

from typing import Any

import pytest

from config import Settings
from tests.integration.web.api import OTHER, WAV, Api, job_id_of


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _ids(api: Api, query: str = "", **more: Any) -> list[str]:
    answer = api.get(f"/jobs{query}", **more)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.get_json()["data"]]


def _pages(api: Api, path: str) -> list[list[Any]]:
    """Every page of a list, each asked for with the cursor of the one before."""
    pages, cursor = [], ""
    while True:
        body = api.get(f"{path}{cursor}").get_json()
        pages.append(body["data"])
        if body["next_cursor"] is None:
            return pages
        cursor = f"&cursor={body['next_cursor']}"


def test_without_jobs_the_list_is_empty(api: Api) -> None:
    assert api.get("/jobs").get_json() == {"data": [], "next_cursor": None}


def test_jobs_are_listed_newest_first_each_as_it_is_shown_alone(api: Api) -> None:
    one, two = api.open_session(), api.open_session()
    for session in (one, two, one):
        api.say(session)
    api.finish(job_id_of(one))

    listed = api.get("/jobs").get_json()["data"]

    assert [job["id"] for job in listed] == [job_id_of(one, 2), job_id_of(two), job_id_of(one)]
    for job in listed:
        assert job == api.get(f"/jobs/{job['id']}").get_json()


def test_a_client_sees_its_own_jobs_only(api: Api) -> None:
    mine, theirs = api.open_session(), api.open_session(key=OTHER)
    api.say(mine)
    api.say(theirs, key=OTHER)

    assert _ids(api) == [job_id_of(mine)]
    assert _ids(api, key=OTHER) == [job_id_of(theirs)]
    assert _ids(api, f"?session_id={theirs}") == []


def test_jobs_may_be_asked_for_by_session_and_status(api: Api) -> None:
    one, two = api.open_session(), api.open_session()
    for session in (one, two, one, two):
        api.say(session)
    api.finish(job_id_of(one))
    api.post(f"/jobs/{job_id_of(two)}/cancel")

    assert _ids(api, f"?session_id={two}") == [job_id_of(two, 2), job_id_of(two)]
    assert _ids(api, "?status=completed") == [job_id_of(one)]
    assert _ids(api, "?status=cancelled") == [job_id_of(two)]
    assert _ids(api, f"?status=queued&session_id={one}") == [job_id_of(one, 2)]
    assert _ids(api, "?status=expired") == []


def test_pages_follow_one_another_without_gap_or_repetition(api: Api) -> None:
    session = api.open_session()
    expected = [job_id_of(session, number) for number in range(5, 0, -1)]
    for _ in expected:
        api.say(session)

    for limit in (1, 2, 4, 5, 100):
        pages = _pages(api, f"/jobs?limit={limit}")
        assert [job["id"] for page in pages for job in page] == expected
        assert all(len(page) <= limit for page in pages)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=1)", "cursor"),
        ("cursor=-inf", "cursor"),
        ("cursor=1%0a", "cursor"),
        ("cursor=²", "cursor"),
        ("cursor=", "cursor"),
        ("status=done", "status"),
        ("colour=red", "colour"),
    ],
)
def test_a_query_that_is_not_as_expected_is_refused_by_field(api: Api, query: str, field: str) -> None:
    answer = api.get(f"/jobs?{query}")

    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")
    assert set(answer.get_json()["errors"]["query"]) == {field}


# --- erasing one -----------------------------------------------------------------------------------------------------


def test_a_finished_job_is_erased_with_its_turn_and_nothing_else(api: Api, redis: Any) -> None:
    session = api.open_session()
    for number in (1, 2):
        api.say(session, f"question {number}", headers={"Idempotency-Key": f"k{number}"})
        hold = api.claim(job_id_of(session, number))
        hold.progress(event={"type": "token", "data": {"text": "x"}}, speech=b"ID3")
        api.commit(hold, f"answer {number}")

    answer = api.delete(f"/jobs/{job_id_of(session)}")

    assert (answer.status_code, answer.get_json()) == (
        200,
        {"message": "Job erased", "erased": {"messages": 2, "events": 1, "recordings": 1, "deliveries": 0}},
    )
    assert [turn["text"] for turn in api.history(session)] == ["question 2", "answer 2"]
    assert _ids(api) == [job_id_of(session, 2)]
    for path in ("", "/events", "/audio"):
        assert api.get(f"/jobs/{job_id_of(session)}{path}").status_code == 404
        assert api.get(f"/jobs/{job_id_of(session, 2)}{path}").status_code == 200
    assert api.delete(f"/jobs/{job_id_of(session)}").status_code == 404
    assert api.say(session).status_code == 202


@pytest.mark.parametrize("at_work", [False, True])
def test_a_job_that_is_not_over_is_not_erased(api: Api, at_work: bool) -> None:
    session = api.open_session()
    api.record(session, ("audio", WAV, "a.wav", "audio/wav"))
    job = job_id_of(session)
    if at_work:
        api.claim(job)

    answer = api.delete(f"/jobs/{job}")

    assert (answer.status_code, answer.get_json()["code"]) == (409, "job_running")
    assert f"/jobs/{job}" in api.get(f"/jobs/{job}").get_json()["urls"]["self"]


def test_nobody_else_can_erase_a_job(api: Api) -> None:
    session = api.open_session()
    api.say(session)
    api.finish(job_id_of(session))

    assert api.delete(f"/jobs/{job_id_of(session)}", key=OTHER).status_code == 404
    assert len(api.history(session)) == 2


# --- what a job tells about its place, its cancel and its cost --------------------------------------------------------


def test_a_queued_job_tells_how_many_go_first(api: Api) -> None:
    session = api.open_session()
    for _ in range(3):
        api.say(session)
    api.claim(job_id_of(session))

    shown = [api.get(f"/jobs/{job_id_of(session, number)}").get_json() for number in (1, 2, 3)]

    assert [job["queue_position"] for job in shown] == [None, 1, 2]
    assert [job["eta_seconds"] for job in shown] == [None, None, None]  # nothing is known yet


def test_a_cancelled_job_tells_when_that_was_asked_for_and_at_which_stage(api: Api) -> None:
    session = api.open_session()
    api.say(session)
    hold = api.claim(job_id_of(session))
    hold.progress(stage="generating", calls=1)

    job = api.post(f"/jobs/{job_id_of(session)}/cancel").get_json()

    assert (job["status"], job["model_calls"]) == ("cancelling", 1)
    assert job["cancel"]["stage"] == "generating"
    assert job["created_at"] <= job["cancel"]["requested_at"]
    assert job["cancel"]["requested_at"].endswith("Z")


def test_a_message_may_take_the_place_of_those_before_it(api: Api) -> None:
    session = api.open_session()
    for _ in range(2):
        api.say(session)
    api.claim(job_id_of(session))

    answer = api.say(session, json={"on_busy": "cancel_previous"})

    assert answer.status_code == 202
    shown = [api.get(f"/jobs/{job_id_of(session, number)}").get_json()["status"] for number in (1, 2, 3)]
    assert shown == ["cancelling", "cancelled", "queued"]
