"""What gets in the way of a person's being active: the last obstacle they affirmed that still stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coach.evidence import of_barrier
from coach.mentions import Mention, Said
from safety.opinion import Opinion

NONE = "none"

_FORECAST = re.compile(r" (?:is it|will it|going to|might|do you think it|va t il|est ce qu il|va a) [^,.]*$")
_NEVER_OTHERS = frozenset({"weather"})  # it rains on everybody
# How sure the opinion must be to add a barrier where the rules find none, to take away one that they find, and to take
# away one that was known before.
_ADDS, _REFUTES, _ENDS = 0.4, 0.65, 0.45


def next_barrier(known: str, said: Said, mentions: Sequence[Mention], judge: Opinion) -> str:
    """The barrier after a message, `known` being the one before: what the rules find, unless the opinion is surer."""
    ruled = by_rules(known, mentions)
    shares = judge.of(of_barrier(said, mentions, known, ruled))
    likeliest = max((name for name in shares if name != NONE), key=lambda name: shares[name])
    if ruled in (NONE, known) and shares[likeliest] >= _ADDS:
        return likeliest
    if ruled == known:
        return NONE if shares[NONE] >= _ENDS else known
    return known if ruled != NONE and shares[NONE] >= _REFUTES else ruled


def by_rules(known: str, mentions: Sequence[Mention]) -> str:
    """Of several barriers mentioned the last one affirmed counts, and one that has gone is taken back."""
    eased = [
        mention for mention in mentions if mention.kind == "eased" and not (mention.denied or mention.counterfactual)
    ]
    for mention in mentions:
        if mention in eased and mention.label in (known, "any", "it"):
            known = NONE
        elif mention.kind == "barrier" and not (
            mention.past
            or (mention.of_other and mention.label not in _NEVER_OTHERS)
            or (mention.label == "weather" and _FORECAST.search(mention.before))
            or any(each.overlaps(mention) for each in eased)  # "I'm not that busy"
        ):
            if not mention.denied:
                known = mention.label
            elif known == mention.label:
                known = NONE
    return known
