"""French by espeak, which takes many French words for English ones and reads those to an English ear.

espeak's French rules change to English at certain letters: at "th" before a vowel ("authentique"), at "-ipède".
Such a word is respelled, so that it sounds the same and no such letters are left. A word that is English, or that
nothing here respells, keeps espeak's English, in French sounds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

_REMEMBERED_WORDS = 4096

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ELIDED = re.compile(r"((?:qu|lorsqu|jusqu|puisqu|[cdjlmnst])['’])?(.+)", re.IGNORECASE | re.DOTALL)

_ENGLISH = re.compile(
    r"th(?:e|at|is|[eo]se|e[mny]|an|eir|ere|ou|us|rough|ree|ird|irty|ick|ief|in|r[ou]w?n?s?|umb.*|under.*|[ai]nk.*|ing.*)"
    r"|with(?:in|out)?|(?:.*[aeiou])?thers?|(?:no|sou)rth.*|south.*|.*smith|methods?"
    r"|(?!mammouth|vermouth).*(?:[dflnprw]|ai|ba|bo|ea|ei|mi|oo|ou|ow|pa|tru)ths?"
    r"|thriller.*|github|penthouses?|authors?|theft|thugs?|further"
    r"|policy|fancy|mercy|energy|(?:ag|emerg|transpar)ency|early|curly|(?:bev|quart|kimb)erly|daisy|persons|simpsons"
)
"""English words that a rule below would make French."""

_ENDING = r"(?=[éèâ]|a(?:i|nt|s)|ez|i?ons$|er(?:a|o|i?ez|ions))"

_RESPELLINGS = tuple(
    (re.compile(pattern), respelled)
    for pattern, respelled in (
        # Greek: mythe, zénith
        (r"th([iou])s$", r"t\1sse"),
        (r"thers?$", "tère"),
        (r"ths?$", "tte"),
        (r"thi(?=[aeouéèôï])", "tti"),
        (r"th", "t"),
        # Names of towns and people in -y; what came from English so long ago that its -y is French: jury, curry
        (r"^(.*[àâçèéêëîïôû].*)y$", r"\1i"),
        (r"((?:[inru]c|rg|gn|rl|un|is|bal|aur|leur|(?:ou|nt|ui|eu|ai|su)ll))y$", r"\1i"),
        (r"^((?:anne|quer)c|pap|mam|jur|curr|dand|lobb|derb|hobb|sex|rugb|henr|kenned|vitr|gregor)ys?$", r"\1i"),
        # lipide, bipède, parallélépipède, Wikipédia; calife, pontife; polygame
        (r"ip(?=id|[èé]d|odes?$)", "ipp"),
        (r"(al|at|ar|nt|^p|^k)ife(s?)$", r"\1iffe\2"),
        (r"(poly|mono|auto|endo|exo|bi)game(s?)$", r"\1gamme\2"),
        # conversons, expulsons; emprunts, bruns; vécut; assied
        (r"([eéo]r|u?l)sons$", r"\1ssons"),
        (r"(run|unt|art)s$", r"\1"),
        (r"(?<=éc)ut$", "u"),
        (r"(?<=ss)ieds?$|^sieds?$", "ié"),
        # maghrébin; wallon, Wallonie; Wikipédia; prud'homme
        (r"gh(?=r)", "g"),
        (r"^wallon", "ouallon"),
        (r"^wiki(?=pp?éd)", "ouiki"),
        (r"^wisigott?", "visigot"),
        (r"(?<=prud)['’]h(?=omme)", ""),
        # Single words
        (r"\bdos\b", "dô"),
        (r"^danemark$", "danemarque"),
        (r"^bled(?=s?$)", "blède"),
        (r"^oued(?=s?$)", "ouède"),
        (r"^etes$", "êtes"),
        (r"oun(?=d[éèr])", "oune"),
        (r"^pulls?$", "pulle"),
        (r"^tune(?=s?$)", "tunne"),
        (r"^atolls?$", "atole"),
        (r"^loing$", "loin"),
        (r"^bizet$", "biset"),
        (r"^remy$", "rémi"),
        (r"^dual$", "duale"),
        (r"^histone(?=s?$)", "histonne"),
        (r"^ehpads?$", "épade"),
        (r"^léopold$", "léopolde"),
        (r"^shoah$", "choa"),
        (r"cauld$", "caud"),
        (r"^westphal", "vestphal"),
        (r"^(contre)?seings?$", r"\1sein"),
        # French endings of English verbs: scotché, boostait
        (rf"coach{_ENDING}", "côtch"),
        (rf"scotch{_ENDING}", "scautch"),
        (rf"boost{_ENDING}", "boust"),
        (rf"shoot{_ENDING}", "chout"),
        (rf"look{_ENDING}", "louk"),
        # p'tit, ch'tis, mam'zelle
        (r"^p['’](?=tit)", "p"),
        (r"^ch['’](?=ti)", "ch"),
        (r"^mam['’](?=[sz])", "mam"),
    )
)
"""Letters at which espeak changes to English, and others that French reads alike."""

_ENGLISH_FLAG = "(^e^n)"
_CONSONANTS = "bcdfgjklmnpqrstvz"

_STRETCH = re.compile(r"\(\^e\^n\)(.*?)(?:\(|$)")
_FLAG = re.compile(r"\(.+?\)")
_SOUNDS = {
    "ɑːɹ": "aʁ",
    "ɑː": "aʁ",
    "ɜːɹ": "œʁ",
    "ɜː": "œʁ",
    "ɔːɹ": "ɔʁ",
    "ɔːl": "ɔl",
    "wˈɔːk": "wɔk",
    "tˈɔːk": "tɔk",
    "ɔː": "ɔʁ",
    "eəɹ": "ɛʁ",
    "eə": "ɛʁ",
    "ˈiəɹ": "iʁ",
    "ˈiə": "iʁ",
    "ʊəɹ": "uʁ",
    "ʊə": "uʁ",
    "iː": "i",
    "uː": "u",
    "eɪ": "ɛ",
    "aɪ": "aj",
    "oʊ": "o",
    "əʊ": "o",
    "aʊ": "aw",
    "ɔɪ": "ɔj",
    "dʒ": "d^ʒ",
    "tʃ": "t^ʃ",
    "ɪ": "i",
    "ᵻ": "i",
    "ʊ": "u",
    "ɒ": "ɔ",
    "ʌ": "œ",
    "æ": "a",
    "ɐ": "a",
    "ɹ": "ʁ",
    "h": "",
    "θ": "s",
    "ð": "z",
    "ˈ": "",
    "ˌ": "",
}
"""British sounds as they are heard in French: "parking" is paʁkiŋ."""
_SOUND = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))
_LAST_ER = re.compile(r"([aeiouœɔɛ].*[^\Waeiouœɔɛə])ə(?=s?$)|(aj|aw)ə$")
_LETTER_NAMES = {
    "ˈɛl": "l",
    "dˈiː": "d",
    "ˈɛs": "s",
    "ˈɛn": "n",
    "ˈɛm": "m",
    "dʒˈeɪ": "ʒ",
    "sˈiː": "s",
    "tˈiː": "t",
    "kw": "k",
    "də": "d",
}
"""What espeak's English makes of an elided word ("l'update")."""
_ELIDED_IN_ENGLISH = re.compile(rf"(?<!\S)(?:{'|'.join(_LETTER_NAMES)})(?=[^\Waeiouɑɒɔəɛɜɪʊʌ]?[ˈˌ])")
_LAST_VOWEL = re.compile(r"[aeiouœɔɛ](?=[^aeiouœɔɛ]*$)")


