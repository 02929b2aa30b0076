from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.embedding import Embedder, Vectors
from rag.errors import NoIndexError
from rag.index import IndexFolder
from rag.ingest import ingest
from rag.passage import Passage
from tests.unit.rag.rag_helpers import PASSAGES, WordEmbedder


def must_not_open() -> AbstractContextManager[Embedder]:
    raise AssertionError("an embedder was opened")


def test_the_first_ingest_embeds_everything(tmp_path: Path) -> None:
    embedder = WordEmbedder()
    done = ingest(PASSAGES, IndexFolder(tmp_path), "words", embedder.opened)
    assert (done.changed, done.embedded) == (True, len(PASSAGES))
    assert sorted(embedder.seen) == sorted(passage.embedded_text for passage in PASSAGES)
    assert IndexFolder(tmp_path).load().version == done.index.version


def test_an_unchanged_folder_opens_no_embedder(tmp_path: Path) -> None:
    first = ingest(PASSAGES, IndexFolder(tmp_path), "words", WordEmbedder().opened)
    again = ingest(PASSAGES, IndexFolder(tmp_path), "words", must_not_open)
    assert (again.changed, again.embedded) == (False, 0)
    assert again.index.version == first.index.version


def test_only_what_changed_is_embedded_and_every_vector_stays_with_its_passage(tmp_path: Path) -> None:
    ingest(PASSAGES, IndexFolder(tmp_path), "words", WordEmbedder().opened)
    changed = Passage("balance-02", "lessons", "Walking backwards", "Hold on to the counter.")
    embedder = WordEmbedder()

    done = ingest([changed, *PASSAGES[2:]], IndexFolder(tmp_path), "words", embedder.opened)

    assert embedder.seen == [PASSAGES[0].embedded_text, changed.embedded_text]  # the first: is it still that model?
    assert done.embedded == 1
    expected = WordEmbedder().embed([passage.embedded_text for passage in done.index.passages])
    np.testing.assert_array_equal(IndexFolder(tmp_path).load().vectors, expected)


def test_a_change_of_metadata_alone_makes_a_version_without_embedding(tmp_path: Path) -> None:
    first = ingest(PASSAGES[:1], IndexFolder(tmp_path), "words", WordEmbedder().opened)
    passage = PASSAGES[0]
    moved = Passage(passage.id, passage.collection, passage.title, passage.text, {"lesson": 9})
    done = ingest([moved], IndexFolder(tmp_path), "words", must_not_open)
    assert done.changed
    assert done.index.version != first.index.version
    assert IndexFolder(tmp_path).load().passages[0].metadata == {"lesson": 9}


def test_another_model_embeds_everything_anew(tmp_path: Path) -> None:
    ingest(PASSAGES, IndexFolder(tmp_path), "words", WordEmbedder().opened)
    done = ingest(PASSAGES, IndexFolder(tmp_path), "other", WordEmbedder("other").opened)
    assert done.embedded == len(PASSAGES)
    assert IndexFolder(tmp_path).load().model == "other"


class Backwards(WordEmbedder):
    """Another model under the same name."""

    def embed(self, texts: Sequence[str], timeout: float | None = None) -> Vectors:
        return super().embed([text[::-1] for text in texts], timeout)


class Narrow(WordEmbedder):
    def embed(self, texts: Sequence[str], timeout: float | None = None) -> Vectors:
        return super().embed(texts, timeout)[:, :32]


@pytest.mark.parametrize("other", [Backwards(), Narrow()])
def test_vectors_of_another_model_that_took_over_the_name_are_not_mixed_in(tmp_path: Path, other: WordEmbedder) -> None:
    ingest(PASSAGES[:4], IndexFolder(tmp_path), "words", WordEmbedder().opened)
    done = ingest(PASSAGES, IndexFolder(tmp_path), "words", other.opened)
    assert done.embedded == len(PASSAGES)
    expected = other.embed([passage.embedded_text for passage in PASSAGES])
    np.testing.assert_array_equal(IndexFolder(tmp_path).load().vectors, expected)


def test_what_is_withheld_is_not_embedded_and_the_same_text_only_once(tmp_path: Path) -> None:
    embedder = WordEmbedder()
    twin = replace(PASSAGES[0], id="balance-99")
    quiz = Passage("quiz-01", "lessons", "Quiz", "", {"do_not_reference": "true"})
    done = ingest([PASSAGES[0], twin], IndexFolder(tmp_path), "words", embedder.opened, [quiz])
    assert embedder.seen == [twin.embedded_text]
    assert done.embedded == 1
    assert IndexFolder(tmp_path).load().withheld == [quiz]
    unmarked = ingest([PASSAGES[0], twin], IndexFolder(tmp_path), "words", must_not_open)
    assert unmarked.changed


def test_after_a_failed_request_the_rest_is_not_asked_for(tmp_path: Path) -> None:
    class Failing(WordEmbedder):
        def embed(self, texts: Sequence[str], timeout: float | None = None) -> Vectors:
            self.seen += texts
            if len(self.seen) > len(texts):
                threading.Event().wait(0.1)  # a request takes its time
            raise ConnectionError

    many = [Passage(f"x-{number:04d}", "lessons", "T", f"Text {number}") for number in range(2000)]
    embedder = Failing()
    with pytest.raises(ConnectionError):
        ingest(many, IndexFolder(tmp_path), "words", embedder.opened)
    assert len(embedder.seen) < len(many) / 2
    with pytest.raises(NoIndexError):
        IndexFolder(tmp_path).load()


def test_a_failing_model_leaves_the_old_index_in_use(tmp_path: Path) -> None:
    first = ingest(PASSAGES[:2], IndexFolder(tmp_path), "words", WordEmbedder().opened)
    with pytest.raises(AssertionError):
        ingest(PASSAGES, IndexFolder(tmp_path), "words", must_not_open)
    assert IndexFolder(tmp_path).load().version == first.index.version


def test_a_damaged_index_is_rebuilt(tmp_path: Path) -> None:
    done = ingest(PASSAGES, IndexFolder(tmp_path), "words", WordEmbedder().opened)
    (tmp_path / "index" / f"{done.index.version}.npz").write_bytes(b"not an index")
    again = ingest(PASSAGES, IndexFolder(tmp_path), "words", WordEmbedder().opened)
    assert again.embedded == len(PASSAGES)
    assert IndexFolder(tmp_path).load().passages == PASSAGES
