"""Triage on the development set and on the project's own cases, and what must hold for any text at all."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from safety import Triage, triage

DATA = Path(__file__).parents[2] / "data"
CLASSES = ("emergency", "crisis", "medical_caution", "none")


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def score(name: str) -> tuple[dict[str, float], list[str]]:
    """Recall per class (a label in `also` counts as right), and the ids of grave cases labelled `none`."""
    right: dict[str, list[bool]] = defaultdict(list)
    missed: list[str] = []
    for case in cases(name):
        category = triage(case["text"]).category
        right[case["expected"]].append(category == case["expected"] or category in case.get("also", []))
        if case["expected"] in ("emergency", "crisis") and category == "none":
            missed.append(case["id"])
    return {label: sum(hits) / len(hits) for label, hits in right.items()}, missed


def test_no_grave_case_of_the_development_set_is_overlooked_and_every_class_is_found() -> None:
    recall, missed = score("safety_dev.jsonl")
    assert missed == []
    assert {label: recall[label] for label in CLASSES} == dict.fromkeys(CLASSES, 1.0)


def test_our_own_cases_stay_found() -> None:
    # The tables were tuned on these cases: the floors guard against regressions and estimate nothing.
    recall, missed = score("safety_cases.jsonl")
    assert len(missed) <= 4, missed
    assert all(recall[label] >= 0.97 for label in CLASSES), recall


def test_our_own_cases_cover_every_class_in_three_languages() -> None:
    languages: dict[str, set[str]] = defaultdict(set)
    for case in cases("safety_cases.jsonl"):
        languages[case["expected"]].add(triage(case["text"]).language)
    assert languages == {label: {"en", "fr", "es"} for label in CLASSES}


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("my chest hurts", "emergency"),
        ("I have no chest pain", "none"),
        ("no dizziness, chest pain or fainting", "none"),
        ("I've never had a pain in my chest like this", "emergency"),
        ("no, my chest really hurts", "emergency"),
        ("I had a heart attack ten years ago", "medical_caution"),
        ("my father had a heart attack ten years ago", "none"),
        ("my husband is having a heart attack", "emergency"),
        ("I saw a film where a man has a heart attack", "none"),
        ("I had a stroke in 2010 and now my face is drooping", "emergency"),
        ("what should I do if I get chest pain on a walk", "medical_caution"),
        ("I want to die", "crisis"),
        ("I don't want to die, so I walk", "none"),
        ("I'm not suicidal, just tired of the rain", "none"),
        ("this hill is killing me", "none"),
        ("this hill is killing me and so is my chest, it's really tight", "emergency"),
    ],
)
def test_negation_time_person_and_idiom_change_what_a_sentence_means(text: str, category: str) -> None:
    assert triage(text).category == category


@pytest.mark.parametrize(
    "text",
    [
        "I CAN'T BREATHE",
        "I can\u2019t breathe",
        "i cant breath",
        "I um I can't uh breathe",
        "I c-can't can't breathe",
        "I can't br\u200beathe",
        "I c\u0430n't bre\u0430the",  # Cyrillic letters
        "\uff29 \uff43\uff41\uff4e\uff07\uff54 \uff42\uff52\uff45\uff41\uff54\uff48\uff45",
        "i can't breeeathe",
        "i can't\nbreathe",
    ],
)
def test_how_a_thing_is_typed_does_not_hide_it(text: str) -> None:
    assert triage(text).category == "emergency"


def test_an_overdose_in_despair_is_an_emergency_that_names_the_crisis_too() -> None:
    found = triage("I've taken all my pills, I want to die")
    assert found.category == "emergency"
    assert found.with_crisis
    assert found.grave


def test_pills_not_yet_taken_are_a_crisis_and_no_emergency() -> None:
    found = triage("I'm thinking of taking all my pills")
    assert found.category == "crisis"
    assert found.grave


def test_two_signs_together_are_a_crisis_and_one_alone_is_ordinary_talk() -> None:
    assert triage("I've given away the cat").category == "none"
    assert triage("I've written the letters and given away the cat").category == "crisis"


def test_caution_is_not_grave() -> None:
    found = triage("can I exercise with high blood pressure")
    assert found.category == "medical_caution"
    assert not found.grave


def test_a_triage_names_rules_and_never_repeats_the_persons_words() -> None:
    found = triage("Margaret, my chest is tight and Bill took an overdose")
    assert found.matched == ("heart_attack_signs", "overdose_or_poisoning")
    with pytest.raises(FrozenInstanceError):
        found.category = "none"  # type: ignore[misc]  # that it cannot be set is the point


def test_the_same_text_always_gets_the_same_triage() -> None:
    texts = [case["text"] for case in cases("safety_dev.jsonl")]
    assert [triage(text) for text in texts] == [triage(text) for text in reversed(texts)][::-1]


def test_the_language_of_the_answer_is_that_of_the_message() -> None:
    assert triage("j'ai mal à la poitrine").language == "fr"
    assert triage("me duele mucho el pecho").language == "es"
    assert triage("chest pain").language == "en"


def test_the_locale_is_carried_and_an_unknown_one_is_refused() -> None:
    assert triage("hello", "AU").locale == "AU"
    with pytest.raises(ValueError, match="SAFETY_LOCALE 'FR' is not known; use one of CA, US, UK, AU, OTHER"):
        triage("hello", "FR")


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "'", "\u200b", "\ud83d", "1/2/3", "@$", "a" * 10_000])
def test_any_text_is_sorted_without_an_error(text: str) -> None:
    assert triage(text) == Triage("none", (), "CA", "en")


def test_an_emergency_deep_in_a_long_message_is_found() -> None:
    walk = "We walked along the harbour and had coffee with Pat. "
    assert triage(walk * 90 + "Now my chest is tight. " + walk * 90).category == "emergency"
    assert triage((walk * 180)[:10_000]).category == "none"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("my gliclazide, half an hour before the bike or after", "medical_caution"),
        ("I have one kidney, protein powder yes or no", "medical_caution"),
        ("my ICD went in on Tuesday, when may I golf", "medical_caution"),
        ("tengo EPOC, por donde empiezo", "medical_caution"),
        ("je prends du Lasix, est-ce que je marche quand meme", "medical_caution"),
        ("I swallowed the whole box of my metoprolol", "emergency"),
        ("I have been saving up my zopiclone for the night I go", "crisis"),
    ],
)
def test_a_medicine_an_illness_or_a_treatment_is_known_by_its_name(text: str, category: str) -> None:
    assert triage(text).category == category


@pytest.mark.parametrize(
    "seed",
    [
        "chest ",
        "i want to ",
        "no no not never ",
        "my chest is tight and i want to die not no hurt pills took too many ",
        "a",
        "a ",
        "a-",
        "ha",
        "'",
        ". ",
        "1/",
        "a\u200b",
        "i i have have had had a a pain pain in in my my ",
        "there is a bit of a lot of such a sort of a kind of a pain of a pain ",
        "scared of that about it i will might may could would having get ",
    ],
)
def test_ten_thousand_characters_of_anything_are_sorted_without_hanging(seed: str) -> None:
    text = (seed * 10_000)[:10_000]
    triage(text)
    start = time.perf_counter()
    triage(text)
    assert time.perf_counter() - start < 2  # a hang check with room for a busy machine, not a speed promise
