"""The words by which listings and people name what can be filtered on: kinds of activity, levels, needs and the like.

Patterns are for folded text (`rag.text.fold`) and match whole words, in English, French and Spanish. `FACTS` is read in
passages when they are ingested and in queries; `SAID` holds what only people say, and would mislead in a listing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rag.text import fold

Table = Mapping[str, Mapping[str, re.Pattern[str]]]


def _compiled(tables: dict[str, dict[str, str]]) -> Table:
    return {
        field: {value: re.compile(rf"\b(?:{words})\b") for value, words in values.items()}
        for field, values in tables.items()
    }


FACTS = _compiled(
    {
        "activity_type": {
            "yoga": r"yoga|yogi\w*",
            "pilates": r"pilates",
            "walking": r"walk\w*|stroll\w*|steps|hik(?:es?|ing|ers?)|marche[rs]?|promenades?|camina\w*",
            "pickleball": r"pickle ?ball",
            "table tennis": r"table tennis|ping[- ]?pong|tenis de mesa|tennis de table",
            "dance": r"danc\w+|danse\w*|danza|bail(?:e|es|ar)|zumba",
            "zumba": r"zumba",
            "strength": r"strength\w*|resistance|weights|weight[- ](?:room|training|lifting)|dumb-?bells?"
            r"|musculation|renforcement|fuerza|pesas"
            r"|muscle\w*",
            "aquatic": r"aqua\w*|swim\w*|water|nata(?:tion|cion)|nad(?:ar|er)|nager|acuatic\w+",
            "kayaking": r"kayak\w*|cano(?:e|es|eing|eists?)|paddl(?:e|ing) (?:a|for)|paddling|pagay\w+|piragu\w+",
            "chair": r"chairs?|chair\w*|seated|sitting|sentad[oa]s?|silla|chaise|assise?s?",
            "mind-body": r"mind[- ]body|tai ?chi|(?:qi|chi) ?gong|so ?qi|meditat\w+|meditacion|mindful\w*|relaxation",
            "tai chi": r"tai ?chi",
            "qigong": r"(?:qi|chi) ?gong|so ?qi",
            "meditation": r"meditat\w+|meditacion|mindful\w*",
            "boxing": r"box(?:ing|e|eo)",
            "cardio": r"cardio|aerobics?|aerobique|aerobico",
            "hiit": r"hiit",
            "stretch": r"stretch\w*|flexib\w+|flex|etire\w*|estir\w+",
            "balance": r"balance|equilibre|equilibrio",
            "warm-up": r"warm(?:ing)?[- ]?ups?|echauffe\w*|calentamiento",
            "cool-down": r"cool(?:ing)?[- ]?downs?|after exercising|retour au calme|enfriamiento",
            "skating": r"skat(?:e|es|ing)|patin(?:age|aje|ar)|hockey",
            "racquet": r"ra(?:cquet|cket)s?|tennis|badminton|squash(?! court)",
            "basketball": r"basket ?ball",
            "cycling": r"cycl(?:e|ing|ists?)|bik(?:e|es|ing)|velo|bici\w*|riders?|ride",
            "abs": r"abs|abdominals?|core",
            "gardening": r"garden(?:s|ing)?|jardin\w*",
            "bowls": r"bowls|bowling|lawn bowl\w*",
            "curling": r"curling",
        },
        "need": {
            "stroke": r"strokes?|avc|derrame cerebral|ictus",
            "brain": r"brain injur\w+|neurolog\w+",
            "dementia": r"dementia|alzheimer\w*|memory loss|demence|demencia",
            "parkinson": r"parkinson\w*",
            "arthritis": r"arthrit\w+|artrit\w+|artrosis|arthrose",
            "bones": r"osteo\w+|bones?|os fragiles|huesos",
            "chronic pain": r"chronic pain|fibromyalgia|douleurs? chroniques?|dolor cronico",
            "back": r"back pain|spin(?:e|al)|sciatica|mal (?:de|au) dos|dolor de espalda",
            "knee": r"knees?|genoux?|rodillas?",
            "scoliosis": r"scoliosis|scoliose",
            "pelvic floor": r"pelvic(?: floor)?|plancher pelvien|suelo pelvico",
            "falls": r"fall[- ]prevention|falls|chutes|caidas",
            "menopause": r"menopaus\w+",
            "neurodiversity": r"neurodivers\w*|autis\w+|adhd",
        },
        "level": {
            "beginner": r"beginn\w+|introduc\w+|intro|getting started|starters?|first[- ]tim(?:e|er|ers)|first steps"
            r"|novices?|debutante?s?|principiantes?|new to|learn",
            "intermediate": r"intermediate|improve your|level 2\.0|intermediaires?|intermedi[oa]s?",
        },
        "intensity": {
            "light": r"gentl[ey]\w*|eas(?:y|ier)|light(?:er)?|mild|low(?:er)?[- ]intensity"
            r"|slow(?:er)?(?:[- ]paced)?|restor\w+"
            r"|relax\w*|casual|douce?s?|legere?s?|suaves?|liger[oa]s?",
            "moderate": r"moderate|medium|moderee?s?|moderad[oa]s?",
            "vigorous": r"(?<!low )(?<!low-)(?<!lower )(?<!lower-)intens[eio]\w*|vigorous|hiit"
            r"|high(?:er)?[- ](?:intensity|energy)|intervals?"
            r"|vigoureu(?:x|se)s?",
        },
        "impact": {
            "low": r"low[- ]impact|(?:no|nothing with|not any)[- ]jump(?:ing|s)?|without jumping|joint[- ]friendly"
            r"|no impact|sans sauts?|sin saltos?"
            r"|faible impact|bajo impacto"
        },
        "equipment": {
            "none": r"no (?:equipment|kit|gear)|without (?:any )?(?:equipment|kit|gear)|body ?weight|sans (?:materiel"
            r"|equipement)|sin (?:equipo|material)",
            "dumbbells": r"dumb-?bells?|(?:hand|with) weights",
            "bands": r"(?:resistance |elastic |stretch(?:y)? )bands?|bands?",
        },
        "position": {
            "seated": r"chair(?:one)?s?|chair-based|seated|sitting(?! (?:quietly|still|around|all|too|at|in front"
            r"|here|so|for))|sentad[oa]s?|(?:en|una|la) silla|chaise|assise?s?",
            "standing": r"standing|debout|de pie",
        },
        "attendance": {
            "online": r"on-?line|virtual\w*|zoom|web ?site|livestream\w*|en ligne|en linea|virtuel\w*",
        },
        "booking": {
            "drop-in": r"drop[- ]?ins?|per (?:session|visit|class|walk|ride|game)|single admissions?",
            "course": r"for (?:\d+|multiple|several) sessions|session-based",
        },
        "time": {
            "morning": r"mornings?|matin(?:ee)?s?|(?:por|de) la manana|mananas",
            "afternoon": r"afternoons?|apres[- ]midis?|tardes?",
            "evening": r"evenings?|nights?|after (?:work|supper|dinner)|soir(?:ee)?s?|noches?",
        },
        "media": {
            "video": r"videos?|clips?|you ?tube",
            "playlist": r"play ?lists?",
            "blog": r"blogs?|articles?",
        },
    }
)

SAID = _compiled(
    {
        "activity_type": {
            "dance": r"boogie\w*|bop",
            "aquatic": r"pool|piscine|piscina",
            "strength": r"lifting|stronger|muscl\w+|musculos",
            "stretch": r"loosen(?:ing)?(?: up)?|limber(?:ing)?(?: up)?|supple|bendy",
            "balance": r"steadier|wobbl\w+",
            "cardio": r"out of breath|heart pumping|huff and puff",
            "warm-up": r"beforehand|before (?:i|we|you|my|a|exercis\w+)(?: start| begin| work ?out| exercise| walk"
            r"| run)?",
            "cool-down": r"come back down|wind(?:ing)? down|after(?:wards)? (?:to|i|exercis\w+)"
            r"|after (?:a|my|the) (?:(?:long|hard|good|brisk) )?(?:walk|run|work ?out|hike|swim|game|ride|session)",
        },
        "need": {
            "chronic pain": r"(?:hurt|ache|sore)s? all over|pain all the time|always (?:in pain|hurting)|constant pain",
            "bones": r"brittle|bone density|skeleton",
            "back": r"(?:bad|sore|dodgy|stiff|my) back|back (?:hurts|aches|trouble|problems?)|backache",
            "dementia": r"losing (?:his|her|my) memory",
            "arthritis": r"arthritic|stiff joints",
            "falls": r"fall(?:ing|en)|fell",
        },
        "level": {
            "beginner": r"newbie|newcomer|rookie|from scratch|never (?:done|tried|played|held|been|had|swum|picked)"
            r"|just starting|starting out|complete novice|first go|have a go|learn(?:ing)?|start(?:ing)? from zero"
            r"|brand new|basics|teach me",
            "intermediate": r"some experience|next level|improvers?|not a beginner|past the basics",
        },
        "intensity": {
            "light": r"low[- ]key|nothing (?:too )?(?:strenuous|hard|heavy|demanding|difficult)|not too (?:hard"
            r"|strenuous"
            r"|tough|demanding|difficult)|easy[- ]going|tranquil\w*|facile",
            "vigorous": r"push (?:it|me|myself)|(?:work|hard|tough|proper) (?:workout|sweat)|work up a sweat"
            r"|sweaty?|hard"
            r"|tough|challenging|strenuous",
        },
        "impact": {
            "low": r"(?:kind|easy|easier|gentle|soft|good|light) (?:on|to) (?:(?:my|the|your|his|her|old|bad|dodgy) )*"
            r"(?:joints?|hips?|knees?|ankles?|back)|no jump\w*|no bouncing|no hopping|without (?:any )?(?:jumping"
            r"|hopping)"
        },
        "equipment": {
            "none": r"no (?:special |fancy )?(?:equipment|kit|gear|weights|machines|stuff)|without (?:any )?(?:weights|"
            r"gadgets)|(?:don't|do not|haven't) (?:have|own|got|need) (?:any )?(?:equipment|kit|gear|weights)"
            r"|nothing to buy",
        },
        "position": {
            "seated": r"s[ia]t(?:ting)?[- ]?down|(?:in|from) (?:a|my|the) (?:arm ?)?chair|wheelchair"
            r"|without standing(?: up)?"
            r"|(?:can't|cannot|can not|don't|struggle to|hard to|unable to|not able to) (?:really |manage to |manage )?"
            # Who cannot stand swimming, or the cold, dislikes it.
            r"(?:be on my feet|stand(?:ing)? up|stand(?:ing)?(?= (?:for|long|very|too|well|at|on|without|unaided|alone"
            r"|because|and|so|but|any ?more|much|after|in|by myself|all day)\b| *(?:[.,;:!?)]|$)))"
            r"(?: for long| long)?"
            r"|(?:dizzy|trouble|problems?|unsteady) (?:when |with )?(?:i'm )?stand(?:ing)?(?: up)?"
            r"|standing (?:up )?(?:hurts|is hard)"
            r"|off my feet",
            "standing": r"on my feet|standing up|stand(?:ing)? only|no chairs?",
        },
        "attendance": {
            "in-person": r"in[- ]person|face[- ]to[- ]face|en personne|en persona|presencial\w*|en presentiel"
            r"|(?:get|got|getting) out of the house|meet (?:people|folks|others|new people|someone)",
            "online": r"from (?:my )?home|over the internet|on (?:my|the) (?:computer|laptop|tablet|screen)",
        },
        "booking": {
            "drop-in": r"pay (?:as (?:you|i) go|each time|per (?:visit|class)|by the (?:visit|class)|at the door"
            r"|when (?:i|you) (?:go|turn up|come))|just (?:turn|show) up|turn up when|no (?:course|commitment"
            r"|sign[- ]?up|"
            r"registration)|without (?:signing up|registering|a course|committing|commitment)|sans inscription"
            r"|sin inscripcion|walk[- ]in",
            "course": r"(?:block|series) of (?:classes|sessions)",
        },
        "media": {
            "video": r"watch|follow along|vids?",
            "playlist": r"(?:collection|series|set|list) of (?:videos?|vids?|workouts?|clips?)|several videos",
            "blog": r"(?:to|can|could|rather|like) read|reading|read about|posts?",
        },
    }
)


def values_in(field: str, text: str) -> tuple[str, ...]:
    """All values of the field that the text names."""
    folded = fold(text)
    return tuple(value for value, pattern in FACTS[field].items() if pattern.search(folded))
