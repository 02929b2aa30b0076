"""Takes out of a sentence what the model may not hand a person: links and addresses of its own, images, markup.

A link can carry off what was said (an image is even fetched without a click) or lead to harm (OWASP Top 10 for LLM
Applications, LLM01 and LLM05). Those that stand in the passages which the sentence cites may stay.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_TOP_LEVEL = (
    "com|org|net|edu|gov|int|info|biz|io|co|ca|uk|us|fr|es|de|eu|au|nz|ie|ch|be|it|nl|ru|cn|in|app|dev|shop|store|site"
    "|online|link|click|page|health|club|live|xyz|top|ly|gl|gg|tv|cc|ai|example|test|invalid|onion"
)
_HOST = r"(?:[\w-]{1,63}\.){1,8}"  # bounded: a long sentence of full stops must not take seconds
_URL = (
    r"(?:(?:[a-z][a-z0-9+-]{1,15}:)?//|www\.)[^\s<>\"'\])]+"  # https://, ftp://, //host, www.
    r"|(?:javascript|data|vbscript|mailto|tel|sms|file|blob):[^\s<>\"'\]]+"
    rf"|\b{_HOST}(?:{_TOP_LEVEL})\b(?:[/:?#][^\s<>\"')\]]*)?"  # shop.example/offer
    rf"|\b{_HOST}[a-z]{{2,}}/[^\s<>\"')\]]*"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?:[:/][^\s<>\"')\]]*)?"
)
_AT = r"(?:@|\s?[(\[{]\s?(?:at|@)\s?[)\]}]\s?)"
_DOT = r"(?:\.|\s?[(\[{]?\s?\bdot\b\s?[)\]}]?\s?)"
_EMAIL = (
    rf"\b[\w.+-]+{_AT}[\w-]+(?:{_DOT}[\w-]+)*{_DOT}(?:{_TOP_LEVEL})\b"
    rf"|\b[\w.+-]+ at [\w-]+(?: dot [\w-]+){{0,3}} dot (?:{_TOP_LEVEL})\b"
)
_PHONE = (
    r"(?<![\w.])(?<!\d )(?:\+\d[\d ().-]{6,18}\d"
    r"|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}"
    r"|0\d{1,4}[ -]\d{3,4}[ -]?\d{3,4}|0\d(?:[ .-]\d\d){4}|\d{9,15})(?!\w)"
    r"|(?:(?<=call )|(?<=dial )|(?<=text )|(?<=phone )|(?<=ring ))\d{3}[ -]\d{4}(?!\w)"
)
# What leads into a link goes with it: "at https://…", "(see www.…)", "[text](".
_FOUND = re.compile(rf"(?P<email>{_EMAIL})|(?P<link>{_URL})|(?P<number>{_PHONE})", re.IGNORECASE)
_IMAGE = re.compile(r"!\[[^\[\]]*\]\s*(?:\([^()]*\)?|\[[^\[\]]*\]?)")
_LABELLED = re.compile(r"\[([^\[\]]+)\]\(\s*([^()\s]*)[^()]*\)?")
_REFERENCE = re.compile(r"^\s*\[[^\[\]]+\]:\s*\S+.*$", re.MULTILINE)
_BLOCK = re.compile(r"<(script|style|iframe|svg|object)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[a-z/!?][^<>]*(?:>|\Z)", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_TIDY = (
    (re.compile(r"\((?:\s*(?:see|at|via|or|and)\b)*[\s,;:]*\)|\[\s*\]|<\s*>"), ""),
    (re.compile(r"(?<=\S)[ \t]{2,}"), " "),
    (re.compile(r"\s+(?=[.,;:!?)])"), ""),
    (re.compile(r"(?<=\()\s+"), ""),
)
_LEAD = re.compile(r"[ \t]+(?:at|on|via|from|under|through|sur|en)[ \t]*:?[ \t]*$", re.IGNORECASE)
_PLACEHOLDER = {"link": "(link removed)", "email": "(address removed)", "number": "(number removed)"}
_MOST_ROUNDS = 5  # a tag hidden in a tag comes out when the outer one is cut


def clean(sentence: str, sources: Iterable[str]) -> tuple[str, bool]:
    """Returns the sentence without what may not pass, and whether anything was taken out.

    `sources` are the texts of the passages that the sentence cites: links, addresses and numbers in them may stay.
    """
    shown = html.unescape(sentence)
    text = _INVISIBLE.sub("", shown)
    allowed = {_key(match[0]) for source in sources for match in _FOUND.finditer(source)}
    text = _REFERENCE.sub("", _IMAGE.sub("", text))
    text = _LABELLED.sub(lambda match: match[0] if _key(match[2]) in allowed else match[1], text)
    text = _without_markup(text)
    text = _without_links(text, allowed)
    if text == shown:
        return text, False
    for pattern, new in _TIDY:
        text = pattern.sub(new, text)
    return text, True


def _without_markup(text: str) -> str:
    for _ in range(_MOST_ROUNDS):
        cut = _TAG.sub("", _BLOCK.sub("", text))
        if cut == text:
            return text
        text = cut
    return text.replace("<", "").replace(">", "")


def _without_links(text: str, allowed: set[str]) -> str:
    kept: list[str] = []
    at = 0
    for match in _FOUND.finditer(text):
        if _key(match[0]) in allowed:
            continue
        before, after = text[at : match.start()], match[0][len(_trimmed(match[0])) :]
        led = _LEAD.sub("", before)
        bracketed = before.rstrip().endswith("(") and text[match.end() :].lstrip().startswith(")")
        kept += [
            led,
            "" if led != before or bracketed else _PLACEHOLDER[match.lastgroup or "link"],
            after,
        ]
        at = match.end()
    return "".join([*kept, text[at:]])


def _key(found: str) -> str:
    """The same for two ways to write one address."""
    plain = _trimmed(found).lower()
    digits = re.sub(r"\D", "", plain)
    if len(digits) >= 7 and not re.search("[a-z]", plain):  # noqa: PLR2004 (the shortest telephone number)
        return digits
    return re.sub(r"^(?:https?:)?//(?:www\.)?|^www\.|^(?:mailto|tel):", "", plain).rstrip("/")


def _trimmed(found: str) -> str:
    return found.rstrip(".,;:!?…")
