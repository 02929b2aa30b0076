"""What the coach knows about a person, kept up to date message by message: what is said last counts."""

from __future__ import annotations

from dataclasses import replace

from coach.activities import next_activities
from coach.barrier import next_barrier
from coach.commitments import next_commitment
from coach.evidence import of_message, opinion
from coach.layer import next_layer
from coach.mentions import Said
from coach.minutes import minutes_in
from coach.preferences import next_preferences
from coach.turn import State


def update(state: State, text: str) -> State:
    """The state after the person said `text`.

    Activities are gathered in the order of mention and taken back when turned down; of several barriers the last one
    affirmed counts, and one that has gone is taken back. Minutes, preferences and goal are replaced when named anew.
    The layer's confidence fades with every message that says nothing of it.
    """
    said = Said(text)
    mentions = said.mentions()
    activities, disliked = next_activities(state.activities, state.disliked, said, mentions)
    layer, confidence = next_layer(state.layer, state.layer_confidence, opinion("layer").of(of_message(said, mentions)))
    return replace(
        state,
        layer=layer,
        layer_confidence=confidence,
        barrier=next_barrier(state.barrier, said, mentions, opinion("barrier")),
        activities=activities,
        disliked=disliked,
        minutes_available=minutes_in(said.plain, state.minutes_available) or state.minutes_available,
        commitment=next_commitment(state.commitment, said, mentions, activities),
        **next_preferences(state, mentions),
    )
