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
    assert reading.skipped == ["LICENSE", "README.md", "photo.jpg"]
    assert reading.problems == []


def test_a_problem_names_the_file_and_loses_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(LESSON.format(id="good"))
    (tmp_path / "table.csv").write_text(TABLE + "Swim,Swimming,,Mondays,Free,\n")
    reading = read_folder(tmp_path)
    assert [str(problem) for problem in reading.problems] == ["table.csv:3: the row has no where"]
    assert [passage.id for passage in reading.passages] == ["good-01", "activity-001"]


def test_an_id_used_twice_is_a_problem_that_names_both_places(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(LESSON.format(id="same"))
    (tmp_path / "b.md").write_text(LESSON.format(id="same"))
    reading = read_folder(tmp_path)
    assert len(reading.passages) == 1
    [problem] = map(str, reading.problems)
    assert problem.startswith("b.md:7:")
    assert "a.md:7" in problem


def test_a_byte_order_mark_and_windows_line_ends_are_read_through(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())
    assert [passage.id for passage in read_folder(tmp_path).passages] == ["activity-001"]


def test_a_table_in_another_encoding_is_a_problem_not_a_skipped_file(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(TABLE.replace("Pier", "Café").encode("latin-1"))
    [problem] = read_folder(tmp_path).problems
    assert "UTF-8" in problem.reason


def test_a_missing_or_empty_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RagError, match="There is no folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(RagError, match="no document"):
        read_folder(tmp_path)
