"""What a person is after: one of the modes, from rules for the sharp cases and from examples for all others.

The examples (`intents.txt`) are compared by meaning, with whatever embedding model is configured, and by shared words:
kernel ridge regression on one-hot labels (Rifkin and Klautau, In Defense of One-Vs-All Classification, JMLR 2004),
which is solved at once, in a tenth of a second, so that no trained weights have to be kept in step with the examples.
"""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from numpy.typing import NDArray

from coach.gloss import in_english
from coach.modes import MODES
from coach.plan import asks_of_listed
from coach.recall import asks_for_plan
from safety.normalise import words

_EXAMPLES = Path(__file__).with_name("intents.txt")
# Chosen by leave-one-out on the examples, where .2 to .5, 1.5 to 3 and .03 to .3 differ by less than a point.
_SHARE_OF_WORDS = 0.35
_WIDTH = 1.5
_RIDGE = 0.1
_SHARPNESS = 12.0  # turns scores into a confidence: so sure as the examples, left out one by one, were right
_BATCH = 32  # texts in a request, as many as `rag.ingest` sends: not every server takes more
_SAME_MODEL = 0.98  # cosine of a text's two vectors, as in `rag.ingest`

Vectors = NDArray[np.float32]
# Texts (and seconds to wait at most) to vectors of length 1: `rag.embedding.Embedder.embed`.
Embed = Callable[[Sequence[str], float | None], Vectors]


@dataclass(frozen=True)
class Intent:
    """The mode and how sure it is, 0 to 1."""

    mode: str
    confidence: float


class Intents:
    """Tells the mode of a message. Safe to share between threads; the first question embeds all examples.

    The vectors of the examples are kept in `folder`, if one is given, so that the next process need not wait for them.
    """

    def __init__(self, embed: Embed, folder: Path | None = None) -> None:
        self._embed = embed
        self._folder = folder
        self._lock = threading.Lock()
        self._learned: _Learned | None = None

    def of(self, text: str, timeout: float | None = None) -> Intent:
        """The intent of one message. `timeout` is in seconds, for each call of the embedding model.

        Raises:
            openai.OpenAIError: when the embedding model cannot be asked.
        """
        if (mode := sharp(text)) is not None:
            return Intent(mode, 1.0)
        english = in_english(text)
        if not english.strip():
            return Intent("coaching", 0.0)
        return self.learn(timeout).of(text, self._embed([english], timeout)[0])

    def learn(self, timeout: float | None) -> _Learned:
        """Embed the examples, once, for which the first message would have to wait.

        Raises:
            openai.OpenAIError: when the embedding model cannot be asked.
        """
        with self._lock:
            if self._learned is None:
                texts = [in_english(text) for text, _ in examples()]
                self._learned = _Learned(self._kept(texts, timeout))
            return self._learned

    def _kept(self, texts: list[str], timeout: float | None) -> Vectors:
        """The vectors of the examples from the file, if it is of these examples and of this model."""
        if self._folder is None:
            return self._embedded(texts, timeout)
        digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
        file = self._folder / f"intents-{digest}.npy"
        with suppress(OSError, ValueError):
            vectors: Vectors = np.load(file)
            [known] = self._embed(texts[:1], timeout)
            if known.shape == vectors[0].shape and float(known @ vectors[0]) > _SAME_MODEL:
                return vectors
        vectors = self._embedded(texts, timeout)
        with suppress(OSError):  # a folder that cannot be written to costs time, nothing else
            self._folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self._folder, suffix=".new", delete=False) as new:
                np.save(new, vectors)
            Path(new.name).replace(file)
        return vectors

    def _embedded(self, texts: list[str], timeout: float | None) -> Vectors:
        starts = range(0, len(texts), _BATCH)
        return np.concatenate([self._embed(texts[start : start + _BATCH], timeout) for start in starts])


class _Learned:
    """What follows from the examples and their vectors."""

    def __init__(self, vectors: Vectors) -> None:
        labelled = examples()
        self._vectors = vectors
        counted = Counter(feature for text, _ in labelled for feature in _features(text))
        self._places = {feature: place for place, feature in enumerate(f for f, n in counted.items() if n > 1)}
        self._weights = np.log(len(labelled) / np.array([counted[feature] for feature in self._places]))
        self._rare = math.log(len(labelled))
        self._words = np.array([self._word_vector(text) for text, _ in labelled], np.float32)
        wanted = np.array([[mode == label for mode in MODES] for _, label in labelled], np.float32)
        kernel = self._kernel(self._vectors, self._words) + _RIDGE * np.eye(len(labelled), dtype=np.float32)
        self._base = 1 / len(MODES)
        self._answers = np.linalg.solve(kernel, wanted - self._base)

    def of(self, text: str, vector: Vectors) -> Intent:
        kernel = self._kernel(vector[None], self._word_vector(text)[None])
        scores = (kernel @ self._answers)[0]
        odds = np.exp(_SHARPNESS * (scores - scores.max()))
        best = int(scores.argmax())
        return Intent(list(MODES)[best], round(float(odds[best] / odds.sum()), 3))

    def _kernel(self, vectors: Vectors, word_vectors: Vectors) -> Vectors:
        by_meaning = np.exp(_WIDTH * (vectors @ self._vectors.T - 1))
        by_words = word_vectors @ self._words.T
        kernel: Vectors = (1 - _SHARE_OF_WORDS) * by_meaning + _SHARE_OF_WORDS * by_words
        return kernel

    def _word_vector(self, text: str) -> Vectors:
        """Inverse document frequencies; a feature of less than two examples counts in the length only."""
        vector = np.zeros(len(self._places), np.float32)
        found = _features(text)
        known = [self._places[feature] for feature in found if feature in self._places]
        vector[known] = self._weights[known]
        length = math.sqrt(float(vector @ vector) + self._rare**2 * (len(found) - len(known)))
        return vector / length if length else vector


