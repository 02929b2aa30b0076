"""What the learned opinion of the triage sees of a text: which words stand beside which concepts.

A concept is a row of `safety/tables/words.txt`. "A fist round my ribs" and "like a brick on the breastbone" share no
word, but both are {pressure} close to {chest}; such pairs are what carries over to wordings never seen.
"""

from __future__ import annotations

from collections import defaultdict

from safety.words import WORDS

_NEAR = 6  # words between two concepts that belong together
_PREFIX = 3  # letters by which a row's `beginning*` is looked up
_STEM = 4

_PHRASES: dict[str, list[tuple[list[str], str]]] = defaultdict(list)
_BEGINNINGS: dict[str, list[tuple[str, str]]] = defaultdict(list)
for _name, _row in WORDS.items():
    for _phrase in (piece.strip() for piece in _row.split(",")):
        if _phrase.endswith("*"):
            _BEGINNINGS[_phrase[:_PREFIX]].append((_phrase[:-1], _name))
        elif not _phrase.startswith("~"):
            _PHRASES[_phrase.split()[0]].append((_phrase.split(), _name))


def evidence(passage: str) -> set[str]:
    """The names of what a passage (plain words, see :mod:`safety.normalise`) shows."""
    found = passage.split()
    concepts = [_concepts(found, index) for index in range(len(found))]
    shown: set[str] = set()
    before: list[tuple[int, str]] = []  # where which concepts stood in this sentence
    for index, word in enumerate(found):
        if word in ".,":
            if word == ".":
                before = []
            continue
        here = concepts[index]
        shown.add(word)
        if len(word) > _STEM:
            shown.add(f"{word[:_STEM]}*")
        shown.update(f"{{{concept}}}" for concept in here)
        shown.update(f"{{{other}}} .. {{{concept}}}" for at, other in before if index - at <= _NEAR for concept in here)
        last = found[index - 1] if index else ","
        if last not in ".,":
            shown.add(f"{last} {word}")
            shown.update(f"{last} {{{concept}}}" for concept in here)
            shown.update(f"{{{concept}}} {word}" for concept in concepts[index - 1])
            if index > 1 and found[index - 2] not in ".,":
                shown.add(f"{found[index - 2]} _ {word}")
        before += [(index, concept) for concept in here]
    return shown


def _concepts(found: list[str], index: int) -> set[str]:
    word = found[index]
    here = {name for phrase, name in _PHRASES.get(word, ()) if found[index : index + len(phrase)] == phrase}
    here.update(name for beginning, name in _BEGINNINGS.get(word[:_PREFIX], ()) if word.startswith(beginning))
    return here
