"""Which activities a person takes up and which they turn down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from coach.cues import any_of, cue
from coach.evidence import of_activity, opinion
from coach.mentions import Mention, Said

Verdict = Literal["wanted", "dropped", "unwanted", "other"]

THEIRS, NOT = "theirs", "not theirs"  # the classes of the opinion

_SURE = 0.7
_REACH = 80  # characters between "instead" and the activity that takes the place
_LIST = re.compile(r"(?:(?:,|and|or|nor|et|ou|ni|y|o|my|the|a|to|some|go|de|la|le|du|play|do) )+")
_PRONOUN = re.compile(r" (?:it|them|for me|my thing) ")
_SUGGESTED = re.compile(rf" {any_of('suggested')} (?:me|us|i|that i|we)(?= )")
_PREFERS = cue("prefers")
# Not done, yet theirs: "I've not gone for a swim", "I can't walk far", "I don't walk enough".
_STILL_THEIRS = re.compile(
    r" (?:have|has|had|been|did|am|was) not (?:[^ ,.]+ ){0,5}$"
    r"| (?:can|could) not (?:go|get|do|manage|fit|make)(?: [^ ,.]+){0,4} $"
    rf"| not {any_of('still before')}(?: [^ ,.]+){{0,3}} $"
    r"| peux pas (?:faire d[eu] |aller )?$| puedo (?:hacer |ir a )?$"
)
_STILL_AFTER = re.compile(rf"^ ?{any_of('still after')}")
_DISLIKED_BEFORE = re.compile(rf" {any_of('dislike')}(?: [^ ,.]+){{0,4}} $")
_DROPPED_BEFORE = re.compile(
    rf" {any_of('drop')}(?: (?:the|my|any|to|go|going|de|du|la|le|a|about|do|doing|play|all|that|of|more|really|ever|d"
    r"|for|faire|jouer|al))* $"
)
_DISLIKED_AFTER = re.compile(rf"^ ?(?:[^ ,.]+ ){{0,3}}(?:{any_of('disliked after')}|(?:i|me) {any_of('dislike')})")
_SPOKEN_OF = re.compile(
    r"^ ?(?:[^ ,.]+ )?(?:at my age |i |me |do |did |have |really |, |\. |no |non |never |nope |not )*"
    rf"(?:{any_of('dislike')}(?: (?:it|them|that|the thing|either of them|ca|lo))?|{any_of('no thanks')})(?= )"
)
_WATCHED = re.compile(rf" {any_of('watched')}(?: (?:the|a|some|on|le|la|el|les|un|une))* $")
_WATCHED_AFTER = re.compile(rf"^ ?{any_of('watched after')}(?= )")
_GIVEN_UP = cue("given up")
_RATHER = cue("rather")  # "cycling instead", "scrap that, I'd rather cycle": the one named last gives way


def next_activities(
    liked: Sequence[str], disliked: Sequence[str], said: Said, mentions: Sequence[Mention]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What they do or would like, and what they turned down, after the message; each in the order of mention.

    Other people's activities, those of long ago and those only watched count as neither.
    """
    wanted, unwanted = list(liked), list(disliked)
    rather = _RATHER.search(said.plain)
    judge = opinion("activity")
    judged = list(verdicts(said, mentions))
    if wanted and not judged and _GIVEN_UP.search(said.plain):  # "tried it, never again"
        wanted.pop()
    for mention, ruled in judged:
        name, verdict = mention.label, _weighed(ruled, judge.of(of_activity(said, mentions, mention, ruled))[NOT])
        if verdict == "unwanted":
            _move(name, unwanted, wanted)
        elif verdict == "dropped":
            wanted = [each for each in wanted if each != name]
        elif verdict == "wanted":
            if rather and wanted and wanted[-1] != name and abs(mention.start - rather.start()) < _REACH:
                wanted.pop()
                rather = None
            _move(name, wanted, unwanted)
    return tuple(wanted), tuple(unwanted)


def verdicts(said: Said, mentions: Sequence[Mention]) -> Iterator[tuple[Mention, Verdict]]:
    """The activities mentioned, each with what the rules say of it."""
    before: Mention | None = None
    verdict: Verdict = "other"
    for mention in mentions:
        if mention.kind == "activity":
            if not (before and _LIST.fullmatch(said.plain[before.end : mention.start])):  # "I neither swim nor cycle"
                verdict = _judge(mention)
            before = mention
            yield mention, verdict


def _weighed(ruled: Verdict, not_theirs: float) -> Verdict:
    """The verdict of the rules, unless the opinion is sure of the contrary."""
    if ruled == "wanted":
        return "dropped" if not_theirs >= _SURE else ruled
    return "wanted" if not_theirs <= 1 - _SURE else ruled


def _judge(mention: Mention) -> Verdict:
    if mention.of_other or _WATCHED.search(mention.before) or _WATCHED_AFTER.search(mention.after):
        return "other"
    taken_up = mention.alone or _PRONOUN.search(mention.follows[:40])
    if (
        _DISLIKED_BEFORE.search(mention.before)
        or _DISLIKED_AFTER.search(mention.after)
        or (taken_up and _SPOKEN_OF.search(mention.follows))
    ):
        return "unwanted"
    if _SUGGESTED.search(mention.before) and _PREFERS.search(mention.follows):
        return "other"
    theirs = _STILL_THEIRS.search(mention.before) or _STILL_AFTER.search(mention.after)
    if _DROPPED_BEFORE.search(mention.before) and not theirs:
        return "dropped"
    return "other" if mention.past else "wanted"


def _move(name: str, into: list[str], out_of: list[str]) -> None:
    if name in out_of:
        out_of.remove(name)
    if name not in into:
        into.append(name)
