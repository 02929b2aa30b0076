"""What the coach knows about a person, kept up to date message by message: what is said last counts."""

from __future__ import annotations

import re
from dataclasses import replace

from coach.activities import next_activities
from coach.commitments import next_commitment
from coach.layer import next_layer
from coach.mentions import Mention, Said
from coach.minutes import minutes_in
from coach.preferences import next_preferences
from coach.turn import State

_FORECAST = re.compile(r" (?:is it|will it|going to|might|do you think it|va t il|est ce qu il|va a) [^,.]*$")
_NEVER_OTHERS = frozenset({"weather"})  # it rains on everybody


def update(state: State, text: str) -> State:
    """The state after the person said `text`.

    Activities are gathered in the order of mention and taken back when turned down; of several barriers the last one
    affirmed counts, and one that has gone is taken back. Minutes, preferences and goal are replaced when named anew.
    The layer's confidence fades with every message that says nothing of it.
    """
    said = Said(text)
    mentions = said.mentions()
    activities, disliked = next_activities(state.activities, state.disliked, said.plain, mentions)
    layer, confidence = next_layer(state.layer, state.layer_confidence, _signs(mentions))
    return replace(
        state,
        layer=layer,
        layer_confidence=confidence,
        barrier=_barrier(state.barrier, mentions),
        activities=activities,
        disliked=disliked,
        minutes_available=minutes_in(said.plain, state.minutes_available) or state.minutes_available,
        commitment=next_commitment(state.commitment, mentions, activities),
        **next_preferences(state, mentions),
    )


def _barrier(known: str, mentions: list[Mention]) -> str:
    eased = [mention for mention in mentions if mention.kind == "eased" and not mention.denied]
    for mention in mentions:
        if mention in eased and mention.label in (known, "any", "it"):
            known = "none"
        elif mention.kind == "barrier" and not (
            mention.past
            or (mention.of_other and mention.label not in _NEVER_OTHERS)
            or (mention.label == "weather" and _FORECAST.search(mention.before))
            or any(each.overlaps(mention) for each in eased)  # "I'm not that busy"
        ):
            if not mention.denied:
                known = mention.label
            elif known == mention.label:
                known = "none"
    return known


def _signs(mentions: list[Mention]) -> set[str]:
    return {
        mention.label for mention in mentions if mention.kind == "layer" and not mention.past and not mention.of_other
    } | {"doing" for mention in mentions if mention.kind == "activity" and not mention.of_other}
