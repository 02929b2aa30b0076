from __future__ import annotations

import pytest

from coach.citations import QUOTE_CHARACTERS, cite, rests_on, strip_markers, unmarked_source
from rag.passage import Hit, Passage

IDS = {"balance-basics-03", "walking-02", "chair"}


@pytest.mark.parametrize(
    ("sentence", "text", "ids"),
    [
        ("Balance grows [balance-basics-03].", "Balance grows.", ("balance-basics-03",)),
        ("Balance grows. [balance-basics-03]", "Balance grows.", ("balance-basics-03",)),
        ("Both help [walking-02, balance-basics-03].", "Both help.", ("walking-02", "balance-basics-03")),
        ("Both [walking-02] help [walking-02].", "Both help.", ("walking-02",)),
        ("A short id counts [chair].", "A short id counts.", ("chair",)),
        ("An invented one goes [balance-basics-99].", "An invented one goes.", ()),
        ("A known beside an invented one [walking-02; made-up-1].", "A known beside an invented one.", ("walking-02",)),
        ("Cut in the middle [balance-ba", "Cut in the middle", ()),
        ("Go [slowly] for 10 [minutes or so].", "Go [slowly] for 10 [minutes or so].", ()),
    ],
)
def test_markers_are_taken_out_and_only_given_ids_count(sentence: str, text: str, ids: tuple[str, ...]) -> None:
    assert strip_markers(sentence, IDS) == (text, ids)


def hit(text: str) -> Hit:
    return Hit(Passage("p-1", "lessons", "Title", text), score=0.81234)


def test_the_quote_is_the_passage_sentence_closest_to_what_was_said() -> None:
    text = "Muscles weaken with age. Standing on one leg trains balance. Drink water."
    citation = cite(hit(text), ["Practising to stand on one leg trains your balance."])
    assert citation.quote == "Standing on one leg trains balance."
    assert (citation.id, citation.collection, citation.title, citation.score) == ("p-1", "lessons", "Title", 0.8123)


def test_a_long_quote_is_cut_at_a_word_and_stays_verbatim() -> None:
    text = "walking " * 100 + "ends."
    quote = cite(hit(text), ["walking"]).quote
    assert len(quote) <= QUOTE_CHARACTERS
    assert text.startswith(quote)
    assert quote.endswith("walking")


STEPS = Passage(
    "steps-01", "lessons", "Steps a day", "From sixty on, 6,000 to 8,000 steps a day bring most of the gain."
)


@pytest.mark.parametrize(
    ("sentence", "held"),
    [
        ("Most of the gain comes by 8000 steps.", True),
        ("Some 6,000 to 8,000 steps a day bring most of it.", True),
        ("At 60 or more, steps bring a gain.", True),
        ("Most of the gain comes by 12,000 steps.", False),
        ("Swimming in a lake is lovely for company.", False),
        ("Los pasos: 6000 al día.", True),
    ],
)
def test_a_marked_sentence_has_its_figures_and_some_words_from_the_passage(sentence: str, *, held: bool) -> None:
    assert rests_on(sentence, STEPS) is held


def test_a_sentence_plainly_taken_from_a_passage_is_cited_without_a_marker() -> None:
    hits = [Hit(STEPS, 0.5), hit("Muscles weaken with age.")]
    assert unmarked_source("6,000 to 8,000 steps a day bring most of the gain.", hits) == "steps-01"
    assert unmarked_source("Do 6,000 to 8,000 steps a day bring most of the gain?", hits) is None
    assert unmarked_source("What would a good day look like for you?", hits) is None
    assert unmarked_source("A gain.", hits) is None
    assert unmarked_source("Anything", []) is None
