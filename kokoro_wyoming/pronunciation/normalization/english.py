"""English, American and British."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from num2words import num2words

from kokoro_wyoming.pronunciation.normalization import english_abbreviations, english_capitals, english_romans
from kokoro_wyoming.pronunciation.normalization.money import Currency
from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer, Rule
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_PARTS = {2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters"), 5: ("fifth", "fifths")}
_PARTS |= {6: ("sixth", "sixths"), 7: ("seventh", "sevenths"), 8: ("eighth", "eighths"), 9: ("ninth", "ninths")}
_YEAR_AFTER = "in|since|of|by|until|till|from|before|after|year|spring|summer|autumn|fall|winter"


class English(Normalizer):
    locale = "en_US"
    by = "by"
    version = "version"
    compared = {
        "~≈": "about",
        "±": "plus or minus",
        "<": "less than",
        ">": "more than",
        "≤": "at most",
        "≥": "at least",
    }
    months = ("sept 9",)
    units_per = "{} per {}"
    units_own = {
        **{"ppm": "parts per million", "ppb": "parts per billion", "rpm": "RPM"},
        **{"watt-hour-": ("watt-hour", "watt-hours"), "kilowatt-hour": ("kilowatt-hour", "kilowatt-hours")},
        **{"megawatt-hour": ("megawatt-hour", "megawatt-hours"), "volt-ampere": ("volt-ampere", "volt-amperes")},
        **{"ampere-hour": ("amp-hour", "amp-hours"), "milliampere-hour": ("milliamp-hour", "milliamp-hours")},
        **{"ampere": ("amp", "amps"), "milliampere": ("milliamp", "milliamps")},
        **{"millivolt": ("millivolt", "millivolts"), "kilovolt": ("kilovolt", "kilovolts")},
        **{"decibel": ("decibel", "decibels"), "decibel-milliwatt": "D B M", "kilojoule": ("kilojoule", "kilojoules")},
    }
    currencies = {
        "USD": Currency("dollar", "dollars", "cent", "cents"),
        "CAD": Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
        "AUD": Currency("Australian dollar", "Australian dollars", "cent", "cents"),
        "EUR": Currency("euro", "euros", "cent", "cents"),
        "GBP": Currency("pound", "pounds", "penny", "pence"),
        "JPY": Currency("yen", "yen"),
        "CNY": Currency("yuan", "yuan"),
        "INR": Currency("rupee", "rupees", "paisa", "paise"),
        "BRL": Currency("real", "reais", "centavo", "centavos"),
    }
    meridiems = {r"[aA]\.[mM]\.": "am", r"[pP]\.[mM]\.": "pm", "(?i:a\\.?m)": "am", "(?i:p\\.?m)": "pm"}
    phones = (
        r"\+[0-9][0-9 ().-]{6,18}[0-9]",
        r"\([0-9]{3}\) ?[0-9]{3}[ -][0-9]{4}",
        r"(?:1-)?[0-9]{3}[-.][0-9]{3}[-.][0-9]{4}",
        r"[0-9]{3}-[0-9]{4}(?! ?(?:°|%|[kM]?W|ppm|lx|hPa|[mkKMGT]?B|m|mm|cm|km)\b)(?<!0)",
        r"0[0-9]{2,4} [0-9]{3,4} [0-9]{3,4}",
    )
    abbreviations = {
        r"\b[eE]\. ?g\.,?(?=[\s)]|$)": "for example",
        r"\b[iI]\. ?e\.,?(?=[\s)]|$)": "that is",
        r"\betc\.(?=,|\)| [a-z0-9])": "et cetera",
        r"\b[aA]pprox\.(?= ?[\w~])": "approximately",
        r"\b(?:vs|VS)\b\.?": "versus",
        r"\bNo\. ?(?=[0-9])": "number ",
        r"\b[nN]os\. ?(?=[0-9])": "numbers ",
        r"\bw/o(?= \w)": "without",
        r"\bw/(?= ?\w)": "with ",
        r"\b([mM])ax\.(?= \w)": r"\1aximum",
        r"\b([mM])in\.(?= [a-z])": r"\1inimum",
        r"\b([aA])vg\.?(?= \w)": r"\1verage",
        r"\b([tT])emp\.(?= \w)": r"\1emperature",
        r"\b([hH])rs\b\.?": r"\1ours",
        r"(?<=[0-9] )hr\b\.?": "hour",
        r"(?<=[0-9] )mins\b\.?": "minutes",
        r"(?<=[0-9] )secs?\b\.?": "seconds",
    }

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        return str(num2words(number)).replace(",", "")

    def with_fraction(self, whole: str, fraction: str) -> str:
        return f"{whole} point {' '.join(self.integer(int(digit)) for digit in fraction)}"

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return str(num2words(number, to="ordinal")).replace(",", "")

    def year(self, year: int) -> str:
        return str(num2words(year, to="year"))

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        words = self.integer(hour)
        if minute:
            words += f" {'oh ' if minute < 10 else ''}{self.integer(minute)}"
        elif not half and not second:
            full = "o'clock" if hour <= 12 else "hundred"
            words = "midnight" if hour % 24 == 0 else f"{words} {full}"
        if second:
            words += f" and {self.integer(second)} second{'' if second == 1 else 's'}"
        return f"{words} {half.upper()}" if half else words

    def fraction(self, over: int, under: int) -> str:
        if over == 1:
            return "one half" if under == 2 else f"one {_PARTS[under][0]}"
        return f"{self.integer(over)} {_PARTS[under][1]}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        return f"{self.integer(whole)} and {'a half' if (over, under) == (1, 2) else self.fraction(over, under)}"

    def large_numbers(self) -> Mapping[str, str]:
        return {"k": "thousand", "K": "thousand", "M": "million", "thousand": "thousand", "million": "million",
                "bn": "billion", "B": "billion", "billion": "billion", "trillion": "trillion"}  # fmt: skip

    def is_decade(self, found: Found) -> bool:
        return found["last"] is None and re.fullmatch("(?:[12][0-9])?[2-9]0s|[12][0-9][01]0s", found[0]) is not None

    def own_rules_first(self) -> Iterator[Rule]:
        yield from english_capitals.rules()
        yield from english_abbreviations.rules()
        yield from english_romans.rules(self.integer, self.ordinal)
        month = rf"(?P<month>(?i:{self.month_pattern()}))(?!\w)\.?"
        day, year = "(?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?", "(?:,? (?P<year>[12][0-9]{3}))?"
        yield (
            re.compile(rf"\b(?=[A-Z]){month} {day}{year}(?![\w:]|[.,/][0-9]|-[0-9]| ?(?:%|°|[ap]\.?m))"),
            self._month_first,
        )
        yield (
            re.compile(rf"(?P<the>\b[tT]he )?(?<![\w.,/-]){day}(?: of)? (?=[A-Z]){month}{year}(?![\w:]|[.,][0-9])"),
            self._day_first,
        )
        yield (
            re.compile(r"(?<![\w.,])(?P<sign>)(?P<number>[0-9]{1,9}(?:,[0-9]{3})*)(?:st|nd|rd|th)(?!\w)"),
            self._ordinal,
        )

    def _month_first(self, found: Found) -> str:
        return self._date_in_words(found, "") or found[0]

    def _day_first(self, found: Found) -> str:
        return self._date_in_words(found, "the ") or found[0]

    def _date_in_words(self, found: Found, article: str) -> str | None:
        day = int(found["day"])
        name = found["month"].lower()
        if not 1 <= day <= 31:
            return None
        month = self._month_name(self.month_numbers[name])
        year = f" {self.year(int(found['year']))}" if found["year"] else ""
        if not article:
            return f"{month} {self.ordinal(day)}{',' if year else ''}{year}"
        the = found["the"] or "the "
        return f"{the}{self.ordinal(day)} of {month}{year}"

    def _month_name(self, month: int) -> str:
        return next(name for name, number in self.month_numbers.items() if number == month).capitalize()

    def _ordinal(self, found: Found) -> str:
        return self.ordinal(int(found["number"].replace(",", "")))

    def bare(self, written: str, found: Found) -> str:
        # The G2P reads four digits as a year.
        is_year = len(written) == 4 and 1100 <= int(written) < 2100
        if len(written) < 4 or is_year or written.startswith("0"):
            return self.digits(written) if len(written) > 1 and written.startswith("0") else written
        return self.integer(int(written))

    def own_rules(self) -> Iterator[Rule]:
        yield (
            re.compile(rf"\b(?P<word>(?i:{_YEAR_AFTER})) (?P<year>1[1-9][0-9]{{2}}|20[0-9]{{2}})(?![\w]|[.,:/-][0-9])"),
            (lambda found: f"{found['word']} {self.year(int(found['year']))}"),
        )
        yield re.compile(r"(?<![\w.])(?P<number>[0-9]{1,3})x(?!\w)"), lambda found: f"{found['number']} times"


class AmericanEnglish(English):
    month_first = True

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        return super().integer(number).replace(" and ", " ")

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return super().ordinal(number).replace(" and ", " ")

    def year(self, year: int) -> str:
        return super().year(year).replace(" and ", " ")

    def date(self, year: int | None, month: int, day: int | None) -> str:
        words = self._month_name(month)
        words += f" {self.ordinal(day)}" if day else ""
        return f"{words}, {self.year(year)}" if year else words


class BritishEnglish(English):
    locale = "en_GB"

    def date(self, year: int | None, month: int, day: int | None) -> str:
        words = f"the {self.ordinal(day)} of {self._month_name(month)}" if day else self._month_name(month)
        return f"{words} {self.year(year)}" if year else words
