"""The sample programme keeps its own writing rules (knowledge/README.md)."""

import csv
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import pytest

KNOWLEDGE = Path(__file__).parents[3] / "knowledge"
PRACTICE = "Reframing Retirement sample programme (practice suggestion)"
DANGLING = {
    "this",
    "that",
    "these",
    "those",
    "they",
    "it",
    "its",
    "their",
    "both",
    "such",
    "he",
    "she",
    "and",
    "but",
    "or",
    "so",
}


class Passage(NamedTuple):
    lesson: str
    heading: str
    text: str
    sources: list[str]


class Lesson(NamedTuple):
    file: str
    meta: dict[str, str]
    description: str
    passages: list[Passage]


def read_lesson(path: Path) -> Lesson:
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    meta = dict(line.split(": ", 1) for line in front.splitlines())
    description, *sections = re.split(r"^## ", body, flags=re.M)
    passages = []
    for section in sections:
        heading, rest = section.split("\n", 1)
        lines = rest.strip().splitlines()
        text = "\n".join(line for line in lines if not line.startswith("Source: "))
        sources = [line.removeprefix("Source: ") for line in lines if line.startswith("Source: ")]
        passages.append(Passage(meta["id"], heading, text.strip(), sources))
    return Lesson(path.name, meta, description.strip(), passages)


def read_csv(name: str) -> list[dict[str, str]]:
    with (KNOWLEDGE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


LESSONS = [read_lesson(path) for path in sorted((KNOWLEDGE / "lessons").glob("*.md"))]
PASSAGES = [passage for lesson in LESSONS for passage in lesson.passages]
ACTIVITIES = read_csv("activities.csv")
RESOURCES = read_csv("resources.csv")


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9']+", text)


def sentences(text: str) -> list[str]:
    return re.split(r'(?<=[.!?])"?\s+', text.strip())


def syllables(word: str) -> int:
    bare = re.sub(r"(?<![aeiouyl])e$|(?<=[^aeioudt])ed$", "", word.lower())
    return max(1, len(re.findall(r"[aeiouy]+", bare)))


def school_grade(text: str) -> float:
    """Flesch-Kincaid grade (Kincaid and others, 1975); grade plus five is about the reading age."""
    found = words(text)
    return 0.39 * len(found) / len(sentences(text)) + 11.8 * sum(map(syllables, found)) / len(found) - 15.59


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("The cat sat on the mat.", -2, 1),
        ("Regular participation in moderate-intensity physical activity substantially ameliorates morbidity.", 16, 40),
    ],
)
def test_the_school_grade_tells_plain_from_difficult(text: str, low: float, high: float) -> None:
    assert low < school_grade(text) < high


def test_the_programme_is_large_enough_to_be_useful() -> None:
    assert len(LESSONS) >= 10
    assert len(PASSAGES) >= 150
    assert len(ACTIVITIES) >= 40
    assert len(RESOURCES) >= 60


def test_every_lesson_has_front_matter_and_a_description() -> None:
    for lesson in LESSONS:
        assert (
            {"id", "title", "collection", "lesson"}
            <= set(lesson.meta)
            <= {"id", "title", "collection", "lesson", "science"}
        )
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", lesson.meta["id"]), lesson.file
        assert lesson.meta["collection"] == "lessons", lesson.file
        assert 10 <= len(words(lesson.description)) <= 60, lesson.file
    assert [lesson.meta["lesson"] for lesson in LESSONS] == [str(n) for n in range(1, len(LESSONS) + 1)]
    assert any(lesson.meta.get("science") == "true" for lesson in LESSONS)


def test_ids_headings_and_titles_are_unique() -> None:
    for names in (
        [lesson.meta["id"] for lesson in LESSONS],
        [passage.heading.lower() for passage in PASSAGES],
        [row["name"].lower() for row in ACTIVITIES],
        [row["title"].lower() for row in RESOURCES],
    ):
        assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_passage_has_a_source() -> None:
    for passage in PASSAGES:
        assert passage.sources, passage.heading
        for source in passage.sources:
            assert source == PRACTICE or re.fullmatch(r"\S.+\. .+[.?] ((19|20)\d\d|Web page)\.", source), source


def test_a_passage_that_speaks_of_research_names_a_publication() -> None:
    claim = re.compile(r"\b(research(ers)?|stud(y|ies)|review|trials?|guidelines?|percent|experts?|risk)\b", re.I)
    assert [p.heading for p in PASSAGES if claim.search(p.text) and set(p.sources) == {PRACTICE}] == []


