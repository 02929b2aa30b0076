"""What stands in for the coach and the speech model in tests of the runner."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

from coach.turn import Citation, Guardrail, Reply, Sentence, Stage, State, Turn, Usage
from tests.support.audio_files import tone
from workers.recording import Recording
from workers.speech import SPEECH_RATE
from workers.transcript import Transcript

# What the scripted model call costs, as far as it came.
PROMPT, PROMPT_AND_ONE, COUNTED = Usage(4, 0, estimated=True), Usage(4, 2, estimated=True), Usage(3, 5)


def reply(text: str, outcome: Any = "answered") -> Reply:
    citation = Citation("lesson-01", "A lesson", "lessons", 0.9, "word for word")
    guardrails = (Guardrail("safety", "input", "pass"),)
    return Reply(text, outcome, (citation,), "coaching", State(minutes_available=10), COUNTED, guardrails, "m")


class ScriptedCoach:
    """Says two sentences; `between` runs between them."""

    def __init__(self, between: Callable[[], object] = lambda: None, error: Exception | None = None) -> None:
        self.between = between
        self.error = error
        self.turns: list[Turn] = []
        self.calls = 0  # of the model

    def respond(
        self, turn: Turn, *, timeout: Callable[[], float], spent: Callable[[Usage], None]
    ) -> Generator[Stage | Sentence | Reply, None, None]:
        self.turns.append(turn)
        yield Stage("retrieving")
        spent(PROMPT)
        yield Stage("generating")
        self.calls += 1
        if self.error:
            raise self.error
        spent(PROMPT_AND_ONE)
        yield Sentence("One. ")
        self.between()
        timeout()
        spent(COUNTED)
        yield Sentence("Two.")
        yield reply("One. Two.")


class FixedCoach(ScriptedCoach):
    """Answers with a fixed text, for which it asks no model."""

    def respond(
        self, turn: Turn, *, timeout: Callable[[], float], spent: Callable[[Usage], None]
    ) -> Generator[Stage | Sentence | Reply, None, None]:
        yield Stage("screening")
        yield Sentence("Call 911.")
        yield replace(reply("Call 911.", "escalated"), model=None)


class ScriptedSpeech:
    """Hears what it is told to; counts how often it listened."""

    def __init__(self, text: str = "I like to walk") -> None:
        self.text = text
        self.confidence = 0.8
        self.listened = 0
        self.spoken: list[str] = []
        self.error: Exception | None = None
        self.deaf: Exception | None = None

    def transcribe(self, recording: Recording, *, timeout: Callable[[], float]) -> Transcript:
        self.listened += 1
        if self.deaf:
            raise self.deaf
        return Transcript(self.text, "english", self.confidence, recording.seconds)

    def speak(self, text: str, *, timeout: Callable[[], float]) -> bytes:
        if self.error:
            raise self.error
        self.spoken.append(text)
        return tone(0.5, SPEECH_RATE)
