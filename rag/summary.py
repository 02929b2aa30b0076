"""What a reading brought, in words for the person at the terminal."""

from __future__ import annotations

from collections import Counter

from rag.passage import COLLECTIONS, Passage
from rag.reading import Reading

_EMBEDDED_UP_TO = 3000  # passages


def counts(reading: Reading) -> str:
    """`lessons 424, activities 81, resources 90 (total 595)`, and how many of them are special."""
    records = [*reading.passages, *reading.withheld]
    by_collection = Counter(passage.collection for passage in records)
    line = ", ".join(f"{name} {by_collection[name]}" for name in COLLECTIONS) + f" (total {len(records)})"
    science = sum(passage.metadata.get("science") == "true" for passage in records)
    if science:
        line += f"\nof these {science} are marked as science"
    if reading.withheld:
        line += f"\nof these {len(reading.withheld)} are marked do-not-reference: never returned by a search"
    return line


def extremes(reading: Reading) -> str:
    """The longest and the shortest passage that a search may return."""
    by_length = sorted(reading.passages, key=_words)
    if not by_length:
        return "no passage that a search may return"
    return "\n".join(
        f"{name}: {passage.id}, {_words(passage)} words"
        for name, passage in (("longest", by_length[-1]), ("shortest", by_length[0]))
    )


def left_out(reading: Reading) -> str:
    """What was skipped and why, a line each; empty when nothing was."""
    skipped = [f"skipped {name}: not a document of a kind that is read" for name in reading.skipped]
    return "\n".join([*skipped, *(f"left out {problem}" for problem in reading.problems)])


def advice(count: int) -> str:
    """Why so many passages are better kept on a Qdrant server; empty when they are not."""
    if count <= _EMBEDDED_UP_TO:
        return ""
    return (
        f"{count:,} passages are many for the embedded store: on 2 cores loading took 4 s at 3,000 and 11 s at 10,000 "
        "(`python -m rag bench`), in every worker process, which holds them all in memory. A Qdrant server is better "
        f"above {_EMBEDDED_UP_TO:,}: set QDRANT_URL and run this again."
    )


def _words(passage: Passage) -> int:
    return len(passage.text.split())
