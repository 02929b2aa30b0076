"""What was heard: words worth believing, how sure, in which language. What models invent over noise is taken out."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from store.texts import clean
from workers.recording import Recording

# Below LOW a person is asked before anything is done with it, below SURE only where a mistake would matter. What was
# measured for both: docs/voice.md
LOW, SURE = 0.58, 0.65

# Whisper's own thresholds: https://github.com/openai/whisper (transcribe.py)
NO_SPEECH_PROBABILITY = 0.6
NO_SPEECH_LOG_PROBABILITY = -1.0
COMPRESSION_RATIO = 2.4

# What nobody says to a coach and Whisper writes over noise: the ends of the videos that it learnt from.
_NEVER_SAID = re.compile(
    r"(thanks?( you)?( (so|very) much)?( all)? for (watching|viewing)\b.*"
    r"|(please )?(don t forget to )?(like (this video )?and )?subscribe\b.*"
    r"|(i ll )?see you (all )?in (the|my) next (video|one)\b.*"
    r"|(subtitles|subtitling|captions|captioning|transcribed|transcription|translated|translation) by\b.*"
    r"|.*\bamara org\b.*|www .*)"
)
# These people do say, so they count only where the model is not itself in doubt.
_SELDOM_SAID = frozenset(
    {"thank you", "thanks", "thank you very much", "thank you for listening", "thanks for listening", "you", "bye"}
    | {"bye bye", "goodbye", "see you next time", "so", "oh"}
)
_DOUBTFUL = 0.3  # probability of silence from which those words are not believed
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_NO_WORDS = re.compile(r"[\[(♪*].*[\])♪*]", re.DOTALL)  # [Music], (applause)

# Without log-probabilities: people say so many words a second.
_SLOWEST, _FASTEST = 0.5, 5.0
_PLAUSIBLE, _IMPLAUSIBLE = 0.6, 0.3  # never "sure"


@dataclass(frozen=True)
class Transcript:
    """What was heard. `confidence` from 0 to 1; with an empty `text` (nobody spoke), it and `language` are None."""

    text: str
    language: str | None
    confidence: float | None
    seconds: float

    def public(self) -> dict[str, Any]:
        """The `transcript` object of a job."""
        return {
            "text": self.text,
            "language": self.language,
            "confidence": self.confidence,
            "duration_seconds": self.seconds,
        }


def silence(seconds: float) -> Transcript:
    """The transcript of a recording in which nobody spoke."""
    return Transcript("", None, None, round(seconds, 2))


def of_segments(segments: Sequence[Any], language: str | None, recording: Recording) -> Transcript:
    """From the segments of a `verbose_json` answer, each with its own log-probability."""
    heard = [segment for segment in segments if not _silent(segment) and not _invented(segment.text, segment)]
    spoken = sum(max(segment.end - segment.start, 0.01) for segment in heard)
    weighted = sum(segment.avg_logprob * max(segment.end - segment.start, 0.01) for segment in heard)
    confidence = math.exp(weighted / spoken) if heard else None
    return _transcript(" ".join(segment.text.strip() for segment in heard), language, confidence, recording)


def of_text(text: str, language: str | None, log_probabilities: Iterable[float], recording: Recording) -> Transcript:
    """From an answer that is one text, with the log-probability of each token, or without."""
    known = list(log_probabilities)
    confidence = math.exp(sum(known) / len(known)) if known else _estimate(text, recording)
    return _transcript("" if _invented(text) else text, language, confidence, recording)


def joined(parts: Sequence[Transcript]) -> Transcript:
    """The whole, from the transcripts of its pieces; sure by as much as they are, each by its length."""
    seconds = sum(part.seconds for part in parts)
    heard = [part for part in parts if part.text]
    if not heard:
        return silence(seconds)
    weights = [len(part.text) for part in heard]
    confidence = sum((part.confidence or 0.0) * weight for part, weight in zip(heard, weights, strict=True))
    longest = max(heard, key=lambda part: len(part.text))
    text = " ".join(part.text for part in heard)
    return replace(longest, text=text, confidence=round(confidence / sum(weights), 3), seconds=round(seconds, 2))


def _transcript(text: str, language: str | None, confidence: float | None, recording: Recording) -> Transcript:
    said = _SENTENCE_END.split(clean(text).strip())
    text = " ".join(sentence for sentence in said if not _never_said(sentence))
    if confidence is None or not text:
        return silence(recording.seconds)
    return Transcript(text, language, round(min(confidence, 1.0), 3), round(recording.seconds, 2))


def _silent(segment: Any) -> bool:
    likely_silence: bool = segment.no_speech_prob > NO_SPEECH_PROBABILITY
    return likely_silence and segment.avg_logprob < NO_SPEECH_LOG_PROBABILITY


def _invented(text: str, segment: Any = None) -> bool:
    doubtful = segment is not None and segment.no_speech_prob > _DOUBTFUL
    return _never_said(text) or (doubtful and _plain(text) in _SELDOM_SAID) or _loops(text)


def _never_said(text: str) -> bool:
    plain = _plain(text)
    return bool(not plain or _NEVER_SAID.fullmatch(plain) or _NO_WORDS.fullmatch(text.strip()))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _loops(text: str) -> bool:
    """The same few words over and over, which compress far better than speech does."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) > COMPRESSION_RATIO


def _estimate(text: str, recording: Recording) -> float:
    spoken = max(recording.seconds * recording.speech_ratio, 0.1)
    return _PLAUSIBLE if _SLOWEST <= len(text.split()) / spoken <= _FASTEST else _IMPLAUSIBLE
