from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from tests.support.audio_files import tone
from workers.recording import Recording
from workers.transcript import LOW, SURE, Transcript, joined, of_segments, of_text, silence

SECOND = Recording(tone(1.0))


@dataclass
class Segment:
    """As in a `verbose_json` answer."""

    text: str
    avg_logprob: float = -0.2
    no_speech_prob: float = 0.02
    start: float = 0.0
    end: float = 1.0


def _heard(*segments: Segment) -> Transcript:
    return of_segments(segments, "english", SECOND)


def test_the_words_of_all_segments_are_joined_and_their_confidence_is_weighted_by_time() -> None:
    heard = _heard(Segment(" I like", math.log(0.9), end=3.0), Segment(" to walk.", math.log(0.5), start=3.0, end=4.0))

    assert (heard.text, heard.language) == ("I like to walk.", "english")
    assert heard.confidence == pytest.approx(0.9**0.75 * 0.5**0.25, abs=0.001)
    assert heard.public() == {
        "text": "I like to walk.",
        "language": "english",
        "confidence": heard.confidence,
        "duration_seconds": 1.0,
    }


@pytest.mark.parametrize(
    "invented",
    [
        "Thank you for watching!",
        "Thanks for watching, and I'll see you next week.",
        "Please subscribe to my channel.",
        "Don't forget to like and subscribe!",
        "I'll see you in the next video.",
        "Subtitles by the Amara.org community",
        "www.example.com",
        "[Music]",
        "(applause)",
        "[BLANK_AUDIO]",
        "*sighs*",
        "♪ ♪",
        "...",
        "I'm going to go. " * 20,
        "no no no no no no no no no no no no no no no no no no no no no no no no no no no no no no no no no no no",
    ],
)
def test_what_models_invent_over_noise_is_not_what_was_said(invented: str) -> None:
    assert _heard(Segment(invented)) == silence(1.0)
    assert of_text(invented, None, [-0.1], SECOND) == silence(1.0)
    assert _heard(Segment(" I like to walk."), Segment(invented)).text == "I like to walk."


def test_what_is_invented_after_what_was_said_is_taken_off() -> None:
    assert _heard(Segment("I like to walk. Thanks for watching!")).text == "I like to walk."
    assert of_text("I like to walk. [Music]", None, [-0.1], SECOND).text == "I like to walk."


@pytest.mark.parametrize(
    "said",
    [
        "Thank you.",
        "You",
        "Bye.",
        "Thank you for listening.",
        "No, no, no, I do not like swimming.",
        "I was watching television, thank you.",
        "Yes, yes, I walk, I walk every day, I walk with my dog, and I walk with my wife.",
    ],
)
def test_what_people_say_is_believed_unless_the_model_doubts_that_anybody_spoke(said: str) -> None:
    assert _heard(Segment(said)).text == said


@pytest.mark.parametrize("said", ["Thank you.", "You", "Bye.", "Thank you for listening."])
def test_a_lonely_courtesy_in_likely_silence_is_not(said: str) -> None:
    assert _heard(Segment(said, no_speech_prob=0.5)) == silence(1.0)


def test_a_segment_that_is_probably_silence_is_left_out() -> None:
    assert _heard(Segment("hello there", avg_logprob=-1.2, no_speech_prob=0.7)) == silence(1.0)
    assert _heard(Segment("hello there", avg_logprob=-0.5, no_speech_prob=0.7)).text == "hello there"


def test_the_probability_of_each_token_counts_where_there_are_no_segments() -> None:
    heard = of_text("I like to walk", None, [math.log(0.5), math.log(0.8)], SECOND)

    assert heard.language is None
    assert heard.confidence == pytest.approx(math.sqrt(0.4), abs=0.001)


def test_without_any_probability_what_is_plausible_is_never_sure() -> None:
    speech = Recording(tone(0.5) + bytes(16_000) + tone(0.5) + bytes(16_000))

    plausible, too_fast = (
        of_text("two words", "en", (), speech),
        of_text("far too many words for a second of speech as one can see", "en", (), speech),
    )

    assert plausible.confidence is not None and too_fast.confidence is not None
    assert LOW < plausible.confidence < SURE
    assert too_fast.confidence < LOW


def test_invisible_characters_are_taken_out_of_what_was_heard() -> None:
    assert _heard(Segment("I like\u202e to\u200b walk\x00")).text == "I like to walk"


def test_the_pieces_of_a_recording_become_one_transcript() -> None:
    parts = [Transcript("I like", "english", 0.9, 60.0), silence(45.0), Transcript("to walk", "english", 0.6, 20.0)]

    whole = joined(parts)

    assert (whole.text, whole.language, whole.seconds) == ("I like to walk", "english", 125.0)
    assert whole.confidence == pytest.approx((0.9 * 6 + 0.6 * 7) / 13, abs=0.001)
    assert joined([silence(1.0), silence(2.0)]) == silence(3.0)
