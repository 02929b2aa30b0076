"""What a person typed or said, reduced to plain words: the form in which every table of this package is written.

Lower case, no accents, straight quotes, no zero-width or look-alike characters, contractions written out, spoken
fillers and stutters dropped, common misspellings mended. Sentences end in ".", pauses are ",".
"""

from __future__ import annotations

import re
import unicodedata

from safety.spelling import mend
from safety.tables import read

_PASSAGE_WORDS = 60  # a passage is as many whole sentences as fit; conjunctions are looked for within one

_ROWS = {name: [phrase.strip() for phrase in row.split(",")] for name, row in read("shorthand").words.items()}
_FILLERS = frozenset(_ROWS["fillers"])
_IS_AFTER = frozenset(_ROWS["is"])
_WRITTEN_OUT = {f"{verb}nt": [verb, "not"] for verb in _ROWS["not"]} | {
    short: name.removeprefix("short ").split()
    for name, row in _ROWS.items()
    if name.startswith("short ")
    for short in row
}
_QUOTES = str.maketrans({quote: "'" for quote in "\u2018\u2019\u02bc`\u00b4\u2032"})
# Cyrillic and Greek letters that look Latin: the cheapest way past a filter.
_LOOKALIKES = str.maketrans(
    {
        **dict(
            zip("\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb", "aeopcyxijsdh", strict=True)
        ),
        **dict(zip("\u03b1\u03bf\u03c1\u03c5\u03bd\u03ba\u03b9", "aopuvki", strict=True)),
        **{"\u0153": "oe", "\u00e6": "ae", "\u0142": "l", "\u00f8": "o", "\u0131": "i"},
    }
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]")
_LONGEST_WORD = 18  # invisible characters in a longer "word" stood for spaces

_SPACED_LETTERS = re.compile(r"(?<![a-z0-9'])[a-z](?:[ .*_-][a-z]){3,}(?![a-z0-9'])")
_STUTTER = re.compile(r"\b([a-z]{1,3})-(?=\1)")
_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_TOKEN = re.compile(
    r"\d+(?:[.,/:]\d+)*(?![a-z0-9@$])"  # 2.1, 150/95
    r"|[a-z0-9@$]+(?:'[a-z]+)*"
    r"|(?:\.\.+|[,:()\[\]\"<>-]+|\n(?!\s*\n))|[.!?;\n]+"
)
_UNIT = re.compile(r"(\d+)([a-z]{1,4})")
_INSIDE = re.compile("[0-9@$][a-z]")
_LEET = str.maketrans("013457@$", "oieastas")
_ENDINGS = {"m": "am", "ve": "have", "ll": "will", "d": "would", "re": "are", "t": "not"}
_STEMS = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}


def words(text: str) -> list[str]:
    """The words of `text` in plain form, with "." and "," where it pauses."""
    found: list[str] = []
    known: dict[str, list[str]] = {}
    for token in _TOKEN.findall(_plain(text)):
        if token not in known:
            known[token] = _words_of(token)
        for word in known[token]:
            found.append(word)
            _drop_repetition(found)
    return found


def passages(found: list[str]) -> list[str]:
    """Cut words into passages of whole sentences, each beginning with the last sentence of the one before.

    Each is a string with one space around every word, which is what :class:`safety.patterns.Table` reads.
    """
    cut: list[str] = []
    current: list[str] = []
    last: list[str] = []
    for sentence in _sentences([*found, "."]):
        if current and len(current) + len(sentence) > _PASSAGE_WORDS:
            cut.append(f" {' '.join(current)} ")
            current = list(last)
        current += sentence
        last = sentence
    if current:
        cut.append(f" {' '.join(current)} ")
    return cut


def _sentences(found: list[str]) -> list[list[str]]:
    sentences: list[list[str]] = [[]]
    for word in found:
        sentences[-1].append(word)
        if word == "." or len(sentences[-1]) >= _PASSAGE_WORDS:
            sentences.append([])
    return [sentence for sentence in sentences if sentence]


def _plain(text: str) -> str:
    text = text.translate(_QUOTES)
    if not text.isascii():
        text = _INVISIBLE.sub("\u200b", unicodedata.normalize("NFKC", text))
        if "\u200b" in text:
            text = " ".join(_join_or_part(word) for word in text.split(" "))
        text = unicodedata.normalize("NFD", text.casefold().translate(_LOOKALIKES))
        text = "".join(mark for mark in text if not unicodedata.combining(mark))
    text = text.lower()
    text = _SPACED_LETTERS.sub(lambda match: re.sub("[ .*_-]", "", match[0]), text)
    return _STRETCHED.sub(r"\1", _HYPHEN.sub(" ", _STUTTER.sub("", text)))


def _join_or_part(word: str) -> str:
    joined = word.replace("\u200b", "")
    return joined if len(joined) <= _LONGEST_WORD else word.replace("\u200b", " ")


def _words_of(piece: str) -> list[str]:
    if not piece[0].isalnum() and piece[0] not in "@$":
        return [","] if piece == "\n" or piece[0] not in "!?;\n." or piece.startswith("..") else ["."]
    if piece in _FILLERS:
        return []
    if piece in _WRITTEN_OUT:
        return _WRITTEN_OUT[piece]
    if "'" in piece:
        return _apart(piece)
    if not piece.isalpha():
        return _numeral(piece)
    return mend(piece).split()


def _apart(token: str) -> list[str]:
    stem, _, ending = token.partition("'")
    if ending == "t" and stem.endswith("n"):
        verb = _STEMS.get(stem[:-1], stem[:-1])
        return [verb, "not"]
    if ending == "s":
        return [stem, "is"] if stem in _IS_AFTER else [mend(stem)]
    if ending in _ENDINGS:
        return [stem, _ENDINGS[ending]]
    return [word for part in token.split("'") if part for word in _words_of(part)]  # j'ai, l'impression, o'clock


def _numeral(token: str) -> list[str]:
    if token[0].isdigit() and token[-1].isdigit():
        return [token]
    unit = _UNIT.fullmatch(token)
    if unit:
        return [unit[1], unit[2]]  # 170bpm, 10am
    return mend(token.translate(_LEET) if _INSIDE.search(token) else token).split()  # k1ll, but rot13


def _drop_repetition(found: list[str]) -> None:
    """Spoken words come twice ("my my chest it is it is tight"): keep the first."""
    for size in (1, 2, 3):
        if found[-1].isalpha() and found[-size:] == found[-2 * size : -size]:
            del found[-size:]
            return
