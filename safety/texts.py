"""The fixed texts: what is said in an emergency, in a crisis, and once beside coaching that needs care.

They are whole answers, written to be read aloud: short, kind, one thing to do, the number first, no coaching. Have them
reviewed by a clinician and by the services they name before real use (docs/safety.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from safety.language import Language
from safety.triage import Triage


@dataclass(frozen=True)
class Services:
    """Whom to call in one country, per language: the emergency number and the crisis line, as part of a sentence."""

    emergency: Mapping[Language, str]
    crisis: Mapping[Language, str]


def _everywhere(name: str) -> dict[Language, str]:
    return {"en": name, "fr": name, "es": name}


SERVICES = {
    # 9-8-8: Suicide Crisis Helpline (988.ca), call or text, English and French, at any hour
    "CA": Services(
        _everywhere("911"),
        {
            "en": "call or text 9-8-8 (Suicide Crisis Helpline)",
            "fr": "appelez ou textez le 9-8-8 (Ligne d'aide en cas de crise de suicide)",
            "es": "llame o escriba al 9-8-8 (línea de ayuda en crisis de suicidio)",
        },
    ),
    # 988 Suicide & Crisis Lifeline (988lifeline.org), call or text
    "US": Services(
        _everywhere("911"),
        {
            "en": "call or text 988 (Suicide & Crisis Lifeline)",
            "fr": "appelez ou textez le 988 (Suicide & Crisis Lifeline)",
            "es": "llame o escriba al 988 (Línea 988 de Prevención del Suicidio y Crisis)",
        },
    ),
    # Samaritans (samaritans.org)
    "UK": Services(
        _everywhere("999"),
        {
            "en": "call Samaritans on 116 123",
            "fr": "appelez les Samaritans au 116 123",
            "es": "llame a Samaritans al 116 123",
        },
    ),
    # Lifeline Australia (lifeline.org.au)
    "AU": Services(
        _everywhere("000"),
        {
            "en": "call Lifeline on 13 11 14",
            "fr": "appelez Lifeline au 13 11 14",
            "es": "llame a Lifeline al 13 11 14",
        },
    ),
    "OTHER": Services(
        {
            "en": "your local emergency number",
            "fr": "le numéro d'urgence de votre région",
            "es": "el número de emergencias de su zona",
        },
        {
            "en": "call your local crisis line",
            "fr": "appelez la ligne d'écoute de votre région",
            "es": "llame a la línea de crisis de su zona",
        },
    ),
}

EMERGENCY: dict[Language, str] = {
    "en": "This could be an emergency. Please call {emergency} now, or ask someone near you to call. Stop what you "
    "are doing, and stay on the line until help tells you what to do next. If it is someone else, call for them "
    "and stay with them. I am an automated activity coach and cannot help with this; they can.",
    "fr": "C'est peut-être une urgence. Appelez {emergency} maintenant, ou demandez à quelqu'un près de vous "
    "d'appeler. Arrêtez ce que vous faites et restez en ligne jusqu'à ce qu'on vous dise quoi faire. S'il "
    "s'agit de quelqu'un d'autre, appelez pour cette personne et restez auprès d'elle. Je suis un programme "
    "d'accompagnement à l'activité physique et je ne peux pas vous aider ici; ces personnes le peuvent.",
    "es": "Esto puede ser una emergencia. Llame a {emergency} ahora, o pida a alguien cercano que llame. Deje lo que "
    "está haciendo y no cuelgue hasta que le digan qué hacer. Si se trata de otra persona, llame por ella y "
    "quédese a su lado. Soy un programa automático de actividad física y no puedo ayudar en esto; ellos sí "
    "pueden.",
}

EMERGENCY_AND_CRISIS: dict[Language, str] = {
    "en": "If you are thinking of ending your life, or someone is hurting you, tell them so. You can also {crisis} at "
    "any hour. You do not have to go through this alone.",
    "fr": "Si vous pensez à mettre fin à vos jours, ou si quelqu'un vous fait du mal, dites-le-leur. À toute heure, "
    "vous pouvez aussi demander de l'aide: {crisis}. Vous n'avez pas à traverser cela sans personne.",
    "es": "Si piensa en quitarse la vida, o si alguien le hace daño, dígaselo. A cualquier hora también hay ayuda: "
    "{crisis}. No tiene que pasar por esto a solas.",
}

CRISIS: dict[Language, str] = {
    "en": "Thank you for telling me. This sounds very hard, and you deserve to talk with a person about it now. "
    "Please {crisis}, at any hour of the day or night. If your life is in danger, or someone is hurting you, "
    "call {emergency}. If you can, stay near someone you trust. I am an automated activity coach and not the "
    "right help for this, but you do not have to carry it alone.",
    "fr": "Merci de me l'avoir dit. Cela semble très difficile, et vous méritez d'en parler à quelqu'un maintenant. "
    "S'il vous plaît, {crisis}, à toute heure du jour ou de la nuit. Si votre vie est en danger, ou si "
    "quelqu'un vous fait du mal, appelez {emergency}. Si possible, restez près d'une personne de confiance. Je "
    "suis un programme d'accompagnement à l'activité physique et non la bonne aide pour cela, mais vous n'avez "
    "pas à porter cela sans personne.",
    "es": "Gracias por contármelo. Parece muy duro, y merece hablar con una persona ahora. Por favor, {crisis}, a "
    "cualquier hora del día o de la noche. Si su vida corre peligro, o si alguien le hace daño, llame a "
    "{emergency}. Si puede, quédese cerca de alguien de confianza. Soy un programa automático de actividad "
    "física y no la ayuda adecuada para esto, pero no tiene que llevarlo a solas.",
}

CAUTION: dict[Language, str] = {
    "en": "Please check this with your doctor, nurse or pharmacist, who know your health as I do not, before you "
    "change how much you do; if it gets worse suddenly, call {emergency}.",
    "fr": "Parlez-en à votre médecin, à une infirmière ou à votre pharmacien, qui connaissent votre santé mieux que "
    "moi, avant de changer vos activités; si cela s'aggrave soudainement, appelez {emergency}.",
    "es": "Consúltelo con su médico, enfermera o farmacéutico, que conocen su salud mejor que yo, antes de cambiar su "
    "actividad; si empeora de repente, llame a {emergency}.",
}

# Where a message may be a hint of a crisis or may be nothing: the line is named, and coaching goes on.
HINT: dict[Language, str] = {
    "en": "If life ever feels too heavy, or someone is hurting you, {crisis}, at any hour.",
    "fr": "Si la vie vous pèse trop, ou si quelqu'un vous fait du mal, {crisis}, à toute heure.",
    "es": "Si la vida le pesa demasiado, o si alguien le hace daño, {crisis}, a cualquier hora.",
}

# For the turns after one that said the whole sentence.
CAUTION_AGAIN: dict[Language, str] = {
    "en": "This, too, is one for your doctor, nurse or pharmacist.",
    "fr": "Cela aussi est une question pour votre médecin ou votre pharmacien.",
    "es": "Esto también es una pregunta para su médico, enfermera o farmacéutico.",
}

# After a caution, for those who ask whether they may: all that a coach can say to it.
NOT_OURS: dict[Language, str] = {
    "en": "Whether that is right for you is theirs to say and not mine; once you know, I am glad to plan with you.",
    "fr": "Savoir si cela vous convient est à eux de le dire, pas à moi; ensuite, je planifierai volontiers avec vous.",
    "es": "Si eso le conviene lo deben decir ellos y no yo; cuando lo sepa, con gusto lo planeo con usted.",
}


def fixed_text(triage: Triage) -> str:
    """The whole answer to an emergency or a crisis: in the person's language, and in English below it.

    Raises:
        ValueError: the triage is neither an emergency nor a crisis, so there is no fixed text for it.
    """
    if not triage.grave:
        raise ValueError(f"there is no fixed text for {triage.category!r}; ask `triage.grave` first")
    languages: list[Language] = ["en"] if triage.language == "en" else [triage.language, "en"]
    return "\n\n".join(_text(triage, language) for language in languages)


def caution_text(triage: Triage, said: Iterable[str] = ()) -> str:
    """The one sentence that goes with coaching on a matter for a professional, in the person's language.

    A short one where the whole sentence stands in one of the texts `said` before. For a hint of a crisis, the sentence
    that names the crisis line.
    """
    if triage.with_crisis:
        return _filled(HINT[triage.language], triage.locale, triage.language)
    whole = _filled(CAUTION[triage.language], triage.locale, triage.language)
    return CAUTION_AGAIN[triage.language] if any(whole in text for text in said) else whole


def not_ours_text(triage: Triage) -> str:
    """What follows the caution where somebody asks whether they may (see `safety.follow_up`)."""
    return NOT_OURS[triage.language]


def _text(triage: Triage, language: Language) -> str:
    if triage.category == "crisis":
        return _filled(CRISIS[language], triage.locale, language)
    text = _filled(EMERGENCY[language], triage.locale, language)
    if triage.with_crisis:
        text += " " + _filled(EMERGENCY_AND_CRISIS[language], triage.locale, language)
    return text


def _filled(text: str, locale: str, language: Language) -> str:
    services = SERVICES[locale]
    return text.format(emergency=services.emergency[language], crisis=services.crisis[language])
