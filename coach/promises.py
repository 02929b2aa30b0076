"""What a person says they will do: with which activity, and on which day or at what time of day."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coach.activities import verdicts
from coach.cues import any_of, cue
from coach.mentions import Mention, Said
from coach.turn import Commitment

_REFUSED_AFTER = re.compile(rf"^ (?:[^ ,.]+ ){{0,2}}{any_of('refusal')}(?= )")
_ON_CONDITION = re.compile(rf" {any_of('condition')} $")
_ONLY_THOUGHT_OF = cue("only thought of")
_HABIT = cue("habit")
_OWN_GOING = re.compile(rf"^ (?:{any_of('opener')} )*$| (?:am|are) (?:\w+ )?$")  # not "the weather is going to"
_BAN = cue("ban")
_BAN_ON_ALL = re.compile(rf" {any_of('ban')}(?: [^ ,.]+){{0,2}} {any_of('everything')}(?= )")
# Without the activity's name it takes one of these: "I'll be away on Tuesday" promises nothing.
_AGAIN, _IT, _GO = cue("again"), cue("it"), cue("go")
_EXERCISE = cue("exercise")
_BARE = re.compile(rf"(?: (?:{any_of('bare')}|at \S+|\d+))* ?[,.]?(?: {any_of('in company')} .*)? *")


def promised(
    said: Said, mentions: Sequence[Mention], activities: Sequence[str], known: Commitment | None
) -> Commitment | None:
    """The first plan that a message makes; None if it makes none.

    `activities` are those of the state, `known` is the plan before. An activity that is not of the vocabulary, or that
    cannot be known, is "": "I'll do the neck turns every evening".
    """
    promises = [
        mention
        for mention in mentions
        if mention.kind == "promise" and not (refused(mention) or mention.of_other or _idle(mention))
    ]
    if not promises:
        return None
    done = [mention for mention in mentions if (mention.kind, mention.label) == ("told", "done")]
    wanted = [
        mention
        for mention, verdict in verdicts(said, mentions)
        if verdict == "wanted" or mention.past or (verdict != "other" and mention.label in activities)
    ]
    for promise in promises:
        when = {each.kind: each for each in reversed(mentions) if each.kind in ("day", "time") and _with(each, promise)}
        if not when or any(_with(each, promise) and _tells(each, promise) for each in done):
            continue
        named = [each for each in wanted if _with(each, promise)]
        spoken_of = named or [each for each in wanted if each.start < promise.start][-1:]
        activity = spoken_of[0].label if named else _unnamed(promise, list(when.values()), spoken_of, activities, known)
        if activity is not None and not _banned(activity, said, mentions):
            day, time = (when[kind].label if kind in when else "" for kind in ("day", "time"))
            return Commitment(activity, day, time)
    return None


def refused(promise: Mention) -> bool:
    """As in "I won't", "I'm not going to", "I don't think I'll"."""
    return promise.denied or bool(_REFUSED_AFTER.search(promise.after))


def _idle(promise: Mention) -> bool:
    """Asked about, on condition or given up by now: "should I go?", "whether I'll go", "I was going to"."""
    before = f"{promise.before}{promise.match}"
    if promise.match.startswith("going") and not _OWN_GOING.search(promise.before):
        return True
    return promise.asked or bool(_ON_CONDITION.search(promise.before) or _ONLY_THOUGHT_OF.search(before))


def _tells(done: Mention, promise: Mention) -> bool:
    """Whether the words of a promise are those of an account: "I've walked this morning"."""
    return done.start <= promise.start or promise.match.endswith(" have ")


def _unnamed(
    promise: Mention,
    when: Sequence[Mention],
    spoken_of: Sequence[Mention],
    activities: Sequence[str],
    known: Commitment | None,
) -> str | None:
    """The activity of a promise that names none of the vocabulary; None if it is about something else.

    "I'll do it" is about what was taken up last, "I'll go again" about the plan before; "I'll go" may be about
    something that only the coach has named.
    """
    said_after = promise.after[
        : min((each.start - promise.end + 1 for each in when if each.start > promise.start), default=None)
    ]
    habit = _HABIT.match(f" {promise.match}{promise.after[1:]}")
    if habit or not (_GO.search(promise.clause) or _IT.search(promise.clause)):
        return None
    if not _BARE.fullmatch(said_after.rstrip()):
        return "" if _EXERCISE.search(promise.clause) else None
    if spoken_of:
        return spoken_of[0].label
    if known and (known.status == "missed" or _AGAIN.search(promise.clause)):
        return known.activity
    if _IT.search(promise.clause) or _AGAIN.search(promise.clause):
        return activities[-1] if activities else ""
    return ""


def _banned(activity: str, said: Said, mentions: Sequence[Mention]) -> bool:
    """The same message tells that it must not be: "the surgeon said no lifting"."""
    return bool(_BAN_ON_ALL.search(said.plain)) or any(
        mention.label == activity and _BAN.search(mention.clause) for mention in mentions
    )


def _with(mention: Mention, other: Mention) -> bool:
    return mention.clause_start == other.clause_start
