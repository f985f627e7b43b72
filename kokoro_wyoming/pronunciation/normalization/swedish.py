"""Swedish."""

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

_NEUTER = re.compile(
    r".*(?:ande|ende|eri|um|tt)|litet|stort|öppet|(?i:.*(?:ljus|fönster|rum|år|hus|kök|larm|kilo|gram|ton|dygn|skåp|bord|bad|batteri|paket|"
    r"brev|mejl|samtal|möte|ord|steg|element|uttag|hål|barn|djur|prov|försök|kort|glas|ägg|spår|program|avsnitt|"
    r"problem|fel|foto|konto|minne|tåg|plan))"
)


class Swedish(CldrNormalizer):
    """`feminine` stands for neuter here: all other nouns have "en"."""

    locale = "sv_SE"
    before_one = "per"
    parts = "tusen|hundra|tjugo|trettio|förtio|femtio|sextio|sjuttio|åttio|nittio"
    comma = "komma"
    plus, equals, at, to, times, by, divided = (
        "plus",
        "är lika med",
        "snabel-a",
        "till",
        "gånger",
        "gånger",
        "delat med",
    )
    subtracted, root = "minus", "roten ur {}"
    squared, cubed, power = "{} i kvadrat", "{} i kubik", "{} upphöjt till {}"
    number_sign, dot, version, out_of, over = "nummer", "punkt", "version", "av", "genom"
    says_ratios = True
    version_words = "[Vv]ersion|Core|OS|Assistant|Supervisor|ESPHome|[Ff]irmware"
    compared = {
        "~≈": "ungefär",
        "±": "plus minus",
        "<": "mindre än",
        ">": "mer än",
        "≤": "högst",
        "≥": "minst",
    }
    directions = {"N": "nord", "S": "syd", "E": "öst", "O": "öst", "W": "väst", "V": "väst"}
    units_per = "{} per {}"
    units_own = {
        "ppm": "miljondelar",
        "ppb": "miljarddelar",
        "rpm": "varv per minut",
        "relative-humidity": "procents luftfuktighet",
        "watt-hour-": ("wattimme", "wattimmar"),
        "decibel-milliwatt": "D B M",
        "ph": "P H",
    }
    unit_symbols = {"tim": "hour", "tim.": "hour", "sek": "second", "sek.": "second", "min.": "minute"}
    feminine_units = frozenset("gram kilogram milligram microgram tonne year rpm".split())
    currencies = {
        "SEK": Currency("krona", "kronor", "öre", "öre", feminine_coin=True),
        "kr": Currency("krona", "kronor", "öre", "öre", feminine_coin=True),
        "EUR": Currency("euro", "euro", "cent", "cent"),
        "USD": Currency("dollar", "dollar", "cent", "cent"),
        "GBP": Currency("pund", "pund", "pence", "pence", feminine=True),
        "JPY": Currency("yen", "yen"),
    }
    dotted_times = r"(?i:kl\.?|klockan(?: är)?|till|från|mellan|före|efter)"
    phones = (r"\+[0-9][0-9 ()-]{6,18}[0-9]", r"0[0-9]{1,3}-[0-9 ]{5,10}[0-9]")
    code_words = r"\b(?:PIN|pinkoden|koden|kod|lösenordet)(?: är|:)?(?= )"
    call_words = r"\b(?:[rR]ing|[tT]elefon|[tT]el\.?|[nN]ummer)(?::| till)?(?= )"
    short_numbers = "112|114 14|113 13|1177"
    abbreviations = {
        r"\bt\. ?ex\.": "till exempel",
        r"\bbl\. ?a\.": "bland annat",
        r"\bd\. ?v\. ?s\.|\bdvs\b\.?": "det vill säga",
        r"\bosv\b\.?": "och så vidare",
        r"\betc\b\.?": "et cetera",
        r"\bm\. ?m\.": "med mera",
        r"\bfr\. ?o\. ?m\.": "från och med",
        r"\bt\. ?o\. ?m\.": "till och med",
        r"\bca\.?(?= ?[0-9])": "cirka",
        r"\bnr\.?(?= ?[0-9])": "nummer",
        r"\bmax\.?(?= [0-9])": "högst",
        r"(?<![0-9])(?<![0-9] )\bmin\.(?= [0-9])": "minst",
        r"\binkl\.": "inklusive",
        r"\bexkl\.": "exklusive",
        r"\b([kK])l\.?(?= ?[0-9])": r"\1lockan",
        r"\bst\.?(?= [a-zåäö])(?<=[0-9] st)": "stycken",
    }

    def cardinal(self, number: int) -> str:
        return super().cardinal(number).replace("ettt", "ett")

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        return "en" if number == 1 and noun and not feminine else super().integer(number)

    def year(self, year: int) -> str:
        """1984: nineteen hundred eighty-four."""
        if not 1100 <= year < 2000:
            return self.integer(year)
        return f"{self.integer(year // 100)}hundra {self.integer(year % 100) if year % 100 else ''}".rstrip()

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return str(num2words(number, lang="sv", to="ordinal"))

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        words = self.joined(self.integer(hour), self._minutes(minute) if minute or second or hour > 12 else "")
        if not minute and not second and hour > 12:
            words = f"{self.integer(hour)} noll noll"
        return f"{words} och {self.integer(second)} sekunder" if second else words

    def date(self, year: int | None, month: int, day: int | None) -> str:
        return self.joined(self.ordinal(day) if day else "", self.month(month), self.year(year) if year else "")

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        return f"{date} klockan {self.clock(hour, minute, 0, half)}"

    def fraction(self, over: int, under: int) -> str:
        if under == 2:
            return "en halv" if over == 1 else f"{self.integer(over)} halva"
        part = {3: "tredjedel", 4: "fjärdedel", 5: "femtedel", 6: "sjättedel", 7: "sjundedel", 8: "åttondel"}.get(
            under, "niondel"
        )
        return f"{self.integer(over, noun=True)} {part}{'ar' if over > 1 else ''}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        return f"{self.integer(whole, noun=True)} och {self.fraction(over, under)}"

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        return f"{whole} och {self.integer(coins)} {currency.coins}"

    def large_numbers(self) -> Mapping[str, Large]:
        return {
            **dict.fromkeys(("mn", "milj.", "miljon", "miljoner"), Large("miljon", "miljoner")),
            **dict.fromkeys(("md", "mdr", "miljard", "miljarder"), Large("miljard", "miljarder")),
        }

    def own_rules_first(self) -> Iterator[Rule]:
        yield from rules_of_prices_in_words("kronor", "kr")
        yield from rules_of_second_times("och")
        yield from rules_of_days(
            {r"mån\.": "måndag", r"tis\.": "tisdag", r"ons\.": "onsdag", r"tors\.": "torsdag", r"fre\.": "fredag",
             r"lör\.": "lördag", r"sön\.": "söndag"}
        )  # fmt: skip
        hours = (
            r"(?P<word>\b[kK]lockan )(?P<hour>[01]?[0-9]|2[0-4])[-–](?P<until>[01]?[0-9]|2[0-4])(?![\w]|[.,:/-][0-9])"
        )
        yield (
            re.compile(hours),
            lambda found: (
                f"{found['word']}{self.integer(int(found['hour']))} {self.to} {self.integer(int(found['until']))}"
            ),
        )
        month = rf"(?P<month>(?i:{self.month_pattern()}))\b(?:\.(?= ?[a-z0-9,]))?"
        year = r"(?: (?P<year>[12][0-9]{3})(?![\w]|[.,:][0-9]))?"
        yield re.compile(rf"(?<![\w.,:/-])(?P<day>[0-3]?[0-9])(?::e|:a|\.)? {month}{year}"), self._written_date
        yield (
            re.compile(r"(?P<before>\b[dD]en )(?P<day>[0-3]?[0-9])/(?P<month>1[0-2]|[1-9])(?![\w/])"),
            lambda found: f"{found['before']}{self.date(None, int(found['month']), int(found['day']))}",
        )
        yield (
            re.compile(r"(?<![\w.,:/-])(?P<number>[0-9]{1,3}):[ae]\b"),
            lambda found: self.ordinal(int(found["number"])),
        )

    def own_rules(self) -> Iterator[Rule]:
        yield (
            re.compile(
                r"(?<![\w.,:/+-])1[ \u00a0](?=(?P<noun>[a-zåäö]{2,30})\b(?: (?P<second>[a-zåäö]{2,30})\b)?)"
                r"(?!och |eller |till |av |på |i )"
            ),
            self._one,
        )
        yield (
            re.compile(r"(?P<before>\b(?:[sS]edan|[åÅ]r|[åÅ]ret|från) )(?P<year>1[1-9][0-9]{2})(?![\w]|[.,:/-][0-9])"),
            lambda found: f"{found['before']}{self.year(int(found['year']))}",
        )

    @staticmethod
    def _one(found: Found) -> str:
        """The article that "1" is before a noun, or before an adjective and its noun."""
        noun, second = found["noun"], found["second"] or ""
        is_neuter = _NEUTER.fullmatch(noun) or (noun.endswith("t") and _NEUTER.fullmatch(second))
        return "ett " if is_neuter else "en "