def test_passages_are_40_to_140_words_in_plain_paragraphs() -> None:
    for passage in PASSAGES:
        assert 40 <= len(words(passage.text)) <= 140, (passage.heading, len(words(passage.text)))
        assert not re.search(r"^\s*([-*|#>]|\d+\.)", passage.text, re.M), passage.heading
        assert len(passage.text.split("\n\n")) <= 3, passage.heading


def test_passages_can_be_read_by_a_twelve_year_old() -> None:
    too_hard = [(p.heading, round(school_grade(p.text), 1)) for p in PASSAGES if school_grade(p.text) > 9]
    assert too_hard == []
    for lesson in LESSONS:
        assert mean(school_grade(passage.text) for passage in lesson.passages) <= 7, lesson.file


def test_sentences_stand_by_themselves_when_quoted_alone() -> None:
    leaning = [s for p in PASSAGES for s in sentences(p.text) if words(s)[0].lower() in DANGLING]
    assert leaning == []


def test_no_two_passages_say_nearly_the_same() -> None:
    bags = {passage.heading: set(words(passage.text.lower())) for passage in PASSAGES}
    near = [(a, b) for a, b in combinations(bags, 2) if len(bags[a] & bags[b]) / len(bags[a] | bags[b]) >= 0.6]
    assert near == []


def test_warning_signs_lead_to_stopping_and_to_emergency_services() -> None:
    for topic in ("Chest pain", "Signs of a stroke", "Fainting", "A bad fall", "Signs of heat illness"):
        (passage,) = [p for p in PASSAGES if p.heading.startswith(topic)]
        assert re.search(r"call emergency services", passage.text, re.I), topic
    (crisis,) = [p for p in PASSAGES if "ending your life" in p.heading]
    assert "9-8-8" in crisis.text
    assert "emergency services" in crisis.text


def test_every_activity_is_complete() -> None:
    assert list(ACTIVITIES[0]) == ["name", "what", "where", "when", "cost", "notes"]
    for row in ACTIVITIES:
        assert all(value and value.strip() == value for value in row.values()), row["name"]
        assert re.fullmatch(r"Free|By donation|Included with membership|\$\d+ .+", row["cost"]), row["cost"]
        assert re.search(r"day|Daily|Weekends", row["when"]), row["when"]
        assert re.search(r"\d:\d\d [ap]m", row["when"]), row["when"]
        assert re.fullmatch(r"[^,]+, [^,]+", row["where"]), row["where"]


def test_activities_are_spread_over_the_week_and_the_purse() -> None:
    whens = " ".join(row["when"] for row in ACTIVITIES)
    for day in ("Monday to Friday", "Tuesday", "Wednesday", "Thursday", "Saturday", "Sunday", "Weekends", "Daily"):
        assert day in whens
    free = sum(row["cost"] == "Free" for row in ACTIVITIES)
    assert len(ACTIVITIES) / 4 < free < len(ACTIVITIES) * 3 / 4


def test_every_resource_is_complete() -> None:
    header = ["title", "type", "url", "steps", "minutes", "intensity", "position", "caution", "source"]
    assert list(RESOURCES[0]) == header
    for row in RESOURCES:
        assert all(row[column].strip() for column in header if column != "url"), row["title"]
        assert row["url"] == "", row["title"]
        assert row["type"] in {"exercise", "routine"}, row["title"]
        assert 1 <= float(row["minutes"]) <= 30, row["title"]
        assert row["intensity"] in {"light", "moderate"}, row["title"]
        assert row["position"] in {"standing", "seated", "floor", "either"}, row["title"]
        numbers = [int(number) for number in re.findall(r"(?:^|\s)(\d)\. ", row["steps"])]
        assert numbers == list(range(1, len(numbers) + 1)), row["title"]
        assert len(numbers) >= 3, row["title"]


def test_every_value_of_intensity_and_position_has_something_to_offer() -> None:
    for column, values in (
        ("intensity", ("light", "moderate")),
        ("position", ("standing", "seated", "floor", "either")),
    ):
        assert min(Counter(row[column] for row in RESOURCES)[value] for value in values) >= 4


def test_the_spelling_is_canadian_and_no_em_dash_is_used() -> None:
    american = re.compile(
        r"\b(colors?|favorites?|neighbors?\w*|centers?|fibers?|behaviors?|programs?|gray|meters?|labor)\b", re.I
    )
    texts = [p.heading + " " + p.text for p in PASSAGES] + [lesson.description for lesson in LESSONS]
    texts += [value for row in ACTIVITIES for value in row.values()]
    texts += [value for row in RESOURCES for column, value in row.items() if column != "source"]
    assert [found.group() for text in texts for found in american.finditer(text)] == []
    for path in KNOWLEDGE.rglob("*.*"):
        assert "\u2014" not in path.read_text(encoding="utf-8"), path.name
