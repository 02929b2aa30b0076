"""What a person says they will do, and what they tell of it later."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from coach.cues import cue
from coach.mentions import Mention
from coach.turn import Commitment

# Without the activity's name it takes one of these: "I'll be away on Tuesday" promises nothing.
_MEANS_IT = re.compile(
    r" (?:it|that|do|go|try|start|let|how about|put me down|count me in|ca|le faire|hacerlo|hare|ferai|irai|ire)(?= )"
)
_MOVED = cue("moved to")
_KEPT_IN_MIND = 30  # messages; then it is no longer asked about


def next_commitment(
    known: Commitment | None, mentions: Sequence[Mention], activities: Sequence[str]
) -> Commitment | None:
    """The last commitment after a message: made anew, moved to another day, done, missed or still open.

    A commitment has an activity (named with it, or the one spoken of last) and a day or a time of day:
    "I'll walk on Tuesday after breakfast". `activities` are those of the state.
    """
    if known and known.turns >= _KEPT_IN_MIND:
        known = None
    if known:
        known = replace(known, turns=known.turns + 1)
    if made := _made(mentions, activities):
        return made
    if known and known.status == "open":
        if (status := _told(mentions)) != "open":
            return replace(known, status=status)
        # A day that is only mentioned ("it's Wednesday, and I'm back") moves nothing.
        moved = [mention for mention in mentions if _MOVED.search(mention.clause)]
        day, time = _last(moved, "day"), _last(moved, "time")
        if day or time:
            return Commitment(known.activity, day or known.day, time or known.time)
    return known


def _made(mentions: Sequence[Mention], activities: Sequence[str]) -> Commitment | None:
    for promise in mentions:
        if promise.kind != "promise" or promise.denied or promise.of_other:
            continue
        said = {
            mention.kind: mention.label
            for mention in reversed(mentions)
            if mention.kind in ("activity", "day", "time") and mention.clause_start == promise.clause_start
        }
        known = activities[-1] if activities and _MEANS_IT.search(promise.clause) else ""
        activity = said.get("activity", known)
        if activity and ("day" in said or "time" in said):
            return Commitment(activity, said.get("day", ""), said.get("time", ""))
    return None


def _last(mentions: Sequence[Mention], kind: str) -> str:
    return next((mention.label for mention in reversed(mentions) if mention.kind == kind), "")


def _told(mentions: Sequence[Mention]) -> Literal["open", "done", "missed"]:
    told = [mention for mention in mentions if mention.kind == "told" and not mention.of_other]
    if any(mention.label == "missed" for mention in told):
        return "missed"
    return "done" if any(not mention.denied for mention in told) else "open"
