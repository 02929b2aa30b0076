from __future__ import annotations

from rag import lexical, sayings
from rag.sayings import Saying


def test_each_saying_has_the_words_of_its_topic_and_the_topic_is_one_itself() -> None:
    found = sayings.common()
    by_text = {saying.text: saying for saying in found}
    saying = by_text["the phone never rings"]
    assert "loneliness" in saying.words
    assert by_text[saying.words] == Saying(saying.words, words=saying.words)


def test_every_saying_leads_to_words_and_none_is_there_twice() -> None:
    found = sayings.common()
    assert len({saying.text for saying in found}) == len(found) > 300
    for saying in found:
        assert lexical.words(saying.words), saying


def test_questions_lead_to_their_passage() -> None:
    found = sayings.asked({"balance-01": ("Why do I wobble?", "am I unsteady")}, by_model=True)
    assert [(saying.passage, saying.words, saying.by_model) for saying in found] == [("balance-01", "", True)] * 2
    assert [Saying.from_dict(saying.as_dict()) for saying in found] == found
