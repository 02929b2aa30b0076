"""Phrases by which people ask for less, more, or not: patterns for folded text (`rag.text.fold`) in three languages."""

from __future__ import annotations

import re

# Words that would name a wish, in phrases where they do not.
IDLE = re.compile(
    r"\b(?:(?:stand|get|rise|push)(?:ing)?(?: myself)?(?: up)? (?:from|out of|off) (?:(?:a|an|my|the|low) )*"
    r"(?:arm ?)?chairs?"
    r"|sit(?:ting)? (?:all day|too (?:much|long)|for (?:hours|long)|around|at (?:a|my|the) \w+|in front of)"
    r"|los(?:e|ing) weight|free (?:time|weights?|spirit))\b"
)
FREE = re.compile(
    r"(?<!i'm )(?<!i am )(?<!we're )(?<!we are )(?<!feel )(?<!-)\bfree\b(?!-| time| weights?| of (?!charge)"
    r"| and easy)(?: of charge)?"
    r"|\b(?:no cost|no charge|costs? nothing|for nothing|without paying|(?:don't|do not) (?:want|have) to pay"
    r"|complimentary"
    r"|gratuit(?:e|s|es|ement)?|gratis|sans frais|sin costo)\b"
)
CHEAP = re.compile(
    r"\b(?:cheap|low[- ]cost|inexpensive|affordable|(?:not|nothing|isn't|that's not) (?:too )?(?:expensive|dear|pricey)"
    r"|on a budget|pas (?:trop )?chere?s?|bon marche|barat[oa]s?|economic[oa]s?|no muy car[oa]s?)\b"
)
SHORT = re.compile(r"\b(?:short|quick|brief|courte?s?|rapides?|cort[oa]s?|rapid[oa]s?)\b")

# Comparisons with what was asked for before.
MORE_OF = {
    "cheaper": re.compile(r"\b(?:cheaper|less (?:expensive|money)|cost(?:s|ing)? less|moins chere?s?"
        r"|mas barat[oa]s?)\b"),
    "shorter": re.compile(r"\b(?:shorter|quicker|less time|not (?:so|as|that) long|plus courte?s?|mas cort[oa]s?)\b"),
    "longer": re.compile(r"\b(?:longer|more time|plus longu?e?s?|mas larg[oa]s?)\b"),
    "easier": re.compile(r"\b(?:easier|gentler|lighter|softer|less (?:hard|intense|strenuous)|plus (?:facile"
        r"|douce?)s?|mas (?:facil|suave)(?:es)?)\b"),
    "harder": re.compile(r"\b(?:harder|tougher|more (?:challenging|intense)|plus (?:dure?|intense)s?|mas (?:dur[oa]"
        r"|intens[oa])s?)\b"),
}  # fmt: skip

_ANY = r"(?:any|whichever|whatever|n'importe quel(?:le)?|peu importe (?:le|la|quel)|cualquier|no importa (?:el|la|que))"
_NO_MATTER = r"(?:doesn't|does not|don't|needn't) (?:really )?(?:matter|mind)"
# What does not matter (any more), by kind of wish.
GIVEN_UP = {
    "day": re.compile(rf"\b(?:{_ANY} (?:days?|jours?|dias?)(?: (?:is|will|would)(?: be| do)?(?: fine| ok(?:ay)?"
        rf"| good)?| works)?|(?:the )?days? {_NO_MATTER}|whenever|another day|other days|a different day"
        rf"|un autre jour|otro dia|{_NO_MATTER} (?:when|which day))\b"),
    "place": re.compile(rf"\b(?:anywhere|wherever|somewhere else|elsewhere|another place|ailleurs|otr[oa] (?:lugar"
        rf"|sitio|parte)|n'importe ou|peu importe ou|{_ANY} (?:place|lugar|sitio|endroit)"
        rf"|(?:the )?place {_NO_MATTER}|{_NO_MATTER} where)\b"),
    "cost": re.compile(rf"\b(?:{_ANY} (?:price|cost|prix|precio)|(?:the )?(?:price|cost|money) (?:{_NO_MATTER}"
        rf"|is no object)|whatever it costs|{_NO_MATTER} paying)\b"),
    "minutes": re.compile(rf"\b(?:{_ANY} (?:length|duree|duracion)|however long|(?:the )?(?:length"
        rf"|time) {_NO_MATTER}|{_NO_MATTER} how long)\b"),
    "time": re.compile(rf"\b(?:{_ANY} ?(?:time|hour|heure|hora)(?: of (?:the )?day)?)\b"),
    "type": re.compile(rf"\b(?:{_ANY} (?:kind|sort|type|activity|exercise)|anything (?:will do|is fine|at all))\b"),
}  # fmt: skip

# Before a thing that is not wanted; the day that one works is such a thing.
NOT = re.compile(
    r"(?<!why )\b(?:not|nothing|(?:is|are|was|does|wo)n't|never|except(?: for)?|besides|other than|apart from"
    r"|rather than|instead of|anything but|avoid(?:ing)?|hates?|loathes?|detest(?:e|o|s)?|odio|no soporto|no aguanto"
    r"|without|no|(?:don't|do not|didn't) (?:like|want|enjoy|fancy|do)|(?:can't|cannot|can not|couldn't) (?:do|make"
    r"|come|manage|bear|handle|stand|stomach|abide)"
    r"|(?:i|we)(?:'m| am|'re| are)? (?:work(?:ing)?|busy|away|tied up|babysit(?:ting)?|not free)|bored (?:of|with)"
    r"|tired of"
    r"|sauf|pas|rien|sans|excepto|menos|nada|sin|ni)"
    r"(?:\s+(?:on|in|at|a|an|the|any|into|with|my|more|do|doing|to|be|le|la|les|de|du|d'|l'|au|en|el|los|las|un|une"
    r"|una|por))*\s*$"
)
# Between two things of which either will do, and between two that are both meant or both not.
OR = re.compile(r"^[\s,/]*(?:(?:or|nor|ou|o|ni)\b)?(?:\s+(?:on|in|at|a|the|le|la|el|les|los))*[\s,/]*$")
JOINED = re.compile(
    r"^[\s,]*\b(?:and|or|nor|&|et|ou|y|o|ni)\b(?:\s+(?:anything|any|other|else|on|in|at|a|the|le|la|el|les|los))*[\s,]*$"
)
