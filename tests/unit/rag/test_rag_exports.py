"""The three text exports, read from invented ones that have every oddity of real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rag import activities, activity_export, lesson_export, resource_export
from rag.passage import Passage, Records
from rag.reading import read_folder

EXPORTS = Path(__file__).parents[2] / "data" / "exports"
LESSONS, ACTIVITIES, AT_HOME = (
    (EXPORTS / name).read_text() for name in ("lessons.txt", "activities.txt", "at_home.txt")
)
SEPARATOR = "*" * 69


def passages(read: Callable[[str], Records], text: str) -> dict[str, Passage]:
    return {record.id: record for _, record in read(text) if isinstance(record, Passage)}


def problems(read: Callable[[str], Records], text: str) -> list[tuple[int, str]]:
    return [(line, record) for line, record in read(text) if isinstance(record, str)]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_each_kind_is_told_by_its_content_and_nothing_is_lost() -> None:
    reading = read_folder(EXPORTS)
    assert reading.problems == []
    assert reading.skipped == [str(EXPORTS / "LICENSE")]
    assert sorted(passage.id for passage in reading.passages) == [
        "activity-001",
        "activity-002",
        "activity-004",
        "home-blog-001",
        "home-playlist-001",
        "home-video-001",
        "home-video-002",
        "master-L01-S01-G001",
        "master-L01-S02-G002",
        "master-L01-S05-G005",
        "master-L02-S01-G006",
        "master-L02-S02-G007",
        "master-SB01-S01-G008",
        "master-SB01-S02-G009",
    ]
    assert [passage.id for passage in reading.withheld] == [
        "master-L01-S03-G003",  # the mark
        "master-L01-S04-G004",  # the title
        "master-SB01-S03-G010",
    ]


def test_no_decoration_is_left_in_any_text() -> None:
    for passage in read_folder(EXPORTS).passages:
        for sign in (
            "===",
            "$$$",
            "***",
            "<<<",
            "+++",
            "---",
            "###",
            "Lesson Description",
            " slides)",
            "G00",
            "\u200b",
        ):
            assert sign not in passage.embedded_text, passage


def test_a_slide_keeps_its_paragraphs_and_bullets_and_joins_wrapped_lines() -> None:
    found = passages(lesson_export.read, LESSONS)
    assert found["master-L01-S02-G002"].text.split("\n") == [
        "Digging uses the large muscles.",
        "- Ten minutes count",
        "- So do five, on a bad day",
        "Barrier:",
        "\u201cIt\u2019s raining.\u201d",
    ]
    assert found["master-SB01-S02-G009"].text == "Gardeners kept their grip strength for longer."
    assert found["master-L02-S02-G007"].title == "Did you know?"
    assert found["master-L02-S02-G007"].text == "Tools keep longer in the dry."


def test_a_description_slide_has_its_lessons_name_and_the_description_once() -> None:
    found = passages(lesson_export.read, LESSONS)
    first, planning, science = (found[f"master-{code}"] for code in ("L01-S01-G001", "L02-S01-G006", "SB01-S01-G008"))
    assert first.title == "Lesson 1: Gardens and Good Days"
    assert first.text == "This lesson shows how digging keeps you moving, at any age."
    assert (planning.title, planning.text) == ("Lesson 2: Plans: Spade First", "This lesson helps you plan a bed.")
    assert science.title == "Science module 1: What the trials found"


def test_a_slide_knows_where_in_the_programme_it_stands() -> None:
    found = passages(lesson_export.read, LESSONS)
    assert found["master-L02-S02-G007"].metadata == {
        "document": "Plans: Spade First",
        "description": "This lesson helps you plan a bed.",
        "section": "How to dig",
        "layer": "Regulation Layer",
        "lesson": 2,
        "number": 2,
        "global_number": 7,
    }
    science = found["master-SB01-S02-G009"].metadata
    assert (science["science"], science["module"]) == ("true", 1)
    assert "lesson" not in science


def test_running_text_that_looks_like_a_banner_is_none() -> None:
    slide = passages(lesson_export.read, LESSONS)["master-L01-S05-G005"]
    assert slide.text == "LESSON 2: is next, and in Lesson 3: Weeding you read about knees."
    assert slide.metadata["document"] == "Gardens and Good Days"


@pytest.mark.parametrize(
    ("right", "wrong", "says", "named", "lost"),
    [
        ("L01-S02-G002 |", "L01-SO2-G002 |", "slide line", "L01-SO2-G002", "master-L01-S02-G002"),
        ("Title: Grip strength\n", "", "neither a title", "SB01-S02-G009", "master-SB01-S02-G009"),
        ("Title: Grip strength", "Titel: Grip strength", "outside", "SB01-S02-G009", "master-SB01-S02-G009"),
        ("Tools keep\u200b longer in the dry.", "", "no text", "L02-S02-G007", "master-L02-S02-G007"),
    ],
)
def test_a_broken_slide_is_named_with_its_line_and_only_that_one_is_lost(
    right: str, wrong: str, says: str, named: str, lost: str
) -> None:
    text = LESSONS.replace(right, wrong)
    assert passages(lesson_export.read, LESSONS).keys() - passages(lesson_export.read, text) == {lost}
    [(line, reason)] = problems(lesson_export.read, text)
    assert line == line_of(text, named)
    assert says in reason


def test_a_lost_separator_loses_no_slide() -> None:
    text = LESSONS.replace(f"{SEPARATOR}\n", "")
    assert problems(lesson_export.read, text) == []
    assert passages(lesson_export.read, text) == passages(lesson_export.read, LESSONS)


def test_a_lost_banner_frame_is_named_and_the_slide_is_kept() -> None:
    text = LESSONS.replace("=" * 69 + "\nLESSON 2", "LESSON 2")
    [(line, _)] = problems(lesson_export.read, text)
    assert line == line_of(text, "LESSON 2: Plans")
    assert passages(lesson_export.read, text)["master-L02-S01-G006"].title == "Lesson 2"


def test_an_activity_has_its_own_number_its_notes_and_the_facts_for_filters() -> None:
    found = passages(activity_export.read, ACTIVITIES)
    assert list(found) == ["activity-001", "activity-002", "activity-004"]
    paddle = found["activity-002"]
    assert paddle.text.startswith(
        "Canoeing for first-timers\nWhere: North Wharf\nWhen: Fridays or Sundays\nCost: Adult"
    )
    assert paddle.text.endswith("\nNotes: Bring a hat.")
    facts = {name: paddle.metadata[name] for name in ("days", "cost_kind", "cost_value", "activity_type")}
    assert facts == {
        "days": ("friday", "sunday"),
        "cost_kind": "paid",
        "cost_value": 7.5,
        "activity_type": ("kayaking",),
    }
    yoga = found["activity-004"].metadata
    assert (yoga["cost_kind"], yoga["activity_type"]) == ("unknown", ("yoga", "chair"))
    assert "days" not in yoga
    assert "cost_value" not in yoga


@pytest.mark.parametrize(
    ("right", "wrong", "says", "named"),
    [
        ("2. Paddle Basics", "Paddle Basics", "number and name", "Paddle Basics"),
        ("Where: North Wharf\n", "", "no where", "2. Paddle"),
        ("Cost: Adult", "Costs: Adult", "no cost", "2. Paddle"),
    ],
)
def test_a_broken_activity_is_named_with_its_line_and_only_that_one_is_lost(
    right: str, wrong: str, says: str, named: str
) -> None:
    text = ACTIVITIES.replace(right, wrong)
    [(line, reason)] = problems(activity_export.read, text)
    assert line == line_of(text, named)
    assert says in reason
    assert list(passages(activity_export.read, text)) == ["activity-001", "activity-004"]


def test_a_lost_separator_loses_no_activity() -> None:
    text = ACTIVITIES.replace("*" * 68 + "\n", "")
    assert passages(activity_export.read, text) == passages(activity_export.read, ACTIVITIES)


def test_a_value_that_goes_on_in_the_next_line_is_no_new_record() -> None:
    text = ACTIVITIES.replace("Bring a hat.", "Bring a hat, from\n9. May on.")
    found = passages(activity_export.read, text)
    assert list(found) == ["activity-001", "activity-002", "activity-004"]
    assert found["activity-002"].metadata["notes"] == "Bring a hat, from 9. May on."


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("Monday to Friday", "monday tuesday wednesday thursday friday"),
        ("Mon-Wed, 9 am", "monday tuesday wednesday"),
        ("Fridays through Mondays", "monday friday saturday sunday"),
        ("Tues. & Thurs.", "tuesday thursday"),
        ("weekends", "saturday sunday"),
        ("Weekdays at noon", "monday tuesday wednesday thursday friday"),
        ("Daily", "monday tuesday wednesday thursday friday saturday sunday"),
        ("Wednesdays (Sep\u2013Dec, monthly fee)", "wednesday"),
        ("Multiple weekday options", ""),
        ("Sunset, in summer", ""),
    ],
)
def test_days_are_understood_as_people_write_them(when: str, days: str) -> None:
    passage = activities.activity(1, {"name": "n", "what": "w", "where": "w", "when": when, "cost": "Free"})
    assert isinstance(passage, Passage)
    assert passage.metadata.get("days", ()) == tuple(days.split())


@pytest.mark.parametrize(
    ("cost", "kind", "value"),
    [
        ("No cost", "free", 0.0),
        ("$15 or Free", "free", 15.0),
        ("Freestyle pass, $12.50", "paid", 12.5),
        ("12 dollars", "paid", 12.0),
        ("Rates of Sept 1: $1,050.25", "paid", 1050.25),
        ("Varies", "unknown", None),
        ("Members 55+ only", "unknown", None),
    ],
)
def test_costs_are_free_paid_or_unknown_and_an_age_is_no_price(cost: str, kind: str, value: float | None) -> None:
    passage = activities.activity(1, {"name": "n", "what": "w", "where": "w", "when": "w", "cost": cost})
    assert isinstance(passage, Passage)
    assert (passage.metadata["cost_kind"], passage.metadata.get("cost_value")) == (kind, value)


def test_resources_are_numbered_within_their_section_and_wrapped_titles_joined() -> None:
    found = passages(resource_export.read, AT_HOME)
    squats = found["home-video-001"]
    assert squats.title == squats.text == squats.embedded_text == "12 Minute Kettle Boil Squats for Beginners"
    assert squats.metadata == {
        "type": "video",
        "number": 1,
        "activity_type": ("general",),
        "minutes": 12,
        "level": ("beginner",),
        "media": ("video",),
    }
    assert found["home-playlist-001"].metadata["activity_type"] == ("chair", "balance")
    assert found["home-playlist-001"].metadata["position"] == "seated"
    assert found["home-blog-001"].metadata["type"] == "blog"  # whatever its title says
    assert found["home-video-002"].metadata["activity_type"] == ("general",)  # low impact is not cardio


@pytest.mark.parametrize("wrong", ["Ref #: two +++ Activity: Ankle", "Ref #: 2 +++ Activity:\n", "Ref #: 2 Ankle"])
def test_a_broken_resource_is_named_with_its_line_and_only_that_one_is_lost(wrong: str) -> None:
    text = AT_HOME.replace("Ref #: 2 +++ Activity: Ankle Circles with Ada | Low Impact!", wrong)
    [(line, reason)] = problems(resource_export.read, text)
    assert line == line_of(text, wrong)
    assert "Ref #" in reason
    assert list(passages(resource_export.read, text)) == ["home-video-001", "home-playlist-001", "home-blog-001"]


def test_a_record_outside_the_sections_is_named() -> None:
    text = "Ref #: 1 +++ Activity: Lost\n\n" + AT_HOME
    [(line, reason)] = problems(resource_export.read, text)
    assert line == 1
    assert "section header" in reason


@pytest.mark.parametrize(
    "text", ["", "1. Buy milk\n2. Walk\n", "# Notes\n\nLESSON 1: Gardens (2 slides)\n", "What: ever\n"]
)
def test_other_texts_are_not_taken_for_exports(text: str) -> None:
    assert not any(kind.recognises(text) for kind in (lesson_export, activity_export, resource_export))
