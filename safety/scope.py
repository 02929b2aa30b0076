"""What stands around a match: is it denied, long past, about somebody else, from a film, or only asked about?

Each cue is looked for in the words of one sentence (normalised, one space around every word). The cues, in
`tables/cues.txt`, lean towards "it is happening to this person now": grammar never settles a doubt about a grave thing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from safety.cues import CUES, any_of, cue
from safety.words import WORDS

_BREAK = re.compile(r"(?<= )(?:,|and|but|so|et|mais|y|pero)(?= )")
_DENIAL_REACH = 120  # characters before the match

_DENIED = re.compile(
    rf" (?:{any_of(CUES['denial'])})(?: (?!, (?:i|my|it|he|she|mi|mon|ma|je) )(?:,|{any_of(CUES['light'])}))*? $"
)
_DENIED_LATER = re.compile(rf"^(?:{any_of(CUES['denied later'])}) ")
_LIKE_NEVER = re.compile(rf"^(?:[^ .]+ ){{0,3}}(?:{any_of(CUES['like never'])})(?= )")
_LONG_AGO = cue("long ago")
_NOW = cue("now")
_OVER = cue("over")
_HABIT = cue("habit")
_SOMETIMES = cue("sometimes")
_MILD = cue("mild")
_EASING = cue("easing")
_INTENDED = cue("intended")
_STORY = cue("story")
_WORK = cue("work")
_ASKS = re.compile(rf"^ ?(?:so |and |hi |hello |ok |, )*(?:{any_of(CUES['asks'])})(?= )")
_TOPIC = cue("topic")
_OWN = cue("own")
_SAFETY = cue("safety")
_WHAT_IF = cue("what if")
_FEARED = re.compile(rf" (?:{any_of(CUES['fear'])})(?: (?:{any_of(CUES['fear of'])}))* $")
_SELF = cue("self")
_OTHER = re.compile(
    rf" (?:(?:{any_of(CUES['whose'])})(?: \w+)? (?:{any_of(WORDS['relative'])})|{any_of(CUES['other'])}) ",
)


@dataclass(frozen=True)
class Scope:
    """The sentence of a match, cut at the match."""

    before: str
    match: str
    after: str

    @property
    def sentence(self) -> str:
        """The whole sentence."""
        return f"{self.before}{self.match}{self.after}"

    @property
    def clause(self) -> str:
        """The part of the sentence between the nearest "and", "but" or comma on either side of the match."""
        return f"{_BREAK.split(self.before)[-1]}{self.match}{_BREAK.split(self.after)[0]} "

    @property
    def denied(self) -> bool:
        """As in "no chest pain", "never fainted", "sin dolor"; but not "never had a pain like this"."""
        if _LIKE_NEVER.search(self.after):
            return False
        return bool(_DENIED.search(self.before[-_DENIAL_REACH:]) or _DENIED_LATER.search(self.after))

    @property
    def long_ago(self) -> bool:
        """Weeks or years back, and nothing beside it says that it goes on."""
        return any(_LONG_AGO.search(part) and not _NOW.search(part) for part in (self.clause, self.sentence))

    @property
    def over(self) -> bool:
        """The person says that it has passed."""
        return bool(_OVER.search(f"{self.clause}{self.after}"))

    @property
    def told(self) -> bool:
        """Heard in a film, a book or the news, or met at work or for a charity, and not the speaker's own."""
        story = _STORY.search(self.before)
        return bool(story and not _OWN.search(self.before[story.end() - 1 :])) or bool(_WORK.search(self.sentence))

    @property
    def asked_about(self) -> bool:
        """A question or a lesson about the thing: "how does walking lower the risk of a stroke"."""
        asks = _ASKS.search(self.sentence) or _TOPIC.search(self.before)
        return bool(asks) and not _OWN.search(f"{self.before}{self.match}".replace(" tell me ", " "))

    @property
    def asks_if_safe(self) -> bool:
        """As in "is yoga dangerous if you have high blood pressure"."""
        return bool(_SAFETY.search(self.sentence))

    @property
    def supposed(self) -> bool:
        """As in "what if I get chest pain"."""
        return bool(_WHAT_IF.search(self.before))

    @property
    def feared(self) -> bool:
        """As in "I'm scared of having a heart attack"."""
        return bool(_FEARED.search(self.before))

    @property
    def mild_and_rare(self) -> bool:
        """As in "sometimes a slight twinge"."""
        return bool(_MILD.search(self.sentence)) and bool(_SOMETIMES.search(self.sentence))

    @property
    def habitual(self) -> bool:
        """It comes with effort or now and then, not at this moment."""
        return bool(_HABIT.search(self.sentence)) and not _NOW.search(self.sentence)

    @property
    def intended(self) -> bool:
        """Not done yet: "thinking of taking them all"."""
        return bool(_INTENDED.search(f"{self.before}{self.match}"))

    @property
    def easing(self) -> bool:
        """It gets better by training, which is as it should be."""
        return bool(_EASING.search(self.sentence))

    @property
    def about_other(self) -> bool:
        """The nearest person named before or in the match is not the speaker."""
        head = f"{self.before}{self.match}"
        own = [match.start() for match in _SELF.finditer(head)]
        other = [match.start() for match in _OTHER.finditer(head)]
        # "my brother" starts where its "my" does, and is the brother
        return bool(other) and (not own or other[-1] > own[-1] or 0 <= own[-1] - other[-1] <= len(" mon "))
