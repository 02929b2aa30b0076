"""Where a message speaks of something the coach keeps track of, and how: affirmed, denied, past, somebody else's.

Wordings stand in `state.txt`. Each is judged within its clause, in the plain form of :mod:`safety.normalise`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coach.cues import any_of, cue
from safety.normalise import passages, words
from safety.patterns import Table
from safety.tables import read
from safety.words import WORDS

_TEXT = read("state", Path(__file__).parent)
_IDIOMS = Table({"idiom": _TEXT.rules["idiom"]}, {**WORDS, **_TEXT.words})
_RULES = Table({name: block for name, block in _TEXT.rules.items() if name != "idiom"}, {**WORDS, **_TEXT.words})

_REACH = 300  # characters before and after a match: keeps the time linear in the length of the message
_ONE_EACH = frozenset({"activity", "barrier"})
# A comma within a list ("I don't swim, cycle or dance") ends no clause: what is denied of one is denied of all.
_IN_LIST = r"(?:[a-z]+ ){1,2}(?:, (?:[a-z]+ ){1,2})*(?:or|nor|ni|ou|o) "
_BREAK = re.compile(
    rf"(?<= )(?:\.|,(?! {_IN_LIST})|but|though|although|however|because|so(?= (?:i|my|we|it) )"
    r"|and(?= (?:i|it|my|we|then) )|when|while|whereas|yet|mais|car|parce|donc|et(?= (?:je|j|mon|ma|mes|il) )|pero"
    r"|aunque|porque|y(?= (?:me|mi|mis|no|tengo) )) "
)
_RELATIVE = "|".join(phrase.strip() for phrase in WORDS["relative"].split(",") if phrase.strip() not in {"il", "elle"})
_OTHER = re.compile(
    rf"(?: (?:my|our|the|mon|ma|mes|mi|mis|un|una|a|his|her) (?:\w+ )?(?:{_RELATIVE})s?| {any_of('other')})(?= )"
)
_SELF = cue("self")
_TOGETHER = re.compile(r" (?:with|(?:i|me|we|moi|yo) (?:and|et|y)|take|taking|join|joining|avec|con|like|for|than) $")
_PAST = cue("past")
_NOW = cue("now")
_PAST_AFTER = re.compile(r"^[ ,.]*(?:and |but )?that was ")  # "Cycled to work once, that was in 1966"
# Between a denial and what it denies: at most three words, and no turn of thought.
_DENIED = re.compile(
    rf" {any_of('denial')}(?: (?!(?:if|when|because|only|just|for|with|due|to|sure|that|in|can|will) )[^ ,.]+){{0,3}} $"
)
_NOT_DENIED = re.compile(rf" {any_of('no denial')} [^,.]*$")
_COUNTERFACTUAL = re.compile(r" if (?:[^ ,.]+ ){1,4}(?:was|were|is|had|did|would) not ")
_ASKED = re.compile(
    rf"^ (?:(?:{any_of('opener')}|,) )*{any_of('question')}(?= )"
    rf"| {any_of('question word')} {any_of('asking')}(?= )"
)
_NO = re.compile(r"^ (?:no|none|not|never|nope|nah|non|pas|nada)(?= )")
_DENIED_LATER = re.compile(
    r"^ ?(?:(?:is|are|was|were|has|have|does|do|did|would|will) )?(?:really |all |just )?"
    r"(?:(?:not|no|never) (?:longer |been |really |exactly )?(?:a |an |the |my |any |much (?:of )?(?:a )?|what |that )?"
    rf"(?:\w+ )?{any_of('obstacle')}|{any_of('denied later')})(?= )"
)


def asked(clause: str) -> bool:
    """Whether a clause is a question by its order of words, as speech has no question mark: "will I be able to"."""
    return bool(_ASKED.search(clause))


@dataclass(frozen=True)
class Mention:
    """A wording of `state.txt` found in a message: its `kind` and `label`, as in "activity walking".

    `before` and `after` are the rest of its clause, `follows` is what comes after that.
    """

    kind: str
    label: str
    start: int
    before: str
    match: str
    after: str
    follows: str

    @property
    def end(self) -> int:
        """Where the match ends in the message."""
        return self.start + len(self.match)

    @property
    def clause_start(self) -> int:
        """Where its clause begins in the message: the same for all mentions in it, unless it is very long."""
        return self.start - len(self.before)

    @property
    def clause(self) -> str:
        """The whole clause."""
        return f"{self.before}{self.match}{self.after}"

    @property
    def denied(self) -> bool:
        """As in "no pain", "not at all tired", "the rain isn't a problem", but not "can't stand the cold"."""
        if self.counterfactual:
            return False
        if _DENIED_LATER.search(self.after) or (self.alone and _NO.search(self.follows)):
            return True
        return bool(_DENIED.search(self.before)) and not _NOT_DENIED.search(self.before)

    @property
    def counterfactual(self) -> bool:
        """What is wished away is there: "I'd walk if I wasn't so busy"."""
        return bool(_COUNTERFACTUAL.search(f"{self.before}{self.match}"))

    @property
    def asked(self) -> bool:
        """Part of a question: "should I go walking tomorrow"."""
        return asked(f"{self.before}{self.match[:-1]}{self.after} ")

    @property
    def alone(self) -> bool:
        """Nearly the whole clause: "Golf? No thanks."."""
        return len(self.before.split()) <= 1 and len(self.after.split()) <= 1

    @property
    def past(self) -> bool:
        """Only as it once was: "I used to golf", and nothing in the clause says that it goes on."""
        past = _PAST.search(self.clause) or _PAST_AFTER.search(self.follows)
        return bool(past) and not _NOW.search(self.clause)

    @property
    def of_other(self) -> bool:
        """The person it is told of is not the speaker: "my wife plays golf", but not "with my wife"."""
        others = list(_OTHER.finditer(self.before))
        if not others:
            return False
        other = others[-1]
        together = _TOGETHER.search(self.before[: other.start() + 1])
        return not together and not _SELF.search(self.before[other.end() :])

    def overlaps(self, other: Mention) -> bool:
        """Whether they share a word."""
        return self.start < other.end and other.start < self.end


class Said:
    """A message in plain words: `plain` without figures of speech, `passages` with them, and what it mentions."""

    def __init__(self, text: str) -> None:
        found = words(text)
        self.passages = passages(found)
        self.plain = _IDIOMS.masked(f" {' '.join(found)} . ")
        self._breaks = [0, *(match.end() - 1 for match in _BREAK.finditer(self.plain))]

    def clause_before(self, end: int) -> str:
        """The clause that a match ending at `end` stands in, up to there."""
        return self.plain[max(self._breaks[bisect_right(self._breaks, end - 1) - 1], end - _REACH) : end + 1]

    def mentions(self) -> list[Mention]:
        """What is mentioned, in the order of the words; of overlapping ones of a label the longest.

        The same words are one activity and one barrier: "andar en bici" is no walk, fear of the ice no weather.
        """
        found: list[Mention] = []
        ends: dict[str, int] = {}
        for mention in sorted(self._all(), key=lambda mention: (mention.start, -len(mention.match))):
            name = mention.kind if mention.kind in _ONE_EACH else f"{mention.kind} {mention.label}"
            if mention.start >= ends.get(name, 0):
                found.append(mention)
                ends[name] = mention.end
        return found

    def _all(self) -> Iterator[Mention]:
        for hit in _RULES.hits(self.plain):
            kind, _, label = hit.rule.partition(" ")
            start = self._breaks[bisect_right(self._breaks, hit.start - 1) - 1]
            after = bisect_right(self._breaks, hit.end - 1)
            end = self._breaks[after] if after < len(self._breaks) else len(self.plain)
            yield Mention(
                kind=kind,
                label=label,
                start=hit.start,
                before=self.plain[max(start, hit.start - _REACH) : hit.start],
                match=self.plain[hit.start : hit.end],
                after=f" {self.plain[hit.end : min(end, hit.end + _REACH)]}",
                follows=self.plain[end : end + _REACH],
            )
