from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import RagError
from rag.reading import read_folder

LESSON = "---\nid: {id}\ntitle: T\ncollection: lessons\n---\n\n## A heading\nSome text.\n"
TABLE = "name,what,where,when,cost,notes\nWalk,Walking,Pier,Mondays,Free,\n"


def test_kinds_are_told_by_content_and_other_files_are_named_and_skipped(tmp_path: Path) -> None:
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "one.txt").write_text(LESSON.format(id="one"))
    (tmp_path / "table.md").write_text(TABLE)
    (tmp_path / "README.md").write_text("# About these documents\n")
    (tmp_path / "LICENSE").write_text("MIT License\n")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / ".DS_Store").write_bytes(b"\x00\x01")

    reading = read_folder(tmp_path)

    assert [passage.id for passage in reading.passages] == ["one-01", "activity-001"]
    assert reading.skipped == [str(tmp_path / name) for name in ("LICENSE", "README.md", "photo.jpg")]
    assert reading.problems == []


def test_a_problem_names_the_file_and_loses_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(LESSON.format(id="good"))
    (tmp_path / "table.csv").write_text(TABLE + "Swim,Swimming,,Mondays,Free,\n")
    reading = read_folder(tmp_path)
    assert [str(problem) for problem in reading.problems] == [f"{tmp_path / 'table.csv'}:3: the record has no where"]
    assert [passage.id for passage in reading.passages] == ["good-01", "activity-001"]


def test_an_id_used_twice_is_a_problem_that_names_both_places(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(LESSON.format(id="same"))
    (tmp_path / "b.md").write_text(LESSON.format(id="same"))
    reading = read_folder(tmp_path)
    assert len(reading.passages) == 1
    [problem] = map(str, reading.problems)
    assert problem.startswith(f"{tmp_path / 'b.md'}:7:")
    assert "a.md:7" in problem


def test_a_byte_order_mark_and_windows_line_ends_are_read_through(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())
    assert [passage.id for passage in read_folder(tmp_path).passages] == ["activity-001"]


def test_a_table_in_another_encoding_is_a_problem_not_a_skipped_file(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(TABLE.replace("Pier", "Café").encode("latin-1"))
    [problem] = read_folder(tmp_path).problems
    assert "UTF-8" in problem.reason


def test_a_missing_or_empty_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RagError, match="There is no file or folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(RagError, match="no document"):
        read_folder(tmp_path)


def test_files_and_folders_can_be_named_each_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(LESSON.format(id="a"))
    (tmp_path / "b.md").write_text(LESSON.format(id="b"))
    reading = read_folder(tmp_path / "b.md", tmp_path)
    assert [passage.id for passage in reading.passages] == ["b-01", "a-01"]
    assert reading.problems == []


def test_a_collection_asked_for_holds_for_all_and_lets_plain_markdown_in(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(LESSON.format(id="a"))
    (tmp_path / "Heat wave.md").write_text("# Heat\n\nDrink water.\n\n## Shade\n\nWalk early.\n")
    (tmp_path / "LICENSE").write_text("MIT License\n")
    reading = read_folder(tmp_path, collection="resources")
    assert {passage.collection for passage in reading.passages} == {"resources"}
    assert [(passage.id, passage.title) for passage in reading.passages] == [
        ("heat-wave-01", "Heat"),
        ("heat-wave-02", "Shade"),
        ("a-01", "A heading"),
    ]
    assert reading.skipped == [str(tmp_path / "LICENSE")]


def test_two_tables_of_activities_keep_both_and_a_copy_is_named(tmp_path: Path) -> None:
    (tmp_path / "north.csv").write_text(TABLE)
    (tmp_path / "South side.csv").write_text(TABLE.replace("Pier", "Beach"))
    (tmp_path / "the copy.csv").write_text(TABLE)
    reading = read_folder(tmp_path)
    assert [(passage.id, passage.metadata["where"]) for passage in reading.passages] == [
        ("activity-001", "Beach"),
        ("activity-north-001", "Pier"),
    ]
    assert [str(problem) for problem in reading.problems] == [
        f"{tmp_path / 'the copy.csv'}:2: the same as {tmp_path / 'north.csv'}:2: remove one of them"
    ]


def test_passages_that_are_withheld_are_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(LESSON.format(id="a").replace("title: T", "title: T\ndo_not_reference: true"))
    (tmp_path / "b.md").write_text(LESSON.format(id="b"))
    reading = read_folder(tmp_path)
    assert [passage.id for passage in reading.passages] == ["b-01"]
    assert [passage.id for passage in reading.withheld] == ["a-01"]