class Espeak(Protocol):
    """The part of phonemizer's backend that misaki uses."""

    def phonemize(self, text: list[str]) -> list[str]:
        """The phonemes of each text."""
        ...


class FrenchEspeak:
    """espeak's French without English in French words; stands where misaki has a backend of phonemizer."""

    def __init__(self, flagging: Espeak) -> None:
        """`flagging` shows where the language changes, as "(^e^n)" and "(^f^r)"; "^" ties two symbols."""
        self._flagging = flagging
        self._respelled = lru_cache(_REMEMBERED_WORDS)(self._respelling)

    def phonemize(self, text: list[str]) -> list[str]:
        """The phonemes of each text, without flags."""
        return [self._phonemes(one) for one in text]

    def _phonemes(self, text: str) -> str:
        phonemes = self._flagged(text)
        if _ENGLISH_FLAG in phonemes:
            phonemes = self._flagged(_WORD.sub(lambda found: self._respelled(found[0]), text))
        has_elision = "'" in text or "’" in text
        phonemes = _STRETCH.sub(lambda found: f"{in_french_sounds(found[1], has_elision=has_elision)}(", phonemes)
        return _FLAG.sub("", phonemes)

    def _flagged(self, text: str) -> str:
        return "".join(self._flagging.phonemize([text]))

    def _respelling(self, word: str) -> str:
        """A French word that espeak takes for English, in letters that it reads as French; else the word."""
        whole = respelled(word)
        is_better = whole != word and _ENGLISH_FLAG in self._flagged(word) and _ENGLISH_FLAG not in self._flagged(whole)
        return whole if is_better else word


def respelled(word: str) -> str:
    """A word without letters at which espeak changes to English; English words stay as they are."""
    parts = _ELIDED.fullmatch(word.lower())
    if parts is None or _ENGLISH.fullmatch(parts[2]):
        return word
    elided, letters = parts[1] or "", parts[2]
    for pattern, others in _RESPELLINGS:
        letters = pattern.sub(others, letters)
    if elided and letters[0] in _CONSONANTS:
        elided = f"{elided[:-1]}e "  # "j'suis"
    return elided + letters


def in_french_sounds(english: str, *, has_elision: bool = False) -> str:
    """espeak's British phonemes in French sounds, with the stress at the end of each word."""
    english = english.replace("^", "")
    if has_elision:
        english = _ELIDED_IN_ENGLISH.sub(lambda found: _LETTER_NAMES[found[0]], english)
    return " ".join(map(_french_word, english.split(" ")))


def _french_word(english: str) -> str:
    word = _SOUND.sub(lambda found: _SOUNDS[found[0]], english)
    return _LAST_VOWEL.sub(lambda found: f"ˈ{found[0]}", _LAST_ER.sub(r"\1\2œʁ", word))
