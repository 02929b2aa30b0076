"""A programme of a region that no code knows: its places, days and prices decide what is found."""

from __future__ import annotations

import pytest
from qdrant_client import QdrantClient

from rag import publishing
from rag.build import follow_server
from rag.reading import read_folder
from rag.retriever import Retriever
from tests.unit.rag.rag_helpers import WordEmbedder, index_of

LISTINGS = """\
name,what,where,when,cost
Tide Walk,Walking in a group,"Porthmellin Beach Hut, Porthmellin",Mondays and Thursdays,Free
Cliff Walk,Brisk group walking,"St. Breward Village Hall, Breward",Tuesdays,$3 per walk
Chair Yoga,Seated yoga,Porthmellin Community Centre,Tuesdays,$5 drop-in
Evening Yoga,Yoga on a mat,Trelissick Sports Centre,"Thursdays, 7 pm",$80 for 8 sessions
Screen Yoga,Yoga at your own pace,Online,Thursdays,Free
Quay Swim,Swimming for beginners,Trelissick Pool,Weekends,$4 drop-in
Quay Lanes,Lane swimming,Trelissick Pool,Monday to Friday,$40 for 10 sessions
"""


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    file = tmp_path_factory.mktemp("region") / "listings.csv"
    file.write_text(LISTINGS, encoding="utf-8")
    client = QdrantClient(":memory:")
    publishing.publish(client, index_of(read_folder(file).passages))
    return Retriever(WordEmbedder(), follow_server(client), check_every=3600)


def found(retriever: Retriever, *messages: str) -> set[str]:
    """The titles of what meets every wish in the last message."""
    plan = retriever.plan(messages[-1], before=messages[:-1], collections=("activities",))
    return {hit.passage.title for hit in retriever.search(plan.query, plan) if not hit.relaxed}


@pytest.mark.parametrize(
    ("said", "titles"),
    [
        ("what is on in Porthmellin", {"Tide Walk", "Chair Yoga"}),
        ("anything at porthmelin on a Monday", {"Tide Walk"}),
        ("walking at Saint Breward", {"Cliff Walk"}),
        ("yoga at Trelissick", {"Evening Yoga"}),
        ("swimming in Trelissick at the weekend", {"Quay Swim"}),
        ("swimming on a Wednesday", {"Quay Lanes"}),
        ("yoga on Thursdays, not online", {"Evening Yoga"}),
        ("free yoga", {"Screen Yoga"}),
        ("swimming for at most $5 a visit", {"Quay Swim", "Quay Lanes"}),
        ("clases gratis en Porthmellin", {"Tide Walk"}),
        ("du yoga assis le mardi", {"Chair Yoga"}),
    ],
)
def test_its_own_places_days_and_prices_are_filters(retriever: Retriever, said: str, titles: set[str]) -> None:
    assert found(retriever, said) == titles


def test_a_follow_up_keeps_the_place(retriever: Retriever) -> None:
    assert found(retriever, "is there walking in Porthmellin?", "and yoga?") == {"Chair Yoga"}
    assert found(retriever, "yoga in Porthmellin", "what about in Trelissick?") == {"Evening Yoga"}


def test_what_does_not_meet_a_wish_says_which_and_comes_after_what_does(retriever: Retriever) -> None:
    plan = retriever.plan("free yoga in Trelissick", collections=("activities",), limit=3)
    hits = retriever.search(plan.query, plan)
    assert [hit.passage.title for hit in hits[:2]] == ["Evening Yoga", "Screen Yoga"]
    assert [hit.relaxed for hit in hits[:2]] == [("cost",), ("place",)]


def test_when_all_is_given_up_what_meets_more_comes_before_what_is_nearer_in_words(retriever: Retriever) -> None:
    plan = retriever.plan("bowls at the weekend", collections=("activities",), limit=3)
    hits = retriever.search("lane swimming at your own pace", plan)  # the words of two others
    assert [(hit.passage.title, hit.relaxed) for hit in hits[:1]] == [("Quay Swim", ("type",))]
    assert all(hit.relaxed == ("day", "type") for hit in hits[1:])
