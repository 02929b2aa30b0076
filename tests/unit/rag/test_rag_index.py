from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.errors import BrokenIndexError, IngestRunningError, NoIndexError
from rag.index import Index, IndexFolder, version_of
from rag.passage import Passage
from tests.unit.rag.rag_helpers import PASSAGES, index_of


def write(data_dir: Path, index: Index) -> None:
    folder = IndexFolder(data_dir)
    with folder.locked():
        folder.write(index)


def files(data_dir: Path) -> set[str]:
    return {path.name for path in (data_dir / "index").iterdir()} - {"lock"}


def test_what_is_written_is_read_back_whole(tmp_path: Path) -> None:
    written = index_of(PASSAGES)
    write(tmp_path, written)
    read = IndexFolder(tmp_path).load()
    assert read.passages == PASSAGES
    assert read.model == "words"
    assert read.version == written.version == IndexFolder(tmp_path).current()
    np.testing.assert_array_equal(read.vectors, written.vectors)


def test_the_version_follows_the_content_and_the_model() -> None:
    changed = [*PASSAGES[:-1], Passage("other", "lessons", "A title", "A text")]
    versions = {version_of("words", PASSAGES), version_of("words", changed), version_of("other-model", PASSAGES)}
    assert len(versions) == 3
    assert version_of("words", list(PASSAGES)) == version_of("words", tuple(PASSAGES))


def test_withheld_passages_are_kept_beside_those_that_have_vectors(tmp_path: Path) -> None:
    open_, closed = index_of(PASSAGES[:4]), PASSAGES[4]
    index = Index("words", open_.passages, open_.vectors, [closed])
    write(tmp_path, index)
    read = IndexFolder(tmp_path).load()
    assert (read.passages, read.withheld, len(read.vectors)) == (PASSAGES[:4], [closed], 4)
    assert len({index.version, open_.version, index_of(PASSAGES).version}) == 3


def test_before_the_first_ingest_the_reader_is_told_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError, match="python -m rag ingest"):
        IndexFolder(tmp_path).load()


@pytest.mark.parametrize("spoil", ["cut", "flip", "remove", "swap"])
def test_a_damaged_file_is_refused(tmp_path: Path, spoil: str) -> None:
    index = index_of(PASSAGES)
    write(tmp_path, index)
    path = tmp_path / "index" / f"{index.version}.npz"
    content = bytearray(path.read_bytes())
    match spoil:
        case "cut":
            path.write_bytes(content[: len(content) // 2])
        case "flip":
            content[-300] ^= 0xFF  # in the data of the last array
            path.write_bytes(content)
        case "remove":
            path.unlink()
        case "swap":  # another version under this one's name
            write(tmp_path / "other", index_of(PASSAGES[:2]))
            path.write_bytes(next((tmp_path / "other" / "index").glob("*.npz")).read_bytes())
    with pytest.raises(BrokenIndexError, match="rebuild"):
        IndexFolder(tmp_path).load()


def test_a_pickle_in_the_file_is_not_opened(tmp_path: Path) -> None:
    index = index_of(PASSAGES)
    write(tmp_path, index)
    hostile = np.array([{"not": "plain"}], dtype=object)
    np.savez(tmp_path / "index" / f"{index.version}.npz", header=hostile, vectors=index.vectors)
    with pytest.raises(BrokenIndexError):
        IndexFolder(tmp_path).load()


@pytest.mark.parametrize("renames_before_the_crash", [0, 1])
def test_a_crash_between_write_and_rename_leaves_the_old_index_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames_before_the_crash: int
) -> None:
    old, new = index_of(PASSAGES[:2]), index_of(PASSAGES)
    write(tmp_path, old)
    renamed: list[Path] = []
    rename = Path.rename

    def crash(self: Path, target: Path) -> Path:
        if len(renamed) == renames_before_the_crash:
            raise OSError(errno.ENOSPC, "No space left on device")
        renamed.append(target)
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(OSError, match="No space"):
            write(tmp_path, new)
    assert IndexFolder(tmp_path).load().version == old.version

    write(tmp_path, new)
    assert IndexFolder(tmp_path).load().version == new.version
    assert files(tmp_path) == {"current", f"{old.version}.npz", f"{new.version}.npz"}


def test_the_version_before_is_kept_and_older_ones_are_removed(tmp_path: Path) -> None:
    versions = [index_of(PASSAGES[:count]) for count in (1, 2, 3)]
    for index in versions:
        write(tmp_path, index)
    assert files(tmp_path) == {"current", *(f"{index.version}.npz" for index in versions[1:])}


def test_two_processes_do_not_write_at_once(tmp_path: Path) -> None:
    holder = (
        "import sys; from pathlib import Path; from rag.index import IndexFolder\n"
        "with IndexFolder(Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(tmp_path)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as process:  # noqa: S603 (our own code)
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(IngestRunningError, match="Another ingest"):
            write(tmp_path, index_of(PASSAGES))
        process.kill()  # the lock goes with its process
    write(tmp_path, index_of(PASSAGES))
    assert IndexFolder(tmp_path).load().passages == PASSAGES
