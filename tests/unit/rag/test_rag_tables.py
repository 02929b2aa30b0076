from __future__ import annotations

import pytest

from rag import tables
from rag.passage import Passage

ACTIVITIES = """name,what,where,when,cost,notes
Dawn Stretch,Gentle stretching,Maple Green,"Tuesdays and Saturdays, 8 am",Free,
Paddle Basics,"Canoeing,
for first-timers",North Wharf,Fridays,$90 for 4,Bring a hat.
"""
RESOURCES = """title,type,url,steps,minutes,intensity,position,caution,source
Seated march,Exercise,,Lift one knee at a time.,5,Light,Seated,Keep hold of the chair.,A handbook
Morning yoga,Video,https://example.org/yoga,,20,Moderate,,,
Wall press,exercise,,Push away from the wall.,,,,,
"""


def passages(text: str) -> list[Passage]:
    return [record for _, record in tables.read(text) if isinstance(record, Passage)]


def problems(text: str) -> list[tuple[int, str]]:
    return [(line, record) for line, record in tables.read(text) if isinstance(record, str)]


def test_activities_are_numbered_by_row_and_say_where_when_and_what_it_costs() -> None:
    first, second = passages(ACTIVITIES)
    assert (first.id, first.collection, first.title) == ("activity-001", "activities", "Dawn Stretch")
    assert first.text == "Gentle stretching\nWhere: Maple Green\nWhen: Tuesdays and Saturdays, 8 am\nCost: Free"
    assert first.metadata == {
        "number": 1,
        "where": "Maple Green",
        "when": "Tuesdays and Saturdays, 8 am",
        "cost": "Free",
        "cost_kind": "free",
        "cost_value": 0.0,
        "visit_cost": 0.0,
        "intensity": ("light",),
        "time": ("morning",),
        "attendance": ("in-person",),
        "activity_type": ("stretch",),
        "days": ("tuesday", "saturday"),
    }
    assert second.id == "activity-002"
    assert second.text.startswith("Canoeing, for first-timers\n")
    assert second.metadata["notes"] == "Bring a hat."


def test_resources_are_numbered_within_their_type() -> None:
    assert [passage.id for passage in passages(RESOURCES)] == [
        "home-exercise-001",
        "home-video-001",
        "home-exercise-002",
    ]


def test_what_resources_are_filtered_by_is_evenly_spelled_and_typed() -> None:
    assert passages(RESOURCES)[0].metadata == {
        "type": "exercise",
        "minutes": 5,
        "intensity": "light",
        "position": "seated",
        "caution": "Keep hold of the chair.",
        "source": ("A handbook",),
        "number": 1,
        "activity_type": ("chair",),
        "media": ("exercise",),
    }


def test_a_resource_quotes_its_caution_and_not_its_source() -> None:
    text = passages(RESOURCES)[0].text
    assert text.startswith("Lift one knee at a time.\n")
    assert text.endswith("\nCaution: Keep hold of the chair.")
    assert "handbook" not in text


def test_a_broken_row_is_named_with_the_line_it_starts_on_and_keeps_its_number() -> None:
    text = ACTIVITIES + "No Place,Walking,,Mondays,Free,\nLast One,Walking,The pier,Mondays,Free,\n"
    assert problems(text) == [(5, "the record has no where")]
    assert [passage.id for passage in passages(text)] == ["activity-001", "activity-002", "activity-004"]


def test_the_first_row_is_on_line_2() -> None:
    assert problems(ACTIVITIES.replace("Dawn Stretch", "")) == [(2, "the record has no name")]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("Squats,exercise,,Sit and stand.,ten,,,,", "whole number"),
        ("Squats,exercise,,Sit, and stand.,10,,,,", "10 values"),
        ("Squats,exercise,,,10,,,,", "neither steps nor a url"),
        ("Squats,,,Sit and stand.,10,,,,", "no type"),
        ('"Squats,exercise,,Sit and stand.,10,,,,', "quote"),
    ],
)
def test_a_resource_that_cannot_be_read_says_what_to_mend(row: str, says: str) -> None:
    [(line, reason)] = problems(RESOURCES + row + "\n")
    assert line == 5
    assert says in reason
    assert len(passages(RESOURCES + row + "\n")) == 3


def test_a_missing_column_is_named() -> None:
    text = ACTIVITIES.replace(",cost,notes", ",price,notes")
    assert tables.recognises(text)
    assert problems(text) == [(1, "the header has no column cost")]


@pytest.mark.parametrize("text", ["", "year,name\n1999,x\n", "What a day, where we, when it\n", "---\nid: x\n---\n"])
def test_other_texts_are_not_taken_for_tables(text: str) -> None:
    assert not tables.recognises(text)


def test_a_quote_that_is_never_closed_loses_its_own_row_only() -> None:
    text = ACTIVITIES + '"Open Quote,Walking,The pier,Mondays,Free,\n"Fine, Thanks",Walking,The pier,Mondays,Free,\n'
    [(line, reason)] = problems(text)
    assert line == 5
    assert "quote" in reason
    assert [passage.title for passage in passages(text)] == ["Dawn Stretch", "Paddle Basics", "Fine, Thanks"]
    assert passages(text)[-1].id == "activity-004"


def test_a_quote_that_another_rows_inch_sign_closes_loses_its_own_row_only() -> None:
    text = ACTIVITIES + 'Broken,"Walking,The pier,Mondays,Free,\nSwim,Swimming,Pool,Mondays until 12",Free,\n'
    [(line, reason)] = problems(text)
    assert line == 5
    assert "quote" in reason
    assert [passage.title for passage in passages(text)] == ["Dawn Stretch", "Paddle Basics", "Swim"]


def test_notes_sources_and_cautions_need_no_column_and_steps_or_a_url_will_do() -> None:
    [walk] = passages("name,what,where,when,cost\nPier Walk,Walking,The pier,Mondays,Free\n")
    assert walk.title == "Pier Walk"
    [video] = passages("title,type,url,minutes,intensity,position\nYoga,video,https://example.org/yoga,20,light,\n")
    assert video.metadata["url"] == "https://example.org/yoga"
