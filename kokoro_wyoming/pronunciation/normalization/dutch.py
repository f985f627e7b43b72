"""Dutch."""

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


class Dutch(CldrNormalizer):
    locale = "nl_NL"
    before_one = "per"
    parts = "duizend|honderd|zes(?=en)|(?<=zes)en"
    comma = "komma"
    plus, equals, at, to, times, by, divided = "plus", "is", "apenstaartje", "tot", "keer", "bij", "gedeeld door"
    subtracted, root = "min", "de wortel van {}"
    squared, cubed, power = "{} kwadraat", "{} tot de derde", "{} tot de macht {}"
    number_sign, dot, version, out_of, over = "nummer", "punt", "versie", "van de", "op"
    says_ratios = True
    version_words = "[Vv]ersie|Core|OS|Assistant|Supervisor|ESPHome|[Ff]irmware"
    compared = {
        "~≈": "ongeveer",
        "±": "ongeveer",
        "<": "minder dan",
        ">": "meer dan",
        "≤": "hoogstens",
        "≥": "minstens",
    }
    directions = {"N": "noord", "S": "zuid", "E": "oost", "O": "oost", "W": "west"}
    units_per = "{} per {}"
    units_own = {
        "degree": ("graad", "graden"),
        "ppm": "delen per miljoen",
        "ppb": "delen per miljard",
        "rpm": ("toer per minuut", "toeren per minuut"),
        "relative-humidity": "procent luchtvochtigheid",
        "watt-hour-": "wattuur",
        "decibel-milliwatt": "D B M",
        "ph": "P H",
    }
    unit_symbols = {"u": "hour", "km/u": "kilometer-per-hour", "min.": "minute", "sec.": "second", "sec": "second"}
    currencies = {
        "EUR": Currency("euro", "euro", "cent", "cent"),
        "USD": Currency("dollar", "dollar", "cent", "cent"),
        "GBP": Currency("pond", "pond", "penny", "pence"),
        "JPY": Currency("yen", "yen"),
        "kr": Currency("kroon", "kronen"),
    }
    dotted_times = r"(?i:om|van|tot|vanaf|tussen|rond|na|voor)"
    after_dotted_time = r"(?! (?:graden|euro|procent|liter|kilo|meter|kilometer)\b)"
    dotted_times_before = "uur"
    phones = (r"\+[0-9][0-9 ()-]{6,18}[0-9]", r"0[0-9]{1,3}[ -][0-9]{6,8}")
    code_words = r"\b(?:pincode|PIN|code|wachtwoord)(?: is|:)?(?= )"
    call_words = r"\b(?:[bB]el|[tT]elefoon|[tT]el\.)(?::| naar)?(?= )"
    short_numbers = "112|144|0900"
    abbreviations = {
        r"\b[bB]ijv\.": "bijvoorbeeld",
        r"\b[bB]v\.": "bijvoorbeeld",
        r"\bo\. ?a\.": "onder andere",
        r"\bd\. ?w\. ?z\.": "dat wil zeggen",
        r"\bm\. ?b\. ?t\.": "met betrekking tot",
        r"\benz\b\.?": "enzovoort",
        r"\betc\b\.?": "et cetera",
        r"\bi\. ?p\. ?v\.": "in plaats van",
        r"\bt/m\b": "tot en met",
        r"\bca\.(?= ?[0-9])": "circa",
        r"\bnr\.(?= ?[0-9])": "nummer",
        r"\bdhr\.(?= [A-Z])": "de heer",
        r"\bmevr\.(?= [A-Z])": "mevrouw",
        r"\b([dD])r\.(?= [A-Z])": r"\1octor",
        r"\bmax\.(?= [0-9a-z])": "maximaal",
        r"(?<![0-9])(?<![0-9] )\bmin\.(?= [0-9])": "minimaal",
        r"\bincl\.": "inclusief",
        r"\bexcl\.": "exclusief",
        r"\b([A-Z][a-z]{2,24})str\.(?= ?[0-9])": r"\1straat",
        r"\bvs\b\.?": "versus",
    }

    def year(self, year: int) -> str:
        if not 1100 <= year < 2000:
            return self.integer(year)
        return self.parted(str(num2words(year, lang="nl", to="year")).replace(" honderd ", "honderd"))

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return str(num2words(number, lang="nl", to="ordinal"))

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        words = self.joined(f"{self.integer(hour)} uur", self.integer(minute) if minute or second else "")
        return f"{words} en {self.integer(second)} seconden" if second else words

    def date(self, year: int | None, month: int, day: int | None) -> str:
        return self.joined(self.integer(day) if day else "", self.month(month), self.year(year) if year else "")

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        return f"{date} om {self.clock(hour, minute, 0, half)}"

    def fraction(self, over: int, under: int) -> str:
        if under == 2:
            return "half" if over == 1 else f"{self.integer(over)} halve"
        return f"{'een' if over == 1 else self.integer(over)} {'kwart' if under == 4 else self.ordinal(under)}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        if (over, under) == (1, 2):
            return (
                "anderhalf"
                if whole == 1
                else f"{self.integer(whole)}ënhalf"
                if whole in (2, 3)
                else (f"{self.integer(whole)}enhalf")
            )
        return f"{self.integer(whole)} {self.fraction(over, under)}"

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        return f"{whole} {self.integer(coins)}"

    def large_numbers(self) -> Mapping[str, Large]:
        return {
            **dict.fromkeys(("mln.", "mln", "miljoen"), Large("miljoen", "miljoen")),
            **dict.fromkeys(("mld.", "mld", "miljard"), Large("miljard", "miljard")),
        }

    def own_rules_first(self) -> Iterator[Rule]:
        yield from rules_of_prices_in_words("euro", "€")
        yield from rules_of_second_times("en")
        yield from rules_of_days(
            {r"ma\.": "maandag", r"di\.": "dinsdag", r"wo\.": "woensdag", r"do\.": "donderdag", r"vr\.": "vrijdag",
             r"za\.": "zaterdag", r"zo\.": "zondag"}
        )  # fmt: skip
        hour = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])"
        yield re.compile(rf"{hour}(?::(?P<second>[0-5][0-9]))? ?(?:uur|u)\b"), self._clock_of_hours
        month = rf"(?P<month>(?i:{self.month_pattern()}))\b(?:\.(?= ?[a-z0-9,]))?"
        year = r"(?: (?P<year>[12][0-9]{3})(?![\w]|[.,:][0-9]))?"
        yield re.compile(rf"(?<![\w.,:/-])(?P<day>[0-3]?[0-9]) {month}{year}"), self._written_date
        yield (
            re.compile(r"(?<![\w.,:/-])(?P<number>[0-9]{1,3})(?:e|de|ste)\b"),
            lambda found: self.ordinal(int(found["number"])),
        )

    def _clock_of_hours(self, found: Found) -> str:
        return self.clock(int(found["hour"]), int(found["minute"]), int(found["second"] or 0), "")

    def own_rules(self) -> Iterator[Rule]:
        before = r"(?P<before>\b(?:[iI]n|[sS]inds|[vV]anaf|[uU]it|jaar|eind|begin) )"
        yield (
            re.compile(rf"{before}(?P<year>1[1-9][0-9]{{2}})(?![\w]|[.,:/-][0-9]| [a-z]+en\b)"),
            lambda found: f"{found['before']}{self.year(int(found['year']))}",
        )
