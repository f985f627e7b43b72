"""German."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from num2words import num2words

from kokoro_wyoming.pronunciation.normalization.cldr import (
    CldrNormalizer,
    rules_of_days,
    rules_of_prices_in_words,
    rules_of_second_times,
)
from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_DATIVE = "in|vor|nach|seit|mit|von|aus|bei|ab|zu|innerhalb von"
_ACCUSATIVE = "für|um|ohne|gegen|durch|kostet|kosten|beträgt|hast|habe|hat|gibt|dauert|braucht"
_WEAK = "am|vom|zum|zur|im|beim|dem|den|des|jeden|jedem|einem|meinem|deinem|seinem|ihrem|unserem|ersten|diesen|diesem"
"""Words after which an ordinal ends in -en."""
_BEFORE_DATIVE = "in|auf|an|aus|bei|mit|nach|von|vor|zu|seit|unter|über|neben|hinter|während"
"""Words after which "der" is no nominative."""
_ARTICLES = "der|die|das|jede|diese|dieses|dieser"
"""Words after which an ordinal ends in -e."""
_FEMININE = re.compile(
    r".*(?:ung|heit|keit|schaft|tion|sion|tät|ik|ur|ei|in|ie|[^g]e)|(?i:.*(?:nachricht|tür|uhr|stadt|nacht|mail|person|"
    r"kamera|wand|hand|bank|frau|milch|zahl|antwort|arbeit|zeit|woche))"
)
_NOT_FEMININE = re.compile(
    r"(?i:.*(?:gebäude|ende|auge|name|termin|kamin|käse|junge|kunde|computer|ereignis|ei|geräte?|update|game|file|home|release|interface|service|device))"
)
_MASCULINE = re.compile(
    r"(?i:.*(?:tag|monat|meter|liter|euro|dollar|abend|morgen|termin|raum|alarm|timer|wecker|schritt|punkt|anruf|film|"
    r"versuch|moment))"
)
_NOUN = r"[A-ZÄÖÜ][a-zäöüß]{2,30}(?:-[A-ZÄÖÜ][a-zäöüß]{2,30})?"


class German(CldrNormalizer):
    locale = "de_DE"
    before_one = "pro|je"
    parts = "tausend|hundert|acht(?=hundert)"
    comma = "Komma"
    plus, equals, at, to, times, by, divided = "plus", "gleich", "at", "bis", "mal", "mal", "geteilt durch"
    subtracted, root = "minus", "die Wurzel aus {}"
    squared, cubed, power = "{} hoch zwei", "{} hoch drei", "{} hoch {}"
    number_sign, dot, version, out_of, over = "Nummer", "Punkt", "Version", "von", "durch"
    says_ratios = True
    version_words = "Version|Core|OS|Assistant|Supervisor|ESPHome|Firmware"
    compared = {
        "~≈": "ungefähr",
        "±": "plus minus",
        "<": "weniger als",
        ">": "mehr als",
        "≤": "höchstens",
        "≥": "mindestens",
    }
    directions = {"N": "Nord", "S": "Süd", "E": "Ost", "O": "Ost", "W": "West"}
    months = ("jän 1", "jänner 1", "feb 2", "sept 9")
    units_per = "{} pro {}"
    units_own = {
        "ppm": "P P M",
        "ppb": "P P B",
        "rpm": ("Umdrehung pro Minute", "Umdrehungen pro Minute"),
        "relative-humidity": "Prozent relative Feuchte",
        "watt-hour-": ("Wattstunde", "Wattstunden"),
        "decibel-milliwatt": "D B M",
        "ph": "P H",
    }
    unit_symbols = {"Std.": "hour", "Std": "hour", "Min.": "minute", "Min": "minute", "Sek.": "second", "Sek": "second"}
    feminine_units = frozenset(
        "second minute hour day-week week tonne kilowatt-hour watt-hour- megawatt-hour mile mile-per-hour calorie "
        "kilocalorie rpm ampere-hour milliampere-hour".split()
    )
    currencies = {
        "EUR": Currency("Euro", "Euro", "Cent", "Cent"),
        "USD": Currency("Dollar", "Dollar", "Cent", "Cent"),
        "GBP": Currency("Pfund", "Pfund", "Pence", "Pence"),
        "CHF": Currency("Franken", "Franken", "Rappen", "Rappen"),
        "JPY": Currency("Yen", "Yen"),
        "kr": Currency("Krone", "Kronen", feminine=True),
    }
    dotted_times = r"(?i:um|ab|bis|gegen|von|vor|nach|seit|zwischen|kurz vor|kurz nach)"
    dotted_times_before = "Uhr"
    meridiems: Mapping[str, str] = {}
    phones = (r"\+[0-9][0-9 ()./-]{6,18}[0-9]", r"0[0-9]{2,4}[ /-][0-9]{3,8}(?:[ -][0-9]{2,6})?")
    code_words = r"\b(?:PIN|Code|Kennwort|Passwort|TAN)(?: ist| lautet|:)?(?= )"
    call_words = r"\b(?:[wW]ähle|[rR]uf(?:e|en)?|[tT]elefon|[tT]el\.)(?::| an)?(?= )"
    short_numbers = "110|112|115|116|117|144"
    abbreviations = {
        r"\b[zZ]\. ?B\.": "zum Beispiel",
        r"\b[dD]\. ?h\.": "das heißt",
        r"\b[uU]\. ?a\.": "unter anderem",
        r"\busw\b\.?": "und so weiter",
        r"\betc\b\.?": "et cetera",
        r"\bbzw\.": "beziehungsweise",
        r"\bca\.(?= ?[0-9])": "circa",
        r"\bNr\.(?= ?[0-9])": "Nummer",
        r"\bDr\.(?= [A-ZÄÖÜ])": "Doktor",
        r"\bProf\.(?= [A-ZÄÖÜ])": "Professor",
        r"\bHr\.(?= [A-ZÄÖÜ])": "Herr",
        r"\bFr\.(?= [A-ZÄÖÜ])": "Frau",
        r"\bSt\.(?= [A-ZÄÖÜ])": "Sankt",
        r"\b([A-ZÄÖÜ][a-zäöüß]{2,24})str\.(?= ?[0-9])": r"\1straße",
        r"\bStr\.(?= ?[0-9])": "Straße",
        r"\b([mM])ax\.(?= [0-9A-ZÄÖÜ])": r"\1aximal",
        r"(?<![0-9])(?<![0-9] )\b([mM])in\.(?= [0-9])": r"\1indestens",
        r"\binkl\.": "inklusive",
        r"\bggf\.": "gegebenenfalls",
        r"\bevtl\.": "eventuell",
        r"\bTel\.": "Telefon",
        r"\bvgl\.": "vergleiche",
        r"(?<=[0-9]) ?qm\b": " m²",
    }

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        if number == 1 and noun:
            return "eine" if feminine else "ein"
        return super().integer(number)

    def year(self, year: int) -> str:
        return self.parted(str(num2words(year, lang="de", to="year"))) if 1100 <= year < 2000 else self.integer(year)

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return str(num2words(number, lang="de", to="ordinal"))

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        words = f"{self.integer(hour, noun=True)} Uhr"
        if minute or second:
            words += f" {self.integer(minute)}"
        return f"{words} und {self.integer(second)} Sekunden" if second else words

    def date(self, year: int | None, month: int, day: int | None) -> str:
        """With the ending that a date has by itself; `_in_its_case` gives it another."""
        words = self.joined(f"{self.ordinal(day)}r" if day else "", self.month(month))
        return f"{words} {self.year(year)}" if year else words

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        return f"{date} um {self.clock(hour, minute, 0, half)}"

    def fraction(self, over: int, under: int) -> str:
        if under == 2:
            return "ein halb" if over == 1 else f"{self.integer(over)} halbe"
        part = {3: "drittel", 7: "siebtel", 8: "achtel"}.get(under, f"{self.integer(under)}tel")
        return f"{self.integer(over, noun=True)} {part}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        if (over, under) == (1, 2):
            return "eineinhalb" if whole == 1 else f"{self.integer(whole)}einhalb"
        return f"{self.integer(whole, noun=True)} {self.fraction(over, under)}"

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        return f"{whole} {self.integer(coins)}"

    def large_numbers(self) -> Mapping[str, Large]:
        return {
            **dict.fromkeys(("Mio.", "Mio", "Million", "Millionen"), Large("Million", "Millionen")),
            **dict.fromkeys(("Mrd.", "Mrd", "Milliarde", "Milliarden"), Large("Milliarde", "Milliarden")),
        }

    def own_rules_first(self) -> Iterator[Rule]:
        yield from rules_of_prices_in_words("Euro", "€")
        yield from rules_of_second_times("und")
        yield from rules_of_days(
            {r"Mo\.": "Montag", r"Di\.": "Dienstag", r"Mi\.": "Mittwoch", r"Do\.": "Donnerstag", r"Fr\.": "Freitag",
             r"Sa\.": "Samstag", r"So\.": "Sonntag"}
        )  # fmt: skip
        hour = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4])"
        yield (
            re.compile(
                rf"{hour}(?::(?P<minute>[0-5][0-9]))?[-–](?P<until>[01]?[0-9]|2[0-4])(?::(?P<last>[0-5][0-9]))? ?Uhr\b"
            ),
            self._hours,
        )
        yield (
            re.compile(
                rf"{hour}(?::(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?)?[ \u00a0]?(?:Uhr\b|h\b(?= abends))"
            ),
            lambda found: self.clock(int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0), ""),
        )
        month = rf"(?P<month>(?i:{self.month_pattern()}))\b(?:\.(?= ?[a-z0-9,]))?"
        year = r"(?: (?P<year>[12][0-9]{3})(?![\w]|[.,:][0-9]))?"
        yield re.compile(rf"(?<![\w.,:/-])(?P<day>[0-3]?[0-9])\. ?{month}{year}"), self._written_date
        yield (
            re.compile(r"(?<![\w./-])(?P<day>[0-3]?[0-9])\.(?P<month>1[0-2]|0?[1-9])\.(?![\w-])"),
            lambda found: (
                self.date(None, int(found["month"]), int(found["day"])) if 0 < int(found["day"]) < 32 else found[0]
            ),
        )
        yield (
            re.compile(rf"(?<![\w.,:/-])(?P<number>[0-9]{{1,3}})\. (?=(?P<noun>{_NOUN}|und [0-9]{{1,3}}\. ))"),
            self._numbered,
        )

    def _hours(self, found: Found) -> str:
        first = self.clock(int(found["hour"]), int(found["minute"] or 0), 0, "")
        first = first if found["minute"] else first.removesuffix(" Uhr")
        return f"{first} {self.to} {self.clock(int(found['until']), int(found['last'] or 0), 0, '')}"

    def _numbered(self, found: Found) -> str:
        """An ordinal before a noun; where nothing before it asks for its ending, it is a number at a sentence's end."""
        before = found.string[max(0, found.start() - 24) : found.start()]
        if not re.search(rf"(?i)\b(?:{_WEAK}|{_ARTICLES}|und|zu ihrem|mein|dein|sein|ein|eine) $", before):
            return found[0]
        return f"{self.ordinal(int(found['number']))}r "

    def bare(self, written: str, found: Found) -> str:
        """Four digits that count no noun are a year; a number is said so as well."""
        is_year = re.fullmatch("1[1-9][0-9]{2}", written) and not re.match(
            r"[ \u00a0][A-ZÄÖÜ]", found.string[found.end() :][:2]
        )
        return self.year(int(written)) if is_year else super().bare(written, found)

    def own_rules(self) -> Iterator[Rule]:
        adjective = "[a-zäöüß]{2,30}e(?P<ending>[nrs]?)"
        yield (
            re.compile(rf"(?<![\w.,:/+-])1[ \u00a0](?={adjective} {_NOUN}\b)"),
            lambda found: f"{ {'': 'eine', 'n': 'einen'}.get(found['ending'], 'ein') } ",
        )
        yield re.compile(rf"(?<![\w.,:/+-])1[ \u00a0](?=(?P<noun>{_NOUN})\b)"), self._one

    def _one(self, found: Found) -> str:
        """The article that "1" is before a noun; of the noun's gender there are endings."""
        noun = found["noun"]
        return f"{'eine' if _FEMININE.fullmatch(noun) and not _NOT_FEMININE.fullmatch(noun) else 'ein'} "

    def own_rules_last(self) -> Iterator[Rule]:
        yield (
            re.compile(r"(?P<measure>\b(?:mit|von|bei|ab) (?:[a-zäöüßK]{2,60} ){1,4}(?:Kilom|M)eter)(?= pro )"),
            lambda found: f"{found['measure']}n",
        )
        # The case of an article and of an ordinal is that of the word before it.
        yield re.compile(rf"\b(?P<word>(?i:{_DATIVE})) ein(?P<ending>e?)(?= (?P<noun>{_NOUN})\b)"), self._dative
        yield (
            re.compile(rf"\b(?P<word>(?i:{_ACCUSATIVE}))(?: noch| nur)? ein(?= (?P<noun>{_NOUN})\b)"),
            lambda found: f"{found[0]}en" if _MASCULINE.fullmatch(found["noun"]) else found[0],
        )
        ordinal = r"(?P<ordinal>[a-zäöüß]{2,60}[st]er|dritter|erster|achter)(?= (?:[A-ZÄÖÜ]|und\b))"
        weekday = r"(?:(?:Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch|Sonnabend),? "
        yield re.compile(rf"\b(?P<word>(?i:{_WEAK}) (?:{weekday}(?:dem |den )?)?){ordinal}"), self._in_its_case
        yield re.compile(rf"\b(?P<word>(?i:{_BEFORE_DATIVE}) der ){ordinal}"), self._in_its_case
        yield re.compile(rf"\b(?P<word>(?i:{_ARTICLES}) ){ordinal}"), self._in_its_case
        yield (
            re.compile(r"\b(?P<word>[bB]is |[aA]b |[sS]eit ){1}(?P<ordinal>[a-zäöüß]{2,60}ter)(?= [A-ZÄÖÜ])"),
            self._in_its_case,
        )

    @staticmethod
    def _dative(found: Found) -> str:
        return f"{found['word']} ein{'er' if found['ending'] else 'em'}"

    def _in_its_case(self, found: Found) -> str:
        words = found["ordinal"]
        if not self._is_ordinal(words):
            return found[0]
        is_weak = not re.fullmatch(rf"(?i)(?:{_ARTICLES}) ", found["word"])
        return f"{found['word']}{words[:-1]}{'n' if is_weak else ''}"

    @staticmethod
    def _is_ordinal(words: str) -> bool:
        return words[:-1] in _ORDINALS


_ORDINALS = frozenset(str(num2words(number, lang="de", to="ordinal")) for number in range(1, 1000))
