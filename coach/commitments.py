"""What a person says they will do, and what they tell of it later."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from coach.activities import verdicts
from coach.cues import any_of, cue
from coach.mentions import Mention, Said, asked
from coach.promises import promised, refused
from coach.turn import Commitment

_MOVED = cue("moved to")
_SUITS = re.compile(rf"^ {any_of('suits')}(?= )")
_RATHER_ON = re.compile(rf" {any_of('rather on')}(?: {any_of('at')})* $")
_GIVES_WAY = re.compile(rf" {any_of('gives way')}(?: {any_of('at')})* $")
_CALLED_OFF = cue("called off")
_CANCELS = re.compile(rf" {any_of('cancels')}(?: {any_of('at')})* $")
_MOVES = re.compile(rf" {any_of('moves')}(?: {any_of('at')})* $")
_MOVED_ON = re.compile(rf"^ (?:[^ ,.]+ ){{0,2}}{any_of('moved on')} ")  # not "change my swimming costume"
_KEEPS = re.compile(rf" {any_of('keeps')}(?: {any_of('meaning to')})* $")  # "I don't want to drop the swim"
_UNABLE = cue("unable")
_NOT_YET = cue("not yet")
_ENDS = rf"^ {any_of('nothing else')}(?= |$)"
# What may follow these words of an account: "I did the shopping" tells nothing of a walk, nor "I didn't sleep".
_AFTER = {"not": re.compile(_ENDS)} | dict.fromkeys(
    ("the", "my"), re.compile(rf"{_ENDS}|^ (?:[^ ,.]+ ){{0,3}}(?:{any_of('exercise')}|{any_of('of a plan')})(?= )")
)
_KEPT_IN_MIND = 30  # messages; then it is no longer asked about


def next_commitment(
    known: Commitment | None, said: Said, mentions: Sequence[Mention], activities: Sequence[str]
) -> Commitment | None:
    """The last commitment after a message: made anew, changed, called off, done, missed or still open.

    A commitment has an activity, as far as it is known, and a day or a time of day: "I'll walk on Tuesday after
    breakfast". `activities` are those of the state.
    """
    if known and known.turns >= _KEPT_IN_MIND:
        known = None
    if known:
        known = replace(known, turns=known.turns + 1)
    if made := promised(said, mentions, activities, known):
        return made
    if known and known.status == "open":
        if (status := _told(mentions, known)) != "open":
            return replace(known, status=status)
        if changed := _changed(said, mentions, known):
            return changed
        if _called_off(said, mentions, known):
            return None
    return known


def _changed(said: Said, mentions: Sequence[Mention], known: Commitment) -> Commitment | None:
    """With another day, time or activity. One that is only mentioned changes nothing ("it's Wednesday, I'm back")."""
    corrections = {mention.clause_start for mention in mentions if _corrects(mention, known)}
    taken_up = [mention for mention, verdict in verdicts(said, mentions) if verdict == "wanted"]
    found = {
        mention.kind: mention.label
        for mention in mentions
        if mention.clause_start in corrections
        and (mention.kind in ("day", "time") or mention in taken_up)
        and not _GIVES_WAY.search(mention.before)
    }
    if not found:
        return None
    return Commitment(found.get("activity", known.activity), found.get("day", known.day), found.get("time", known.time))


def _corrects(mention: Mention, known: Commitment) -> bool:
    of_time = mention.kind in ("day", "time")
    return bool(
        _MOVED.search(mention.clause)
        or (of_time and (_SUITS.search(mention.after) or _RATHER_ON.search(mention.before)))
        or (mention.label in (known.activity, known.day) and _does(_MOVES, mention) and _MOVED_ON.search(mention.after))
    )


def _does(what: re.Pattern[str], mention: Mention) -> bool:
    """Whether the words before a mention do that to it, and are not denied: "move the tai chi"."""
    found = what.search(mention.before)
    return found is not None and not _KEEPS.search(mention.before[: found.start() + 1])


def _called_off(said: Said, mentions: Sequence[Mention], known: Commitment) -> bool:
    if any(not asked(said.clause_before(match.end())) for match in _CALLED_OFF.finditer(said.plain)):
        return True
    return any(
        (mention.kind == "promise" and refused(mention) and not mention.asked and _is_about(mention, mentions, known))
        or (
            mention.label in (known.activity, known.day)
            and _does(_CANCELS, mention)
            and not (mention.asked or mention.of_other)
        )
        or ((mention.kind, mention.label) == ("day", known.day) and _UNABLE.search(mention.clause))
        for mention in mentions
    )


def _is_about(mention: Mention, mentions: Sequence[Mention], known: Commitment) -> bool:
    """Whether the clause names the plan and no other."""
    beside = [each for each in mentions if each.clause_start == mention.clause_start]
    named = {(each.kind, each.label) for each in beside if each.kind in ("activity", "day")}
    return bool(named) and named <= {("activity", known.activity), ("day", known.day)}


def _told(mentions: Sequence[Mention], known: Commitment) -> Literal["open", "done", "missed"]:
    told = [
        mention
        for mention in mentions
        if mention.kind == "told"
        and not (mention.of_other or mention.asked or _NOT_YET.search(f"{mention.clause} "))
        and _may_be(mention, mentions, known.activity)
    ]
    if any(mention.label == "missed" for mention in told):
        return "missed"
    return "done" if any(not mention.denied for mention in told) else "open"


def _may_be(told: Mention, mentions: Sequence[Mention], activity: str) -> bool:
    """Whether it can be told of `activity`: the clause names that, or nothing else."""
    named = {each.label for each in mentions if each.kind == "activity" and each.clause_start == told.clause_start}
    if not named:
        goes_on = _AFTER.get(told.match.split()[-1])
        return not goes_on or bool(goes_on.search(told.after))
    return not activity or activity in named
