"""Answers without a model: texts of ours, and what the programme's own listing says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coach.citations import cite, last_cited
from coach.gloss import in_english
from coach.turn import Citation, Message
from rag.lessons import Lesson
from rag.passage import Hit, Passage
from safety.language import Language, language_of
from safety.normalise import words

Texts = Mapping[Language, str]

FIXED: Mapping[str, Texts] = {
    "technical_support": {
        "en": "I can't see or mend the app, your devices or your account from here. Please write to the people who "
        "run this programme, and say what you did, what you saw and on which device; a picture of the screen helps. "
        "I am here for everything about being active.",
        "fr": "D'ici, je ne peux ni voir ni réparer l'application, vos appareils ou votre compte. Écrivez aux "
        "responsables du programme en disant ce que vous avez fait, ce que vous avez vu et sur quel appareil; une "
        "image de l'écran aide. Je suis là pour tout ce qui touche à l'activité physique.",
        "es": "Desde aquí no puedo ver ni arreglar la aplicación, sus aparatos o su cuenta. Escriba a los responsables "
        "del programa y diga qué hizo, qué vio y en qué aparato; una foto de la pantalla ayuda. Estoy aquí para todo "
        "lo que tenga que ver con la actividad física.",
    },
    "chatbot_help": {
        "en": "I am an automated coach for everyday physical activity after retirement, not a person and not a "
        "clinician. You can tell me how things are going, make a small plan with me, or ask why and how to be active, "
        "what to do at home, what is on near you, and what a lesson is about; I use what you say here to answer you. "
        "What would you like to start with?",
        "fr": "Je suis un programme d'accompagnement à l'activité physique après la retraite, ni une personne ni un "
        "soignant. Vous pouvez me dire comment ça va, faire un petit plan avec moi, ou demander pourquoi et comment "
        "bouger, quoi faire à la maison, ce qu'il y a près de chez vous et de quoi parle une leçon; j'utilise ce que "
        "vous dites ici pour vous répondre. Par quoi aimeriez-vous commencer?",
        "es": "Soy un programa de acompañamiento para la actividad física después de la jubilación, no una persona ni "
        "un profesional de la salud. Puede contarme cómo le va, hacer conmigo un pequeño plan, o preguntar por qué y "
        "cómo moverse, qué hacer en casa, qué hay cerca y de qué trata una lección; uso lo que dice aquí para "
        "responderle. ¿Con qué le gustaría empezar?",
    },
    "out_of_scope": {
        "en": "That is outside what I can help with. I can talk with you about moving more: plans that fit your days, "
        "exercises for home, groups near you, or what the lessons say. Which of these would be of use to you?",
        "fr": "Cela dépasse ce que je peux faire. Je peux parler avec vous d'activité physique: des plans qui vont "
        "avec vos journées, des exercices à la maison, des groupes près de chez vous ou ce que disent les leçons. "
        "Qu'est-ce qui vous serait utile?",
        "es": "Eso queda fuera de lo que puedo hacer. Puedo hablar con usted sobre moverse más: planes que encajen en "
        "sus días, ejercicios en casa, grupos cercanos o lo que dicen las lecciones. ¿Qué de esto le sería útil?",
    },
}
NO_SOURCES: Texts = {
    "en": "Nothing I have said so far was taken from the programme's material, so there is no source to name.",
    "fr": "Rien de ce que j'ai dit jusqu'ici ne vient du matériel du programme; il n'y a donc pas de source à nommer.",
    "es": "Nada de lo que he dicho hasta ahora viene del material del programa, así que no hay fuente que nombrar.",
}
_SOURCES: Texts = {
    "en": "My last answer that used the programme's material took it from {list}.",
    "fr": "Ma dernière réponse tirée du matériel du programme venait de {list}.",
    "es": "Mi última respuesta basada en el material del programa venía de {list}.",
}
# Asking who found it out, and when, in the plain form of `safety.normalise`.
_STUDY = re.compile(
    r"\b(?:who|whose|when|year|authors?|written|published|old|study|studies|paper|research\w*|reference)\b"
)
_STUDY_OF: Texts = {
    "en": "What stands there rests on: {list}.",
    "fr": "Ce qui s'y trouve repose sur: {list}.",
    "es": "Lo que allí se dice se basa en: {list}.",
}
_NO_STUDY: Texts = {
    "en": "It does not say there who found it out, or when.",
    "fr": "Il n'y est pas dit qui l'a découvert, ni quand.",
    "es": "Allí no se dice quién lo descubrió ni cuándo.",
}
_WHICH_LESSON: Texts = {
    "en": "I don't know which lesson you mean. The programme has lessons {numbers}; which one would you like to hear "
    "about?",
    "fr": "Je ne sais pas de quelle leçon vous parlez. Le programme a les leçons {numbers}; laquelle vous intéresse?",
    "es": "No sé a qué lección se refiere. El programa tiene las lecciones {numbers}; ¿cuál le interesa?",
}
_NO_SUCH_LESSON: Texts = {
    "en": "There is no lesson {wanted}: the programme has lessons {numbers}. Which one would you like to hear about?",
    "fr": "Il n'y a pas de leçon {wanted}: le programme a les leçons {numbers}. Laquelle vous intéresse?",
    "es": "No hay lección {wanted}: el programa tiene las lecciones {numbers}. ¿Cuál le interesa?",
}
_NO_LESSONS: Texts = {
    "en": "The material I have here has no numbered lessons.",
    "fr": "Le matériel dont je dispose n'a pas de leçons numérotées.",
    "es": "El material que tengo aquí no tiene lecciones numeradas.",
}
_FOUND_IN: Texts = {
    "en": "The closest I find is {title}{lesson}.",
    "fr": "Ce qui s'en approche le plus est {title}{lesson}.",
    "es": "Lo más cercano que encuentro es {title}{lesson}.",
}
_IN_LESSON: Texts = {
    "en": " in lesson {number}, {document}",
    "fr": " dans la leçon {number}, {document}",
    "es": " en la lección {number}, {document}",
}
_NOT_FOUND: Texts = {
    "en": "I could not find a part of the lessons on that.",
    "fr": "Je n'ai pas trouvé de partie des leçons à ce sujet.",
    "es": "No encontré ninguna parte de las lecciones sobre eso.",
}
# The cosine below which a passage is about something else, for models like MiniLM; others seldom come below it.
_NEAR = 0.3
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"
)  # fmt: skip
_NUMBERED = re.compile(
    rf"\b(?:lesson|module)s? (?:number |no )?(?P<after>\d{{1,2}}|{'|'.join(_CARDINALS)})\b"
    rf"|\b(?P<before>{'|'.join(_ORDINALS)}|last|\d{{1,2}}) (?:lesson|module)\b|^\W*l ?(?P<short>\d{{1,2}})\b"
)


@dataclass(frozen=True)
class Answer:
    """What is said and what it rests on."""

    text: str
    citations: tuple[Citation, ...] = ()


def answer(mode: str, text: str, history: Sequence[Message], lessons: Sequence[Lesson], hits: Sequence[Hit]) -> Answer:
    """The answer of a canned mode; `hits` are the lesson passages found for `text`, best first."""
    # A short English message may hold no more telling words than "me", which is Spanish too.
    language: Language = "en" if in_english(text) == text else language_of(words(text))
    if mode == "sources":
        return _sources(text, history, hits, language)
    if mode == "lesson_overview":
        return _overview(text, lessons, language)
    if mode == "lesson_lookup":
        return _lookup(hits, language)
    return Answer(FIXED[mode][language])


def _sources(said: str, history: Sequence[Message], hits: Sequence[Hit], language: Language) -> Answer:
    used = last_cited(history)
    if not used:
        return Answer(NO_SOURCES[language])
    listed = ", ".join(f"\u201c{citation.title.rstrip('?')}\u201d ({citation.collection})" for citation in used)
    parts = [_SOURCES[language].format(list=listed)]
    if _STUDY.search(" ".join(words(in_english(said)))):
        parts += [
            _STUDY_OF[language].format(list=studies) if (studies := _studies(used, hits)) else _NO_STUDY[language]
        ]
    return Answer(" ".join(parts), used)


def _studies(used: Sequence[Citation], hits: Sequence[Hit]) -> str:
    """The publications that the cited passages name as theirs, with author and year as they stand there."""
    ids = {citation.id for citation in used}
    named = [hit.passage.metadata.get("source") for hit in hits if hit.passage.id in ids]
    texts = [text for source in named for text in (source if isinstance(source, tuple) else (source,)) if text]
    return "; ".join(dict.fromkeys(str(text).rstrip(". ").replace("?", "") for text in texts))


def _overview(said: str, lessons: Sequence[Lesson], language: Language) -> Answer:
    if not lessons:
        return Answer(_NO_LESSONS[language])
    wanted = _number(said, lessons[-1].number)
    lesson = next((lesson for lesson in lessons if lesson.number == wanted), None)
    if lesson is None:
        text = _WHICH_LESSON if wanted is None else _NO_SUCH_LESSON
        return Answer(text[language].format(wanted=wanted, numbers=_ranges([lesson.number for lesson in lessons])))
    head = f"{'Lesson' if language == 'en' else 'Leçon' if language == 'fr' else 'Lección'} {lesson.number}"
    return Answer(f"{head}: {lesson.title.rstrip('.')}. {lesson.description}".strip(), _opening(lesson))


def _opening(lesson: Lesson) -> tuple[Citation, ...]:
    return (cite(Hit(lesson.opening, score=1.0), [lesson.description or lesson.title]),)


def _lookup(hits: Sequence[Hit], language: Language) -> Answer:
    if not hits or hits[0].score < _NEAR:
        return Answer(_NOT_FOUND[language])
    passage = hits[0].passage
    pointer = _FOUND_IN[language].format(title=f"\u201c{passage.title}\u201d", lesson=_lesson(passage, language))
    return Answer(pointer, (cite(hits[0], [passage.title]),))


def _lesson(passage: Passage, language: Language) -> str:
    number, document = passage.metadata.get("lesson"), passage.metadata.get("document", "")
    return _IN_LESSON[language].format(number=number, document=f"\u201c{document}\u201d") if number else ""


def _number(text: str, last: int) -> int | None:
    """The number of the lesson that is asked for."""
    match = _NUMBERED.search(" ".join(words(in_english(text))))
    if match is None:
        return None
    name = match["after"] or match["before"] or match["short"]
    if name.isdecimal():
        return int(name)
    listed = _CARDINALS if match["after"] else _ORDINALS
    return listed.index(name) + 1 if name in listed else last


def _ranges(numbers: Sequence[int]) -> str:
    """The numbers in words for a person: `1-4, 6`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)
