"""Where and with whom a person likes to be active, and what they want it for."""

from __future__ import annotations

from collections.abc import Sequence

from coach.mentions import Mention
from coach.turn import State

_OUTDOORS = frozenset({"park", "trail", "waterside", "garden"})
_OPPOSITE = {"indoor": "outdoor", "outdoor": "indoor", "alone": "others", "others": "alone"}


def next_preferences(state: State, mentions: Sequence[Mention]) -> dict[str, str]:
    """`setting`, `company`, `place` and `goal` after a message; what it does not speak of stays as it was.

    A wish or a liking must stand in the same clause, or one of the activities they take up: "the pool shuts at nine"
    says nothing. What is turned down for setting or company speaks for the opposite.
    """
    found = {"setting": state.setting, "company": state.company, "place": state.place, "goal": state.goal}
    speaking = [mention for mention in mentions if mention.kind in ("prefer", "activity")]
    aiming = [mention for mention in mentions if mention.kind == "aim"]
    for mention in mentions:
        kind, name = mention.kind, mention.label
        if kind not in found or mention.of_other or mention.past:
            continue
        if not any(_with(mention, other) for other in (aiming if kind == "goal" else speaking)):
            continue
        if not _turned_down(mention):
            found[kind] = name
            if name in _OUTDOORS:
                found["setting"] = "outdoor"
        elif kind in ("setting", "company"):
            found[kind] = _OPPOSITE[name]
        elif found[kind] == name:
            found[kind] = ""
    return found


def _with(mention: Mention, other: Mention) -> bool:
    return mention.clause_start == other.clause_start and not mention.overlaps(other)


def _turned_down(mention: Mention) -> bool:
    before = f"{mention.before} "
    return any(word in before for word in (" not ", " never ", " hate ", " than ", " no ", " pas ", " que ", " sin "))
