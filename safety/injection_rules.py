"""What is recognised outright: wordings of orders to a model, and marks that talk does not carry.

The kinds follow OWASP Top 10 for LLM Applications, LLM01 Prompt Injection: override of instructions, change of role,
leak of the prompt, forged turns and markup, encoded payloads, tool calls, orders hidden in documents. Wordings in
English, French and Spanish: `safety/tables/injection.txt`.
"""

from __future__ import annotations

import math
import re

from safety.normalise import passages
from safety.patterns import Table
from safety.tables import read

RULE_WEIGHT = 2.0  # of something recognised, in the learned model's logits; more does not help in cross-validation
_RECOGNISED = 0.5
_KIND = 0.6  # what one kind of wording weighs: enough alone
_HINT = 0.3  # what one kind of hint weighs: two are enough

_LOOK_ALIKE = "ordinary"
_TEXT = read("injection")
_LOOK_ALIKES = Table({_LOOK_ALIKE: _TEXT.rules[_LOOK_ALIKE]}, _TEXT.words)
_TABLE = Table({name: block for name, block in _TEXT.rules.items() if name != _LOOK_ALIKE}, _TEXT.words)

# Marks that talk does not carry, with their weights: read from the raw text, since normalising drops punctuation.
_ROLES = r"(?:system|assistant|developer|admin|sys|inst(?:ructions?)?)"
_PARTS = r"(?:passages?|documents?|context|conversation|transcript|source|user[ _]?input|endoftext)"
_MARKS = tuple(
    (re.compile(pattern, re.IGNORECASE), weight)
    for pattern, weight in (
        (
            rf"<[|/ ]{{0,3}}(?:im_start|im_end|tool_calls?|function_calls?|{_ROLES}|{_PARTS})\b[^<>]{{0,40}}>",
            0.9,
        ),
        (rf"\[{{1,2}} ?/?{_ROLES}\b[^\[\]]{{0,40}}\]|<<sys>>", 0.9),
        (rf"(?:^|[\n.!?*>\[\"'-])[ #*]{{0,8}}{_ROLES}(?: (?:prompt|message|override|note))?[ *]{{0,3}}:", 0.6),
        (rf"#{{2,6}} ?(?:new )?(?:{_ROLES}|user|response|task)\b", 0.8),
        (rf"(?:-{{2,9}}|={{2,9}}|\[) ?end (?:of )?(?:the )?(?:{_PARTS}|prompt|text)", 0.8),
        (rf"`{{3}} ?{_ROLES}\b", 0.8),
        (r"\"(?:role|function_call|tool_calls?|tool)\" ?:", 0.8),
        (r"<(?:script|img|iframe|svg|object|embed|form|style)\b|javascript:", 0.8),
        (r"!\[[^\[\]]{0,80}\] ?\( ?https?:", 0.8),
        (r"\{\{[^{}]{1,80}\}\}|\$\{[^{}]{1,80}\}|<%[^<%]{1,80}%>", 0.6),
        (r"\b(?:drop|truncate) table\b|\bselect \* from\b|\brm -rf\b|/etc/passwd|\bos\.environ\b", 0.8),
        (r"\b[a-z] ?= ?[\"'][^\"'\n]{1,40}[\"'][^\n]{0,80}\b[a-z] ?\+ ?[a-z]\b", 0.6),
        (r"(?<![a-z0-9+/])(?=[a-z+/]{0,40}[0-9])[a-z0-9+/]{20,200}={0,2}(?![a-z0-9+/])", 0.3),
        (r"\b[a-z]{2,20}gpt\b", 0.3),
        (r"(?:\\x[0-9a-f]{2}){4}|(?:%[0-9a-f]{2}){5}|(?:&#x?[0-9a-f]{2,5};){4}", 0.6),
        ("[\U000e0020-\U000e007e]{4}|[\u202a-\u202e]", 0.6),
    )
)


def marks(text: str) -> list[tuple[str, float]]:
    """The marks in `text` (raw, as it came): name and weight."""
    return [(f"mark{index}", weight) for index, (mark, weight) in enumerate(_MARKS) if mark.search(text)]


def recognised(found: list[str], weights: list[float]) -> bool:
    """Whether normalised words, with the weights of the marks beside them, are an order outright.

    Evidence adds up as independent doubts do: 1 - product of (1 - weight) over the kinds found.
    """
    doubt = math.prod(1 - weight for weight in weights)
    kinds: set[str] = set()
    hints: set[str] = set()
    for passage in passages(found):
        rules = {hit.rule for hit in _TABLE.hits(_LOOK_ALIKES.masked(passage))}
        passage_hints = {rule for rule in rules if rule.startswith("hint_")}
        kinds |= rules - passage_hints
        hints = max(hints, passage_hints, key=len)  # hints pages apart do not add up
    return 1 - doubt * (1 - _KIND) ** len(kinds) * (1 - _HINT) ** len(hints) >= _RECOGNISED
