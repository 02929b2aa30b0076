"""The stage that makes words of a recording, and what is done when they may be wrong."""

from __future__ import annotations

import logging
import math
from dataclasses import asdict

import safety
from coach.model import CoachError
from store.hold import Hold
from workers.aside import Aside
from workers.audio import Decoder
from workers.breaker import Breaker
from workers.heartbeat import Lease
from workers.recording import SILENT_DBFS, Recording
from workers.speech import Speech
from workers.transcript import LOW, SURE, Transcript, joined, silence

log = logging.getLogger(__name__)

NO_SPEECH = "I could not hear any words in that recording. Could you try once more, a little closer to the microphone?"
TOO_QUIET = "That recording was too quiet for me to hear any words. Could you try once more, closer to the microphone?"
ENGLISH_ONLY = " I understand spoken English only. If you spoke another language, please write to me instead."
MAYBE_BILLED = "model_timeout"  # a call that was refused, or never arrived, is not
_QUIET_DBFS = -45.0


class Listening:
    """Hears the recording of one job."""

    def __init__(
        self, decoder: Decoder, speech: Speech, breaker: Breaker, *, hold: Hold, lease: Lease, aside: Aside
    ) -> None:
        self._decoder = decoder
        self._speech = speech
        self._breaker = breaker
        self._hold = hold
        self._lease = lease
        self._aside = aside
        self.prompt = NO_SPEECH  # what to say when nothing was heard

    def hear(self) -> Transcript:
        """What was said; kept, so that a later attempt need not listen again.

        Raises:
            AudioError: the recording cannot be used.
            CoachError: the model cannot be asked.
        """
        recording = self._decoder.decode(self._hold.audio(), run=self._aside.run)
        _log(recording)
        if recording.loudness_dbfs < _QUIET_DBFS:
            self.prompt = TOO_QUIET
        if recording.loudness_dbfs < SILENT_DBFS:
            heard = silence(recording.seconds)  # given silence, models hear words
        else:
            heard = joined([self._piece(piece) for piece in recording.pieces()])
        self._hold.progress(transcript=asdict(heard), event={"type": "transcript", "data": heard.public()})
        return heard

    def _piece(self, piece: Recording) -> Transcript:
        self._breaker.admit()
        before = self._hold.audio_ms
        self._hold.audio_ms += math.ceil(piece.seconds * 1000)
        self._hold.progress(calls=1)  # noted before the call: if this process is killed in it, it is paid for too
        try:
            heard = self._aside.run(lambda: self._speech.transcribe(piece, timeout=self._lease.seconds_left))
        except CoachError as error:
            if error.code != MAYBE_BILLED:
                self._hold.audio_ms = before
            raise
        self._breaker.succeeded()
        return heard


def must_be_confirmed(heard: Transcript) -> bool:
    """Whether to ask the person before anything is done with what was heard.

    Always below `LOW`; below `SURE` where a mishearing would matter, which is where triage advises caution. Never what
    reads like an emergency: that is answered at once.
    """
    category = safety.triage(heard.text).category
    return category not in {"emergency", "crisis"} and (
        _less_sure_than(LOW, heard) or (category == "medical_caution" and _less_sure_than(SURE, heard))
    )


def unsure(heard: Transcript) -> bool:
    """Whether the person should have a say even after an emergency was answered."""
    return _less_sure_than(SURE, heard)


def question(heard: Transcript, *, english_only: bool) -> str:
    """What to ask, and why it may have gone wrong."""
    hint = ENGLISH_ONLY if english_only and _less_sure_than(LOW, heard) else ""
    return f"I heard: “{heard.text}” Is that right?{hint}"


def _less_sure_than(least: float, heard: Transcript) -> bool:
    return heard.confidence is None or heard.confidence < least


def _log(recording: Recording) -> None:
    log.info(
        "audio.decoded",
        extra={
            "seconds": round(recording.seconds, 2),
            "loudness_dbfs": round(recording.loudness_dbfs, 1),
            "clipping": round(recording.clipping, 4),
            "speech_ratio": round(recording.speech_ratio, 2),
        },
    )