def examples() -> list[tuple[str, str]]:
    """The examples and their modes.

    Raises:
        ValueError: a mode is not known.
    """
    found: list[tuple[str, str]] = []
    mode = ""
    for line in _EXAMPLES.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            found.append((line.strip(), mode))
        elif line and not line.startswith("#"):
            mode = line.strip()
            if mode not in MODES:
                raise ValueError(f"{_EXAMPLES.name}: there is no mode {mode!r}; use one of {', '.join(MODES)}.")
    return found


def sharp(text: str) -> str | None:
    """The mode of a message that leaves no doubt by its wording."""
    if asks_for_plan(text):
        return "coaching"
    if asks_of_listed(text):
        return "local_activities"
    plain = " ".join(words(in_english(text)))
    return next((mode for mode, pattern in _SHARP if pattern.search(plain)), None)


def _features(text: str) -> set[str]:
    """Its words and pairs of neighbours; those of a French or Spanish text in English too."""
    found: set[str] = set()
    for version in {text, in_english(text)}:
        row = ["^", *(word for word in words(version) if word != ","), "$"]
        found |= {*row[1:-1], *(f"{one} {other}" for one, other in pairwise(row))}
    return found


_NUMBER = (
    r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)"
)
_LESSON = rf"(?:(?:lesson|module) (?:number |no )?{_NUMBER}|{_NUMBER} (?:lesson|module))"
# In the plain form of `safety.normalise`, French and Spanish word by word in English; the first that fits decides.
_SHARP = tuple(
    (mode, re.compile(pattern))
    for mode, pattern in (
        (
            "technical_support",
            rf"\b{_LESSON} (?:\w+ ){{0,3}}?(?:will not|does not|keeps|is not|not|stops|freezes|crashe[sd]|hangs|stuck)"
            r"|\b(?:forgot|lost|reset|change) (?:my |the )?password\b",
        ),
        (
            "lesson_lookup",
            r"\b(?:which|what) (?:lesson|module|session|week|chapter)s? (?:is|was|has|have|had|talks?|covers?|explains?"
            r"|mentions?|deals?|teaches|tells?|about)\b(?! (?:that|it|this) from)",
        ),
        (
            "lesson_overview",
            rf"^(?:(?:what is|and|so|the|tell me about|summary of|overview of|in|about|of what about) )*{_LESSON}"
            r"(?: (?:about|on|please|summary|overview|of what))* ?[.]*$",
        ),
        (
            "framework",
            r"\bm ?pac\b|\bmulti ?process action\b|\b(?:instrumental|affective) (?:attitudes?|judge?ments?)\b"
            r"|\bperceived (?:opportunit(?:y|ies)|capabilit(?:y|ies))\b"
            r"|\b(?:reflective|reflexive|regulatory) (?:process(?:es)?|phase|layer|stage)\b",
        ),
        (
            "low_intention",
            r"\bwhat (?:is|would be|use is|is even) (?:the |be )?(?:point|use|sense|good) (?:of|in) "
            r"(?:exercis|mov|walk|try|start|train|any of|going|keeping|it\b|being active)",
        ),
        (
            "education",
            r"\bwhat (?:(?:is|would be|might be) in it for (?:me|us|you|someone|people)"
            r"|(?:do|would|will|can|could) (?:i|we|you|people) (?:get|gain) (?:out of|from|by)) ?(?!.*\bnothing\b)",
        ),
        (
            "education",
            r"\b(?:what )?(?:does|do) (?:the )?(?:research|science|evidence|studies) (?:\w+ )?(?:say|show)\b",
        ),
        (
            "coaching",
            r"^(?:ok |oh |great |well )?(?:many )?(?:thanks?|cheers)(?: you)?\b"
            r"(?!.*\b(?:but|no|where|how|what|which|who)\b)",
        ),
        (
            "coaching",
            r"^(?:(?:hello|hi|hey|good (?:morning|afternoon|evening)|there|ok|okay|oh|great|lovely|many|thanks?"
            r"|thank you|cheers|bye|goodbye|dear|very much|so much|a lot|again|coach) ?[.,]* ?)+$",
        ),
    )
)
