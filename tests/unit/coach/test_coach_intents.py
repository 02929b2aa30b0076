from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openai
import pytest

from coach.gloss import in_english
from coach.intents import Embed, Intents, examples, sharp
from coach.modes import MODES
from offline.minilm import MiniLM
from rag.embedding import Vectors
from tests.unit.coach.shelf import alike


def test_every_mode_has_its_examples_and_none_stands_twice() -> None:
    listed = examples()
    counted = Counter(mode for _, mode in listed)
    assert set(counted) == set(MODES)
    assert min(counted.values()) >= 40
    assert len({text.lower() for text, _ in listed}) == len(listed)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("Lesson 3 won't open", "technical_support"),
        ("lesson 3", "lesson_overview"),
        ("Tell me about lesson three", "lesson_overview"),
        ("Leçon 4 ?", "lesson_overview"),
        ("which lesson explains the M-PAC model", "lesson_lookup"),
        ("What does M-PAC mean?", "framework"),
        ("What's the point of exercising now", "low_intention"),
        ("thanks, that helps", "coaching"),
        ("And what's in it for me?", "education"),
        ("What's in it for me? Nothing", None),
        ("Thanks but no, where is that from", None),
        ("How much is the first one?", "local_activities"),
        ("What time does it start?", "local_activities"),
        ("And on which day is it?", "local_activities"),
        ("Anything free? My pension is small.", "local_activities"),
        ("Do I need to book, and can I bring my husband?", "local_activities"),
        ("¿Y cuánto cuesta?", "local_activities"),
        ("What time is it?", None),
        ("What day is it today?", None),
        ("Anything free to watch at home?", None),
        ("When does it start to hurt less?", None),
        ("How much is it in miles?", None),
        ("I did lesson 3 and then walked for an hour", None),
        ("what point in the day suits exercise", None),
        ("what is the sense of balance", None),
    ],
)
def test_rules_decide_the_sharp_cases_and_only_those(text: str, mode: str | None) -> None:
    assert sharp(text) == mode


def test_rules_agree_with_the_examples() -> None:
    assert [(text, mode, found) for text, mode in examples() if (found := sharp(text)) not in (mode, None)] == []


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("¿Dónde puedo nadar?", "where can swim ."),
        ("J'ai peur de tomber", "I have got afraid of falling"),
        ("Tell me no more about the sale on a pain", "Tell me no more about the sale on a pain"),
    ],
)
def test_french_and_spanish_are_rendered_and_english_is_left_alone(text: str, english: str) -> None:
    assert in_english(text) == english


def test_no_example_in_english_is_taken_for_another_language() -> None:
    rendered = [text for text, _ in examples() if in_english(text) != text and text.isascii()]
    assert [text for text in rendered if {"the", "my", "what", "about"} & set(text.lower().split())] == []


def test_the_examples_are_embedded_once_whoever_asks_first() -> None:
    asked: list[int] = []

    def embed(texts: Sequence[str], timeout: float | None = None) -> Vectors:
        asked.append(len(texts))
        return alike(texts)

    intents = Intents(embed)
    threads = [threading.Thread(target=intents.of, args=("I wonder about walking",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(asked) == len(examples()) + 4


def test_a_failing_embedding_model_is_heard_of_and_asked_again_next_time() -> None:
    answers: list[Exception | None] = [openai.OpenAIError("down"), None]

    def embed(texts: Sequence[str], timeout: float | None = None) -> Vectors:
        if answers and (failure := answers.pop(0)):
            raise failure
        return np.ones((len(texts), 1), np.float32)

    intents = Intents(embed)
    with pytest.raises(openai.OpenAIError):
        intents.of("I wonder about walking")
    assert intents.of("I wonder about walking").mode in MODES


def test_the_next_process_takes_the_vectors_that_were_kept(tmp_path: Path) -> None:
    asked: list[int] = []

    def embed(texts: Sequence[str], timeout: float | None) -> Vectors:
        asked.append(len(texts))
        return alike(texts)

    first = Intents(embed, tmp_path).of("some plain words of mine")
    whole, asked[:] = sum(asked), []
    second = Intents(embed, tmp_path).of("some plain words of mine")

    assert second == first
    assert sum(asked) < 5 < whole, "one to see whether it is the same model, one for the message"


def test_vectors_of_another_model_are_not_taken(tmp_path: Path) -> None:
    def model(axis: int) -> Embed:
        return lambda texts, timeout: np.tile(np.eye(2, dtype=np.float32)[axis], (len(texts), 1))

    for axis in (0, 1):
        Intents(model(axis), tmp_path).of("some plain words of mine")
        [kept] = tmp_path.iterdir()
        assert np.load(kept)[0].argmax() == axis


def test_a_folder_that_cannot_be_written_to_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert Intents(lambda texts, timeout: alike(texts), tmp_path / "file" / "below").of("some plain words of mine").mode


@pytest.fixture(scope="module")
def learned() -> Intents:
    model = MiniLM()
    return Intents(lambda texts, timeout: model.embed(list(texts)).vectors)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("We always walked the harbour together. I haven't been back there since.", "emotion"),
        ("We used to dance every Friday.", "emotion"),
        ("I miss her so much. Sunday is the worst.", "emotion"),
        ("We go dancing every Friday", "coaching"),
        ("What should I write down to keep track?", "education"),
        ("What shoes should I wear?", "education"),
        ("What should I write on a birthday card?", "out_of_scope"),
        ("Why do people intend to exercise and then don't?", "education"),
        ("Then something seated for today, my knees are stiff.", "home_resources"),
        ("Qu'est-ce que je peux faire chez moi pour l'équilibre ?", "home_resources"),
    ],
)
def test_loss_is_a_feeling_and_what_to_wear_and_to_note_is_in_scope(learned: Intents, text: str, mode: str) -> None:
    assert learned.of(text).mode == mode
