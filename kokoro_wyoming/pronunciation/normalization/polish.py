"""Polish. Hours and days are ordinals, and numbers have the gender and the case that the words around them ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial

from kokoro_wyoming.pronunciation.normalization import polish_inflection as inflection
from kokoro_wyoming.pronunciation.normalization.cldr import (
    CldrNormalizer,
    plural_forms,
    rules_of_days,
    rules_of_prices_in_words,
)
from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.numerals import Number
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_NAMED_BY_NUMBERS = re.compile(r"\b(?:nr|numer|stron[aęy]|kanał|pokój|poziom|linia|tryb|scena) $")


class Polish(CldrNormalizer):
    locale = "pl_PL"
    before_one = "za|na"
    plus, equals, at, to, times, by, divided = "plus", "równa się", "małpa", "do", "razy", "na", "podzielić przez"
    subtracted, root = "minus", "pierwiastek z {}"
    squared, cubed, power = "{} do kwadratu", "{} do sześcianu", "{} do potęgi {}"
    number_sign, dot, version, out_of, over = "numer", "kropka", "wersja", "na", "przez"
    says_ratios = True
    version_words = "[Ww]ersj[aięe]|Core|OS|Assistant|Supervisor|ESPHome|[Ff]irmware"
    compared = {
        "~≈": "około",
        "±": "plus minus",
        "<": "mniej niż",
        ">": "więcej niż",
        "≤": "najwyżej",
        "≥": "co najmniej",
    }
    units_per = "{} na {}"
    units_own = {
        "ppm": "części na milion",
        "ppb": "części na miliard",
        "rpm": ("obrót na minutę", "obroty na minutę", "obrotów na minutę", "obrotu na minutę"),
        "relative-humidity": ("procent wilgotności względnej", "procent wilgotności względnej"),
        "watt-hour-": ("watogodzina", "watogodziny", "watogodzin", "watogodziny"),
        "decibel-milliwatt": "de be em",
        "ph": "pe ha",
    }
    unit_symbols = {"godz.": "hour", "godz": "hour", "sek.": "second", "sek": "second", "min.": "minute"}
    feminine_units = frozenset(
        "second minute hour kilowatt-hour watt-hour- megawatt-hour tonne mile mile-per-hour calorie kilocalorie "
        "ampere-hour milliampere-hour ppm ppb".split()
    )
    currencies = {
        "PLN": Currency(
            "złoty", "złotych", "grosz", "groszy",
            forms=plural_forms("złoty", "złote", "złotych", "złotego"),
            coin_forms=plural_forms("grosz", "grosze", "groszy", "grosza"),
        ),
        "EUR": Currency(
            "euro", "euro", "cent", "centów", coin_forms=plural_forms("cent", "centy", "centów", "centa"),
        ),
        "USD": Currency(
            "dolar", "dolarów", "cent", "centów",
            forms=plural_forms("dolar", "dolary", "dolarów", "dolara"),
            coin_forms=plural_forms("cent", "centy", "centów", "centa"),
        ),
        "GBP": Currency(
            "funt", "funtów", "pens", "pensów",
            forms=plural_forms("funt", "funty", "funtów", "funta"),
            coin_forms=plural_forms("pens", "pensy", "pensów", "pensa"),
        ),
        "kr": Currency(
            "korona", "koron", feminine=True, forms=plural_forms("korona", "korony", "koron", "korony"),
        ),
    }  # fmt: skip
    dotted_times = r"(?i:o|od|do|po|przed|na|godz\.|godzinie|godzina|między)"
    after_dotted_time = r"(?! (?:stopni|stopnia|procent|litr|zł|kilo|metr))"
    phones = (r"\+[0-9][0-9 ()-]{6,18}[0-9]", r"[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}")
    code_words = r"\b(?:PIN|[kK]od|[hH]asło)(?: to|:)?(?= )"
    call_words = r"\b(?:[zZ]adzwoń|[tT]elefon|[tT]el\.)(?::| pod| na)?(?: numer)?(?= )"
    short_numbers = "112|997|998|999"
    abbreviations = {
        r"\bnp\.": "na przykład",
        r"\bm\. ?in\.": "między innymi",
        r"\btj\.": "to jest",
        r"\btzn\.": "to znaczy",
        r"\bitd\b\.?": "i tak dalej",
        r"\bitp\b\.?": "i tym podobne",
        r"\bok\.(?= ?[0-9])": "około",
        r"\bnr(?= ?[0-9])": "numer",
        r"\bul\.(?= [A-ZŁŚŻŹĆ0-9])": "ulica",
        r"\bna ulica\b": "na ulicy",
        r"\bal\.(?= [A-ZŁŚŻŹĆ])": "aleja",
        r"\bpl\.(?= [A-ZŁŚŻŹĆ])": "plac",
        r"\bdr(?= [A-ZŁŚŻŹĆ])": "doktor",
        r"\bprof\.(?= [A-ZŁŚŻŹĆ])": "profesor",
        r"\bmaks\.(?= [0-9])": "maksymalnie",
        r"(?<![0-9])(?<![0-9] )\bmin\.(?= [0-9])": "minimum",
        r"\bo godz\.(?= ?[0-9])": "o godzinie",
        r"\bgodz\.(?= ?[0-9])": "godzina",
        r"\btel\.": "telefon",
        r"\bpt\.(?= [\"„])": "pod tytułem",
        r"(?<=[0-9]) ?r\.(?= [a-zł]|,)": " roku",
        r"(?<=[0-9]) ?r(?=\.$)": " roku",
    }

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        words = super().integer(number)
        if not feminine:
            return words
        return "jedna" if number == 1 else re.sub(r"\bdwa$", "dwie", words)

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        words = inflection.ordinal(number)
        return inflection.feminine(words) if feminine else words

    def year(self, year: int) -> str:
        """In the genitive, as a date has it: only tens and units are ordinals."""
        return inflection.masculine(self._year_as_ordinal(year), "ego")

    def _year_as_ordinal(self, year: int) -> str:
        rest = year % 100
        return self.joined(self.integer(year - rest), self.ordinal(rest)) if rest else self.ordinal(year)

    def years(self, first: int, last: int) -> str:
        return self.span(self.integer(first), self.integer(last))

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        """The hour in the nominative; `_hour_in_its_case` gives it another."""
        words = self.joined(inflection.hour(hour), self._minutes(minute) if minute or second else "")
        return f"{words} i {self.measured(Number(second), 'second')}" if second else words

    def date(self, year: int | None, month: int, day: int | None) -> str:
        """In the genitive, as a day stands in a sentence; after "is" it gets its nominative in `own_rules_last`."""
        days = inflection.masculine(self.ordinal(day), "ego") if day else ""
        return self.joined(days, self.month(month), f"{self.year(year)} roku" if year else "")

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        return f"{date} o {inflection.hour_in_case(self.clock(hour, minute, 0, half), 'ej')}"

    def fraction(self, over: int, under: int) -> str:
        if under == 2:
            return "pół" if over == 1 else f"{self.integer(over)} drugie"
        part = inflection.feminine(self.ordinal(under))
        if over == 1:
            return f"jedna {part}"
        many = inflection.neuter(self.ordinal(under)) if over < 5 else f"{self.ordinal(under)}ch"
        return f"{self.integer(over, feminine=True)} {many}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        if (over, under) == (1, 2):
            return "półtora" if whole == 1 else f"{self.integer(whole)} i pół"
        return f"{self.integer(whole)} i {self.fraction(over, under)}"

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        plural = self.units.plural_form(Decimal(coins))
        return self.joined(whole, self.integer(coins), currency.coin_form(plural, coins))

    def unit_by_itself(self, unit: str, plural: str) -> str:
        """In the accusative behind "za" and "na"."""
        words = super().unit_by_itself(unit, plural)
        return f"{words[:-1]}ę" if plural == "one" and words.endswith("a") else words

    def large_numbers(self) -> Mapping[str, Large]:
        return {"mln": Large("milion", "milionów"), "mld": Large("miliard", "miliardów")}

    def own_rules_first(self) -> Iterator[Rule]:
        yield from rules_of_prices_in_words("złotych", "zł")
        yield (
            re.compile(r"(?<=[0-9] z )(?P<number>[0-9]{1,3})(?![\w%°]|[.,:/-]?[0-9])"),
            lambda found: inflection.oblique(self.integer(int(found["number"]))),
        )
        yield from rules_of_days(
            {r"pon\.": "poniedziałek", r"wt\.": "wtorek", r"śr\.": "środa", r"czw\.": "czwartek", r"pt\.": "piątek",
             r"sob\.": "sobota", r"niedz\.": "niedziela"}
        )  # fmt: skip
        month = rf"(?P<month>(?i:{self.month_pattern()}))\b"
        year = r"(?: (?P<year>[12][0-9]{3})(?![\w]|[.,:][0-9])(?: roku)?)?"
        yield re.compile(rf"(?<![\w.,:/-])(?P<day>[0-3]?[0-9])\.? {month}{year}"), self._written_date
        yield (
            re.compile(r"\b(?P<word>[wW] |[oO]d |[dD]o |[zZ] |)(?P<year>[12][0-9]{3}) (?P<noun>roku|rok)\b"),
            self._year_with_its_noun,
        )
        yield (
            re.compile(r"(?<=godzinie )(?P<hour>[01]?[0-9]|2[0-4])(?![\w]|[.,:/-][0-9])"),
            lambda found: inflection.feminine(self.ordinal(int(found["hour"])), "ej"),
        )
        yield (
            re.compile(r"(?<![\w.,:/-])(?P<number>[0-9]{1,2})\. (?=(?P<noun>[a-ząćęłńóśźż]{3,20})\b)"),
            self._numbered,
        )

    def _year_with_its_noun(self, found: Found) -> str:
        word, ordinal = found["word"], self._year_as_ordinal(int(found["year"]))
        if found["noun"] == "rok":
            return f"{word}{ordinal} rok"
        return f"{word}{inflection.masculine(ordinal, 'm' if word.lower() == 'w ' else 'ego')} roku"

    def _numbered(self, found: Found) -> str:
        """An ordinal before a noun whose gender and case its ending tells: "na 2. piętrze"."""
        noun, words = found["noun"], self.ordinal(int(found["number"]))
        if noun.endswith(("trze", "dniu", "iącu", "roku", "odzie")):
            return f"{inflection.masculine(words, 'm')} "
        if noun in ("piętro", "miejsce"):
            return f"{inflection.neuter(words)} "
        return f"{words} " if re.fullmatch(r"dzień|raz|miesiąc|rok|punkt|kanał|poziom|krok", noun) else found[0]

    def own_rules(self) -> Iterator[Rule]:
        word = r"(?P<noun>[a-ząćęłńóśźż]{2,30})"
        second = r"(?: (?P<second>[a-ząćęłńóśźż]{2,30}))?"
        yield (
            re.compile(rf"(?P<before>\b(?i:{inflection.GENITIVE}) )(?P<number>[0-9]{{1,3}}) (?={word}\b)"),
            lambda found: f"{found['before']}{self._in_genitive(int(found['number']), found['noun'])} ",
        )
        yield (
            re.compile(rf"(?P<before>\b[pP]o )(?P<number>[0-9]{{1,3}}) (?={word}ach\b)"),
            lambda found: f"{found['before']}{self._in_genitive(int(found['number']), '')} ",
        )
        yield re.compile(rf"(?<![\w.,:/+-])(?P<number>[0-9]{{0,4}}[12]) (?={word}{second}\b)"), self._counted

    def _in_genitive(self, number: int, noun: str) -> str:
        if number == 1:
            return "jednej" if noun.endswith(("y", "i")) else "jednego"
        return inflection.oblique(self.integer(number))

    def _counted(self, found: Found) -> str:
        number, noun, second = int(found["number"]), found["noun"], found["second"] or ""
        if _NAMED_BY_NUMBERS.search(found.string, max(0, found.start() - 12), found.start()):
            return f"{self.integer(number)} "
        is_neuter = inflection.NEUTER.fullmatch(noun) or (noun.endswith("e") and inflection.NEUTER.fullmatch(second))
        if number == 1 and (is_neuter or inflection.ACCUSATIVE.fullmatch(noun)):
            return "jedno " if is_neuter else "jedną "
        is_feminine = inflection.FEMININE.fullmatch(noun) or (
            noun[-1] in "ae" and inflection.FEMININE.fullmatch(second)
        )
        return f"{self.integer(number, feminine=is_feminine is not None)} "

    def own_rules_last(self) -> Iterator[Rule]:
        # Hours and amounts have the case that the word before them asks for.
        for words, ending in inflection.HOUR_CASES:
            yield (
                re.compile(rf"(?P<before>\b(?i:{words}) (?:godzin(?:y|ie|ą) )?)(?P<hour>{inflection.HOURS})(?!\w)"),
                partial(_hour_behind, ending),
            )
        number = rf"(?:minus )?(?:{inflection.CARDINAL} ){{1,3}}"
        units = "|".join(inflection.UNITS_IN_GENITIVE)
        yield (
            re.compile(rf"(?P<before>\b(?i:{inflection.GENITIVE}) )(?P<number>{number})(?P<unit>{units})\b"),
            _amount_in_genitive,
        )
        yield (
            re.compile(rf"(?P<before>\b[wW] )(?P<number>(?:{inflection.CARDINAL} ){{1,3}})procent\b"),
            lambda found: f"{found['before']}{inflection.oblique(found['number'])} procentach",
        )
        yield (
            re.compile(r"(?P<before>\b(?:za|na|przez|co) )jedna (?P<stem>minut|godzin|sekund)a\b"),
            lambda found: f"{found['before']}jedną {found['stem']}ę",
        )
        today = r"\b(?:[dD]ziś|[dD]zisiaj|[jJ]utro) (?:jest |będzie )?(?:[a-ząćęłńóśźż]{3,12}, )?"
        days, months = "|".join(sorted(inflection.DAYS, key=len, reverse=True)), "|".join(self.month_names.values())
        yield (
            re.compile(rf"(?P<before>{today})(?P<day>{days})(?= (?:{months}))"),
            lambda found: f"{found['before']}{inflection.DAYS[found['day']]}",
        )


def _hour_behind(ending: str, found: Found) -> str:
    return f"{found['before']}{inflection.hour_in_case(found['hour'], ending)}"


def _amount_in_genitive(found: Found) -> str:
    number, (many, one) = found["number"].strip(), inflection.UNITS_IN_GENITIVE[found["unit"]]
    if number in ("jeden", "jedna"):
        return f"{found['before']}{'jednej' if number == 'jedna' else 'jednego'} {one}"
    return f"{found['before']}{inflection.oblique(number)} {many}"
