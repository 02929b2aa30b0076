from __future__ import annotations

from rag import lexical, synonyms


def test_what_people_say_leads_to_the_words_of_programmes() -> None:
    assert "sedentari" in synonyms.related("in front of the telly")
    assert "fatigu" in synonyms.related("I was pooped")
    assert "fall" in synonyms.related("she tumbled on the stairs")


def test_a_wording_of_several_words_counts_as_a_whole_only() -> None:
    assert "month" not in lexical.words("get up and go")
    assert "vital" in synonyms.related("my get up and go is gone")
    assert "vital" not in synonyms.related("get up early and go out")


def test_words_of_one_meaning_lead_to_each_other() -> None:
    assert "workout" in synonyms.related("any exercise")
    assert "exercis" in synonyms.related("a workout")


def test_words_that_nobody_listed_add_nothing() -> None:
    assert synonyms.related("zirconium and then some") == {}


def test_the_list_is_broad_and_every_line_can_be_read() -> None:
    lines = [line for line in synonyms.FILE.read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) >= 150
    for line in lines:
        said, arrow, added = line.partition(" > ")
        assert said.strip(), line
        assert all(lexical.tokens(wording) for wording in said.split(",")), line
        assert not arrow or lexical.words(added), line
        assert ">" not in added, line
