"""English, American and British."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from num2words import num2words

from kokoro_wyoming.pronunciation.normalization import (
    english_abbreviations,
    english_capitals,
    english_figures,
    english_romans,
    fractions,
)
from kokoro_wyoming.pronunciation.normalization.english_measures import SYMBOLS, is_attribute, rules_of_inches
from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer, Rule
from kokoro_wyoming.pronunciation.normalization.numerals import Number
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_PARTS = {2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters"), 5: ("fifth", "fifths")}
_PARTS |= {6: ("sixth", "sixths"), 7: ("seventh", "sevenths"), 8: ("eighth", "eighths"), 9: ("ninth", "ninths")}
_PARTS |= {10: ("tenth", "tenths"), 12: ("twelfth", "twelfths"), 16: ("sixteenth", "sixteenths")}
_PARTS |= {32: ("thirty-second", "thirty-seconds"), 64: ("sixty-fourth", "sixty-fourths")}
_YEAR_AFTER = "in|since|of|by|until|till|from|before|after|year|spring|summer|autumn|fall|winter"


_PORTIONS = (
    "(?:cup|teaspoon|tablespoon|pint|quart|gallon|ounce|pound|yard|mile|acre|hour|minute|day|year|lit(?:er|re)|met(?:er|re)"
    "|(?:kilo|centi|milli)met(?:er|re)|(?:kilo|milli)?gram|degree|dollar)s?|inch(?:es)?|foot|feet"
)
"""What is divided: half a cup, three quarters of an inch."""


class English(Normalizer):
    locale = "en_US"
    says_ratios = True
    fine_parts = frozenset((12, 16, 32, 64))
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
    directions = {"N": "north", "S": "south", "E": "east", "W": "west"}
    articles = r"\b(?:[aA]n?|[tT]he|[eE]very)"
    months = ("sept 9",)
    days = ("tues 1", "thur 3", "thurs 3")
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
        **{"kr": Currency("krone", "kroner"), "PLN": Currency("zloty", "zlotys"), "ILS": Currency("shekel", "shekels")},
    }
    unit_symbols = SYMBOLS
    no_units = (
        "K-[a-z]|d (?:print|model|scan|movie|game)|[AB] (?:level|grade|student|side|team|list|road|word|star|vitamin)"
        "|V neck|(?:(?<=[a-zA-Z]-[0-9])|(?<=[a-zA-Z]-[0-9]{2})|(?<=[a-zA-Z]-[0-9]{3}))s(?!\\w)"
    )
    unit_link = r"(?:[ \u00a0\u202f\u2009]?|-(?=[^\W\d_]{1,5}\.? [a-z]))"
    meridiems = {r"[aA]\.[mM]\.": "am", r"[pP]\.[mM]\.": "pm", "(?i:a\\.?m)": "am", "(?i:p\\.?m)": "pm"}
    phones = (
        r"\+[0-9][0-9 ().-]{6,18}[0-9]",
        r"\([0-9]{3}\) ?[0-9]{3}[ -][0-9]{4}",
        r"(?:1-)?[0-9]{3}[-.][0-9]{3}[-.][0-9]{4}",
        r"[0-9]{3}-[0-9]{4}(?! ?(?:°|%|[kM]?W|ppm|lx|hPa|[mkKMGT]?B|m|mm|cm|km)\b)(?<!0)",
        r"0[0-9]{2,4} [0-9]{3,4} [0-9]{3,4}",
        r"0[0-9]{4} ?[0-9]{6}",
        r"1[38]00 [0-9]{3} [0-9]{3}",
    )
    code_words = (
        r"\b(?i:(?:PIN|(?:area|zip) ?code|code|passcode|password|OTP|zip|pin number)(?: is| was| number|:)?"
        r"|(?:account|order|confirmation|tracking|reference|serial|ticket|booking|invoice) number(?: is|:)?"
        r"|extension|ext\.)(?=[ :#])"
    )
    flight_words = "flight"
    call_words = r"\b(?i:call(?:ed|ing|s)?|dial(?:l?ed|l?ing|s)?|phone|ring|text)(?: the number)?(?= )"
    short_numbers = "911|999|112|988|000|111|101|105|[2-8]11"
    abbreviations = {
        r"\b[eE]\. ?g\.,?(?=[\s)]|$)": "for example",
        r"\b[iI]\. ?e\.,?(?=[\s)]|$)": "that is",
        r"\betc\.(?=,|\)| [a-z0-9])": "et cetera",
        r"\b[aA]pprox\.(?= ?[\w~])": "approximately",
        r"\b(?:vs|VS)\b\.?": "versus",
        r"(?<=[0-9])( ?(?:[µμ]g|mc?g|g|m[lL])) ?/ ?(?=[0-9.]{1,5} ?(?:[cdm]?[lL]|kg|h|hr|min)\b)": r"\1 per ",
        r"\bAT&T\b": "A.T. and T",
        r"(?<![\w/.-])A/(?=[A-Z](?![\w/.]))": "A. ",
        r"\bNo\. ?(?=[0-9])": "number ",
        r"\b((?i:item|track|model|room|serial|part|order|house|flight|page|bus|account|confirmation|tracking|reference"
        r"|ticket|booking|invoice) )no\. ?(?=[0-9])": r"\1number ",
        r"\b[nN]os\. ?(?=[0-9])": "numbers ",
        r"\bw/o(?= \w)": "without",
        r"\bw/(?= ?\w)(?!e\b)": "with ",
        r"\b([mM])ax\.(?= \w)": r"\1aximum",
        r"\b([mM])in\.(?= [a-z])": r"\1inimum",
        r"\b([aA])vg\.?(?= \w)": r"\1verage",
        r"\b([tT])emp\.(?= \w)": r"\1emperature",
    }

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        return str(num2words(number)).replace(",", "")

    def with_fraction(self, whole: str, fraction: str) -> str:
        return f"{whole} point {' '.join(self.integer(int(digit)) for digit in fraction)}"

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return str(num2words(number, to="ordinal")).replace(",", "")

    def year(self, year: int) -> str:
        return str(num2words(year, to="year")).replace("oh-", "oh ")

    def score(self, first: str, last: str) -> str:
        """Twice the same number: "two two", "fifty fifty"."""
        return self.joined(first, last) if first == last else super().score(first, last)

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

    def measure_before(self, found: Found, number: Number, unit: str) -> str:
        """The unit is in the singular before a noun: "a ten inch screen"."""
        if not self.is_attribute(found):
            return self.measured(number, unit)
        return self.units.phrase(unit, "one").replace("{}", self.number(number))

    def feet_and_inches(self, feet: Number, inches: Number) -> str:
        """As people are measured: "six foot four"."""
        return f"{self.number(feet)} foot {self.number(inches)}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        return f"{self.integer(whole)} and {_with_article(self.fraction(over, under))}"

    def fraction_of(self, whole: int, over: int, under: int, unit: str, article: str | None = None) -> str:
        if whole:
            words = self.units.phrase(unit, "one" if article else "other").replace("{}", self.mixed(whole, over, under))
            return f"{article} {words}" if article else words
        return self._part_of(over, under, self.units.phrase(unit, "one").replace("{}", "").strip(), article)

    def _part_of(self, over: int, under: int, noun: str, article: str | None) -> str:
        """Half a cup, three quarters of a cup; after an article "a half cup pack", "a three quarter inch pipe"."""
        if article:
            part = " ".join((self.integer(over), _PARTS[under][0])[over == 1 :])
            return f"{article}{'n' if article in 'aA' and part == 'eighth' else ''} {part} {noun}"
        part = _with_article(self.fraction(over, under))
        article = "an" if re.match("[aeio]|hour", noun) else "a"
        return f"half {article} {noun}" if under == 2 else f"{part} of {article} {noun}"

    def large_numbers(self) -> Mapping[str, Large]:
        typed = {
            "thousand": ("k", "K"),
            "million": ("M", "m", "mn", "mm", "MM", "mil"),
            "billion": ("bn", "B", "b", "bil"),
            "trillion": ("tn", "T", "trn"),
        }
        return {form: Large(word, word) for word, forms in typed.items() for form in (word, *forms)}

    def is_decade(self, found: Found) -> bool:
        return found["last"] is None and re.fullmatch("(?:[12][0-9])?[2-9]0s|[12][0-9][01]0s", found[0]) is not None

    def is_attribute(self, found: Found) -> bool:
        return is_attribute(found)

    def flight(self, written: str) -> str:
        return self._with_oh(written)

    def phone(self, written: str) -> str:
        """Nought is "oh", and an area of hundreds is one: "one eight hundred"."""
        plus, groups = self.plus if written.startswith("+") else "", re.findall("[0-9]+", written)
        hundreds = next((at for at, group in enumerate(groups[:2]) if re.fullmatch("1?[2-9]00|1[1-9]00", group)), None)
        if hundreds is None or groups[:hundreds] not in ([], ["1"]) or len(groups) == 1:
            said = [self._with_oh(group) for group in groups]
        else:
            said = [self._with_oh(group) for group in groups]
            area = groups[hundreds]
            said[hundreds] = " ".join((*("one" for _ in area[3:]), self.integer(int(area[-3])), "hundred"))
        return self.joined(plus, self.group_gap.join(said))

    def _with_oh(self, written: str) -> str:
        return self.digits(written).replace(self.integer(0), "oh")

    def own_rules_first(self) -> Iterator[Rule]:
        yield from english_capitals.rules()
        yield from english_abbreviations.rules()
        yield from english_romans.rules(self.integer, self.ordinal)
        yield from english_figures.rules(self)
        yield from rules_of_inches()
        names = self.month_pattern()
        yield (
            re.compile(rf"(?P<first>\b(?i:{names})\.? [0-3]?[0-9]) ?[-–—] ?(?=(?i:{names})\.? [0-3]?[0-9](?!\w))"),
            lambda found: f"{found['first']} to ",
        )
        yield (
            re.compile(r"(?<=[0-9])(st|nd|rd|th)[-–—](?=[0-9]{1,4}(?:st|nd|rd|th)\b)"),
            lambda found: f"{found[1]} to ",
        )
        month = rf"(?P<month>(?i:{self.month_pattern()}))(?!\w)(?:\.(?!{english_abbreviations.END}))?"
        day, year = "(?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?", "(?:,? (?P<year>[12][0-9]{3}))?"
        yield (
            re.compile(
                rf"\b(?=[A-Z]){month} {day}[-–—](?P<until>[0-3]?[0-9])(?:st|nd|rd|th)?{year}"
                r"(?![\w:]|[.,/][0-9]|-[0-9]| ?(?:%|°|[ap]\.?m))"
            ),
            self._month_first,
        )
        yield (
            re.compile(rf"\b(?=[A-Z]){month} {day}{year}(?![\w:]|[.,/][0-9]|-[0-9]| ?(?:%|°|[ap]\.?m))"),
            self._month_first,
        )
        yield (
            re.compile(rf"(?P<the>\b[tT]he )?(?<![\w.,/-]){day}(?: of)? (?=[A-Z]){month}{year}(?![\w:]|[.,][0-9])"),
            self._day_first,
        )
        yield (
            re.compile(
                r"(?<![\w.,])(?P<sign>)(?P<number>[0-9]{1,9}(?:,[0-9]{3})*)"
                r"(?:(?<=1)(?<!11)st(?! ?[0-9]{1,2} ?lb)|nd|rd|th)(?!\w)"
            ),
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
            until = found.groupdict().get("until")
            days = self.joined(self.ordinal(day), self.to if until else "", self.ordinal(int(until)) if until else "")
            return f"{month} {days}{',' if year else ''}{year}"
        the = found["the"] or "the "
        return f"{the}{self.ordinal(day)} of {month}{year}"

    def _month_name(self, month: int) -> str:
        return next(name for name, number in self.month_numbers.items() if number == month).capitalize()

    def _ordinal(self, found: Found) -> str:
        return self.ordinal(int(found["number"].replace(",", "")))

    def _portion(self, found: Found) -> str:
        whole, over, under = fractions.value_of(found)
        if whole or not fractions.is_proper(over, under, self):
            return found[0]
        noun = re.sub("(?<=inch)es$|(?<!s)s$", "", found["noun"].replace("feet", "foot"))
        return self._part_of(over, under, noun, found["article"])

    def bare(self, written: str, found: Found) -> str:
        # The G2P reads four digits as a year.
        is_year = len(written) == 4 and 1100 <= int(written) < 2100
        if len(written) < 4 or is_year or written.startswith("0"):
            return self.digits(written) if len(written) > 1 and written.startswith("0") else written
        return self.integer(int(written))

    def own_rules(self) -> Iterator[Rule]:
        yield (
            re.compile(rf"(?:(?P<article>{self.articles}) )?{fractions.WRITTEN}[ -](?P<noun>{_PORTIONS})(?!\w)"),
            self._portion,
        )
        yield (
            re.compile(rf"\b(?P<word>(?i:{_YEAR_AFTER})) (?P<year>1[1-9][0-9]{{2}}|20[0-9]{{2}})(?![\w]|[.,:/-][0-9])"),
            (lambda found: f"{found['word']} {self.year(int(found['year']))}"),
        )
        yield re.compile(r"(?<![\w.])(?P<number>[0-9]{1,3})x(?!\w)"), lambda found: f"{found['number']} times"

    def own_rules_last(self) -> Iterator[Rule]:
        # A lone A is the article to the G2P; with a full stop it is the letter.
        yield re.compile(r"(?<=[a-z0-9] )A(?= [A-Z](?!\w))|(?<=\bfrom )A(?= to [A-Z](?!\w))"), lambda _: "A."


def _with_article(fraction: str) -> str:
    """ "a quarter", as a fraction is called beside a whole number or a noun."""
    return re.sub("^one ", "an " if fraction == "one eighth" else "a ", fraction)


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

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        if half:
            return super().moment(date, hour, minute, half)
        if minute == 0 and hour in (0, 12, 24):
            return f"{date}, {'noon' if hour == 12 else 'midnight'}"
        return super().moment(date, hour % 12 or 12, minute, "pm" if 12 <= hour < 24 else "am")


_VALUES = re.compile(
    r"\b(?:trad|pric|valu|cost|s[eo]ld?|worth|rates?\b|ind(?:ex|ices)|stands?\b|stood|shares?\b|stocks?\b|pounds?\b|dollars?\b"
    r"|euros?\b|averag|ratios?\b|scor|volt|pH\b|levels?\b|pressure|humidity|temperature|version|up|down|r[io]se|f[ae]ll"
    r"|gr[eo]w|(?:in|de)creas|reduc|rais|multipl|divid|dropp|chang)\w*",
    re.IGNORECASE,
)
"""Words before "at 1.25" and "by 1.25" that make it a value, no time."""
_TIME_ENDS = (
    r"(?: ?(?:$|[.,;:!?)\]\"'—–-])| (?:on|in(?! all| total)|or|for|with|from|by|if|when|as|but|so|today|tonight"
    r"|tomorrow|every|each|this|next|sharp|[A-Z][a-z]+day)\b)"
)
"""What follows a time, as no measure follows it."""


class BritishEnglish(English):
    locale = "en_GB"
    unit_symbols = {**SYMBOLS, "st": "stone", "p": "penny"}
    no_units = rf"{English.no_units}|(?<=[0-9]{{3}})p(?!\w)"

    dotted_times = "(?i:at|by|from|until|till|before|after|around|between)"
    after_dotted_time = (
        rf"(?={_TIME_ENDS}| (?:to|and|until|till) (?:[^\W\d]|[0-9]{{1,2}}(?:\.[0-9]{{2}})?(?!\.?[0-9]){_TIME_ENDS}))"
    )

    def is_dotted_time(self, found: Found) -> bool:
        hour, minute = found["hour"], int(found["minute"])
        if _VALUES.search(found.string, max(0, found.start() - 60), found.start()):
            return False
        return minute % 5 == 0 or hour.startswith("0") or int(hour) > 12

    def date(self, year: int | None, month: int, day: int | None) -> str:
        words = f"the {self.ordinal(day)} of {self._month_name(month)}" if day else self._month_name(month)
        return f"{words} {self.year(year)}" if year else words
