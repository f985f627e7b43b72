"""The endings of Polish numbers: num2words has them in the masculine nominative alone. Pure."""

from __future__ import annotations

import re

from num2words import num2words

GENITIVE = r"od|do|około|ok\.|powyżej|poniżej|bez|blisko|z prędkością"
"""A regular expression: words that ask for the genitive of what is counted."""
HOUR_CASES = (("o|od|do|po|koło|około|okolicach", "ej"), ("przed|między|pomiędzy|na|za|a", "ą"))
"""What the feminine ordinal of an hour ends in behind these words; it is -a behind none."""

_NOMINATIVES = """
jeden dwa dwie trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście trzynaście czternaście
piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście dwadzieścia trzydzieści czterdzieści pięćdziesiąt
sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt sto dwieście trzysta czterysta pięćset sześćset siedemset
osiemset dziewięćset
"""
_GENITIVES = """
jeden dwóch dwóch trzech czterech pięciu sześciu siedmiu ośmiu dziewięciu dziesięciu jedenastu dwunastu trzynastu
czternastu piętnastu szesnastu siedemnastu osiemnastu dziewiętnastu dwudziestu trzydziestu czterdziestu pięćdziesięciu
sześćdziesięciu siedemdziesięciu osiemdziesięciu dziewięćdziesięciu stu dwustu trzystu czterystu pięciuset sześciuset
siedmiuset ośmiuset dziewięciuset
"""
_OBLIQUE = dict(zip(_NOMINATIVES.split(), _GENITIVES.split(), strict=True))
CARDINAL = rf"(?:{'|'.join(_OBLIQUE)})"
"""A regular expression without groups: a word of a number below a thousand."""

FEMININE = re.compile(
    r"minut[ay]|godzin[ay]|sekund[ay]|lamp[ay]|żarówk[ai]|wiadomoś(?:ć|ci)|osob[ay]|nocy?|łyżk[ai]|łyżeczk[ai]|szklank[ai]"
    r"|rolet[ay]|kamer[ay]|sobot[ay]|niedziel[ea]|koron[ay]|piosenk[ai]|bateri[ae]|aktualizacj[ae]|stron[ay]|książk[ai]"
    r"|paczk[ai]|butelk[ai]|ton[ay]|mil[ea]|rzeczy?|łazienk[ai]|sypialni[ae]|kuchni[ae]|usług[ai]|zmian[ay]|prośb[ay]"
    r"|lekcj[ae]|stacj[ae]|szuflad[ay]"
)
NEUTER = re.compile(r".*(?:ko|no|to|dło|tło|anie|enie|cie|um|two|wo)")
ACCUSATIVE = re.compile("minutę|godzinę|sekundę|lampę|żarówkę|osobę|łyżkę|szklankę|roletę|stronę|książkę|paczkę")
"""Nouns that are counted, by their gender; others are masculine."""

UNITS_IN_GENITIVE = {
    **dict.fromkeys(
        ("stopień Celsjusza", "stopnie Celsjusza", "stopni Celsjusza"), ("stopni Celsjusza", "stopnia Celsjusza")
    ),
    **dict.fromkeys(("stopień", "stopnie", "stopni"), ("stopni", "stopnia")),
    **dict.fromkeys(
        ("kilometr na godzinę", "kilometry na godzinę", "kilometrów na godzinę"),
        ("kilometrów na godzinę", "kilometra na godzinę"),
    ),
    **dict.fromkeys(("złoty", "złote", "złotych"), ("złotych", "złotego")),
    **dict.fromkeys(("minuta", "minuty", "minut"), ("minut", "minuty")),
    **dict.fromkeys(("godzina", "godziny", "godzin"), ("godzin", "godziny")),
    "procent": ("procent", "procenta"),
}
"""Units as CLDR names them, with their genitives for more than one and for one."""


def oblique(cardinal: str) -> str:
    """A cardinal number in the genitive, which is its locative too."""
    return " ".join(_OBLIQUE.get(word, word) for word in cardinal.split())


def feminine(ordinal: str, ending: str = "a") -> str:
    """A masculine ordinal with a feminine ending: "a", "ą" or "ej"."""

    def inflected(word: str) -> str:
        if word[-1] not in "yi":
            return word
        is_soft = word.endswith("i") and (word.endswith("ci") or ending == "ej")
        return f"{word if is_soft else word[:-1]}{ending}"

    return " ".join(map(inflected, ordinal.split()))


def masculine(ordinal: str, ending: str) -> str:
    """A masculine ordinal with another ending: "ego" or "m" (with its vowel)."""

    def inflected(word: str) -> str:
        if word[-1] not in "yi":
            return word
        return f"{word}m" if ending == "m" else f"{word if word.endswith('i') else word[:-1]}{ending}"

    return " ".join(map(inflected, ordinal.split()))


def neuter(ordinal: str) -> str:
    """A masculine ordinal with its neuter ending."""
    return " ".join(
        f"{word if word[-1] == 'i' else word[:-1]}e" if word[-1] in "yi" else word for word in ordinal.split()
    )


def hour_in_case(hour: str, ending: str) -> str:
    """An hour in the nominative, perhaps with minutes behind it, with another ending."""
    return " ".join(_HOUR_WORDS.get((word, ending), word) for word in hour.split())


def ordinal(number: int) -> str:
    """The masculine ordinal."""
    return str(num2words(number, lang="pl", to="ordinal"))


def hour(number: int) -> str:
    """The feminine ordinal that an hour is."""
    return feminine(ordinal(number)) if number % 24 else "zerowa"


HOURS = "|".join(sorted({hour(number) for number in range(24)}, key=len, reverse=True))
"""A regular expression without groups: hours in the nominative."""
_HOUR_WORDS = {
    (feminine(word), ending): feminine(word, ending)
    for number in range(1, 25)
    for word in (*ordinal(number).split(), "zerowy")
    for ending in ("ą", "ej")
}
DAYS = {masculine(ordinal(day), "ego"): ordinal(day) for day in range(1, 32)}
"""Days of a month: the genitive, with its nominative."""
