"""The fixed texts: right services for the place, right language, no coaching."""

import re

import pytest

from safety import Triage, caution_text, fixed_text
from safety.language import Language

SERVICES = {
    "CA": ("911", "9-8-8"),
    "US": ("911", "988"),
    "UK": ("999", "116 123"),
    "AU": ("000", "13 11 14"),
}
LANGUAGES: tuple[Language, ...] = ("en", "fr", "es")


def emergency(locale: str, language: Language = "en", with_crisis: bool = False) -> Triage:
    return Triage("emergency", ("chest_pain",), locale, language, with_crisis)


def crisis(locale: str, language: Language = "en") -> Triage:
    return Triage("crisis", ("suicide",), locale, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("locale", "numbers"), SERVICES.items())
def test_texts_name_the_services_of_the_place(locale: str, numbers: tuple[str, str], language: Language) -> None:
    ambulance, line = numbers
    assert ambulance in fixed_text(emergency(locale, language))
    assert line not in fixed_text(emergency(locale, language))
    assert line in fixed_text(emergency(locale, language, with_crisis=True))
    assert ambulance in fixed_text(crisis(locale, language))
    assert line in fixed_text(crisis(locale, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_elsewhere_no_number_is_named(language: Language) -> None:
    for found in (
        emergency("OTHER", language),
        emergency("OTHER", language, with_crisis=True),
        crisis("OTHER", language),
    ):
        assert not re.search(r"\d", fixed_text(found))
    assert "your local emergency number" in fixed_text(emergency("OTHER"))
    assert "local crisis line" in fixed_text(crisis("OTHER"))


@pytest.mark.parametrize(("language", "words"), [("fr", "Appelez"), ("es", "Llame")])
def test_the_persons_language_comes_first_and_english_follows(language: Language, words: str) -> None:
    first, second = fixed_text(emergency("CA", language)).split("\n\n")
    assert words in first
    assert second == fixed_text(emergency("CA"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("locale", [*SERVICES, "OTHER"])
def test_no_text_leaves_a_gap_unfilled_or_coaches(locale: str, language: Language) -> None:
    for found in (emergency(locale, language, with_crisis=True), crisis(locale, language)):
        text = fixed_text(found)
        assert "{" not in text
        assert "?" not in text
        assert not re.search(r"\b(?:lesson|walk|exercise|leçon|lección|ejercicio)\b", text)


@pytest.mark.parametrize("category", ["none", "medical_caution"])
def test_there_is_no_fixed_text_for_what_is_not_grave(category: str) -> None:
    with pytest.raises(ValueError, match="fixed text"):
        fixed_text(Triage(category, (), "CA", "en"))  # type: ignore[arg-type]  # parametrized as plain strings


@pytest.mark.parametrize(
    ("language", "people"),
    [("en", "doctor, nurse or pharmacist"), ("fr", "médecin"), ("es", "médico")],
)
def test_the_caution_is_one_sentence_that_points_to_a_professional(language: Language, people: str) -> None:
    text = caution_text(Triage("medical_caution", (), "UK", language))
    assert people in text
    assert "999" in text
    assert text.count(".") == 1
    assert text.endswith(".")


@pytest.mark.parametrize(("language", "words"), [("en", "call or text"), ("fr", "appelez"), ("es", "llame")])
def test_a_hint_of_a_crisis_is_answered_with_one_sentence_that_names_the_line(language: Language, words: str) -> None:
    text = caution_text(Triage("medical_caution", (), "CA", language, with_crisis=True))
    assert "9-8-8" in text
    assert words in text
    assert text.count(".") == 1
