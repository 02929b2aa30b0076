"""The stage that speaks a reply, sentence by sentence, so that the first words can be heard early."""

from __future__ import annotations

import logging
import math

from coach.model import CoachError
from store.hold import Hold
from workers.aside import Aside
from workers.encoder import Encoder
from workers.heartbeat import Lease
from workers.listening import MAYBE_BILLED
from workers.speakable import utterances
from workers.speech import SPEECH_RATE, Speech

log = logging.getLogger(__name__)

_FIXED_TEXT_SPOKEN_SECONDS = 10.0
_CANNOT_BE_SAID = "model_bad_request"  # such as words in a script that the voice does not read


class Speaking:
    """Speaks the reply of one job."""

    def __init__(self, speech: Speech, hold: Hold, lease: Lease, aside: Aside) -> None:
        self._speech = speech
        self._hold = hold
        self._lease = lease
        self._aside = aside
        self._begun = False

    def speak(self, text: str, *, fixed: bool) -> None:
        """Write the parts of the spoken reply as they come. A `fixed` text waits for no model: it may stay unspoken.

        Raises:
            CoachError: the model cannot be asked.
        """
        encoder = Encoder(self._hold.audio_format, SPEECH_RATE)
        try:
            for utterance in utterances(text):
                self._keep(encoder.add(self._say(utterance, _FIXED_TEXT_SPOKEN_SECONDS if fixed else math.inf)))
            self._keep(encoder.close())
        except CoachError as error:
            if not fixed:
                raise
            # The text of a person's emergency waits for no model.
            log.warning("job.unspoken", extra={"code": error.code})

    def _say(self, text: str, most: float) -> bytes:
        before = self._hold.characters
        self._hold.characters += len(text)
        self._hold.progress(calls=1)
        try:
            return self._aside.run(
                lambda: self._speech.speak(text, timeout=lambda: min(most, self._lease.seconds_left()))
            )
        except CoachError as error:
            if error.code != MAYBE_BILLED:
                self._hold.characters = before
            if error.code != _CANNOT_BE_SAID:
                raise
            log.warning("job.unspoken", extra={"code": error.code})
            return b""

    def _keep(self, part: bytes) -> None:
        if not part:
            return
        event = None if self._begun else {"type": "audio", "data": {"url": f"/jobs/{self._hold.job_id}/audio"}}
        self._begun = True
        self._hold.progress(speech=part, event=event)
