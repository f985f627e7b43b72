"""What a full stop is: the end of a sentence, or part of an abbreviation. Pure."""

from __future__ import annotations

import re

_LAST_WORD = re.compile(r"(?:^|[^\w.])((?:[^\W\d_]\.)*[^\W\d_]{1,6})$")
_ABBREVIATION_LIST = """
a.k.a approx cf dr dra e.g feat ft i.e mr mrs p.es p.ex prof sr sra vol vs z.b bzw ul godz
Adm Arch Av Avda Ave Avv Blvd Bros Capt Cmdr Co Col Cpl Det Dott Drs Dña EE Egr Eng Esq Excma Excmo Exma Exmo FF Fig
Fr Gen Gov Hon Hwy Ing Insp JJ Jr Lic Ln Lt MM Maj Messrs Mgr Mlle Mlles Mme Mmes Mons Ms Msgr Mt Ph Pres Profa Pvt Rd
Rep Rev Sen Sgt Sig Sigg Spett Sras Sres Srta St Sta Ste Sto Supt Ud Uds
av avv bl c.so dott geom ing l.go p.za p.zza sig sigg v.le Ctra D.ª Gral Pça Pza Sig.ra Srs Trav
"""
_ABBREVIATIONS = frozenset(_ABBREVIATION_LIST.split())
"""Words whose full stop seldom ends a sentence. Those in small letters count with a capital too."""
_LAST_LIST = """
a.k.a approx e.g feat ft i.e vol Av Avda Ave Blvd Bros Co EE Esq FF Hwy JJ Jr Ln MM Ph Rd St Ste Ud Uds
"""
_NEVER_LAST = _ABBREVIATIONS - frozenset(_LAST_LIST.split())
"""Those that stand before a name."""

_ORDINAL = re.compile(
    r"(?:^|[^\w.])(?:[dD](?:er|ie|em|en)|(?<!\bI )(?:[aA]m|[iI]m)|[vV]om|[zZ]u[mr]|[bB]eim|[jJ]eden?) [0-9]{1,3}$"
)
"""German words with a number behind them, whose full stop makes it an ordinal: "am 3. Oktober"."""

_NAMED_BY_LETTERS = """
vitamin vitamins vitamina vitaminas vitamine vitamines hepatitis plan plans plano grade gate class type option section
platform terminal size part team group room building block wing level exhibit appendix figure item side step zone
channel button key letter row column line point studio hall pier dock lot bay tier track question answer choice
opción sección puerta grupo tipo clase letra groupe classe lettre porte gruppo lettera porta opção seção grupo
"""
_ENDS_WITH_LETTER = re.compile(rf"\b(?i:{'|'.join(_NAMED_BY_LETTERS.split())}) [A-Z]$")
_ENDS_WITH_I = re.compile(
    r"\b(?:am|do|did|have|had|can|could|will|would|shall|should|may|must|was|than|(?:you|he|she|they|we) and) I$",
    re.IGNORECASE,
)
_LONGEST_CONTEXT = 24

_OPENER_LIST = """
The A An This That These Those There Here He She It We They You I His Her Its Our Your Their My Who What When Where Why
How Which If In On At As After Before But And Or So Then Now Please Turn Take Go Continue Head Walk Drive Stop Keep Let
Let's Is Are Was Were Do Does Did Don't Can Could Will Would Should Have Has Had No Not Yes Next Also However For From
With By To While Because Since Once Both All Each Every Some Many Most Another Today Tomorrow Yesterday Call Open Close
Check Use Set Get Make See Look Wait Note It's He's She's That's There's I'm I'll We're They're You're
Es Está Hay Pero Si En Con Por Para Se Un Una Él Ella Este Esta Esto Elle Elles Ils On Une Et Mais Dans Pour Nous Vous
Il C'est Lui Lei Questo Questa È C'è Ma Per Um Uma Ele Ela É Mas
"""
_OPENERS = frozenset(_OPENER_LIST.split())
"""Words that begin a sentence where they have a capital, and hardly ever a name."""
_OPENED = re.compile(r"([\"'”’»)\]]*)\s+[\"“‘«(]?([^\W\d_]+(?:'[^\W\d_]+)?)")

END, PART, OPEN = "!", ",", "."
"""The end of a sentence if a capital follows; part of an abbreviation; a letter's, of which a detector knows more."""


def kind(before: str) -> str:
    """What the full stop behind a text is: END, PART or OPEN; "" where no word stands before it."""
    word = _LAST_WORD.search(before[-12:])
    if word is None:
        return PART if _ORDINAL.search(before[-_LONGEST_CONTEXT:]) else ""
    return _kind_behind(word[1], before[-_LONGEST_CONTEXT:])


def may_end(before: str) -> bool:
    """Whether a full stop that is not END may end the sentence all the same, as the next word will tell."""
    word = _LAST_WORD.search(before[-12:])
    return word is not None and not _is_one_of(word[1], _NEVER_LAST)


def end_before_opener(behind: str) -> int:
    """How many characters behind a full stop belong to its sentence, if a word that opens another follows; else -1.

    `behind` ends with the whole of that word.
    """
    opened = _OPENED.fullmatch(behind)
    return opened.end(1) if opened and opened[2] in _OPENERS else -1


def _kind_behind(word: str, context: str) -> str:
    if _is_one_of(word, _ABBREVIATIONS):
        return PART
    if "." in word:
        return OPEN
    if len(word) > 1 or _ENDS_WITH_LETTER.search(context) or _ENDS_WITH_I.search(context):
        return END
    # In "44 a. C." it is no end.
    return PART if word.islower() else OPEN


def _is_one_of(word: str, words: frozenset[str]) -> bool:
    return not words.isdisjoint((word, word.capitalize() if word.isupper() else word, word[0].lower() + word[1:]))
