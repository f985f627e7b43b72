"""How a language says numbers, dates, times, money and units, apart from how they are typed."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from babel.dates import get_day_names, get_month_names
from babel.numbers import get_currency_name

from kokoro_wyoming.pronunciation.normalization.money import DOLLARS, PESO, PESOS, SIGNS, Currency, Large
from kokoro_wyoming.pronunciation.normalization.numerals import Number, parse, pattern_of_numbers
from kokoro_wyoming.pronunciation.normalization.regions import Region, region_of
from kokoro_wyoming.pronunciation.normalization.unit_words import FEMININE, Words
from kokoro_wyoming.pronunciation.normalization.units import Units

Found = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Found], str]]
"""What is found, and what is said for it."""


class Verbalizer(ABC):
    """The words of a language. Each language sets the values and writes the abstract methods."""

    locale = "en_US"
    decimal_comma = False
    dot_groups = False
    plain_spaces = False
    month_first = False
    minus = "minus"
    plus = "plus"
    equals = "equals"
    at = "at"
    ampersand = "and"
    to = "to"
    subtracted = "minus"
    """The word between two numbers, as `minus` stands before one."""
    times = "times"
    by = "by"
    divided = "divided by"
    root = "the square root of {}"
    squared, cubed, power = "{} squared", "{} cubed", "{} to the power of {}"
    number_sign = "number"
    percent = "percent"
    dot = "dot"
    version = "version"
    out_of = "out of"
    says_ratios = False
    """Whether 2:1 is said with the word of a range."""
    fine_parts: frozenset[int] = frozenset()
    """Denominators above 10 that have names before a unit, as on rulers."""
    over = "over"
    word_gap = " "
    """What stands between words of this language."""
    group_gap = ", "
    """What stands between the groups of a telephone number."""
    compared: Mapping[str, str] = {}
    """What is said for ~, ±, <, >, ≤ and ≥ before a number."""
    directions: Mapping[str, str] = {}
    """What is said for the letter behind degrees and minutes."""
    single_prime = "foot"
    """The unit of a number with one prime, without inches behind it."""
    articles = "(?!)"
    """A regular expression for words before a fraction after which a measure is an adjective: "a half inch pipe"."""
    months: tuple[str, ...] = ()
    """More spellings of months, as "name number"."""
    days: tuple[str, ...] = ()
    """More spellings of days, as "name number", Monday being 0."""
    units_own: Words = {}
    unit_symbols: Mapping[str, str] = {}
    """Symbols that are units in this language alone, with their names as in `units.SYMBOLS`."""
    no_units = "(?!)"
    """A regular expression for what looks like a unit and is a word in this language."""
    per_words = r"[^\W\d_]{1,12}(?![\w/])"
    """A regular expression for words in place of a unit behind a price and a slash."""
    units_per = "{} / {}"
    units_per_is_own = False
    """Whether `units_per` replaces CLDR's form, which nobody says."""
    before_one = "(?!)"
    """A regular expression for words before a unit without a number that ask for its singular, as in "per kWh"."""
    feminine_units: frozenset[str] = frozenset()
    currencies: Mapping[str, Currency] = {}
    signs: Mapping[str, str] = SIGNS
    """Codes of currencies by what is typed for them."""
    abbreviations: Mapping[str, str] = {}
    """Regular expressions, with what is said for them."""
    phones: tuple[str, ...] = ()
    code_words = ""
    """A regular expression for what stands before a code, which is said figure by figure."""
    call_words = ""
    short_numbers = "(?!)"
    """Regular expressions for words that ask to call, and for the short numbers that are said so after them."""
    flight_words = ""
    meridiems: Mapping[str, str] = {}
    half_is_first = False
    """Whether the half of the day is said before the hour."""
    dotted_times = dotted_times_before = ""
    """Regular expressions for words after and before which "8.45" is a time."""
    after_dotted_time = ""
    """A regular expression for what must follow such a time."""
    version_words = "[Vv]ersion|Core|OS|Assistant|Supervisor|ESPHome|[Ff]irmware"

    def __init__(self, region: str | None = None) -> None:
        there = region_of(self.locale.partition("_")[0], region) if region else None
        if there is not None:
            self._follow(there)
        self.feminine_units = self.feminine_units | FEMININE.get(self.locale[:2], frozenset())
        self.large = self.large_numbers()
        self.units = Units(self.locale, self.units_own, self.units_per, per_is_own=self.units_per_is_own)
        self.number_pattern = pattern_of_numbers(decimal_comma=self.decimal_comma, plain_spaces=self.plain_spaces)
        self.month_numbers = self._month_numbers()
        self.month_names = self._named(self.month_numbers, get_month_names("wide", locale=self.locale))
        self.day_names = self._day_names()

    def _follow(self, there: Region) -> None:
        """Read what is typed as it is meant in a region; its own dollars or pesos need no adjective there."""
        self.decimal_comma = self.decimal_comma and there.decimal_comma
        self.dot_groups = self.dot_groups and there.decimal_comma
        if there.month_first is not None:
            self.month_first = there.month_first
        if there.sign in SIGNS:
            self.signs = {**SIGNS, there.sign: there.currency}
        name = self.currencies.get("USD") if there.currency in DOLLARS else PESO if there.currency in PESOS else None
        if name is not None:
            self.currencies = {**self.currencies, there.currency: name}

    @abstractmethod
    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        """A whole number; `noun`: a noun follows, whose gender it takes."""

    @abstractmethod
    def with_fraction(self, whole: str, fraction: str) -> str: ...

    @abstractmethod
    def ordinal(self, number: int, *, feminine: bool = False) -> str: ...

    @abstractmethod
    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        """`half`: "am", "pm" or nothing."""

    @abstractmethod
    def date(self, year: int | None, month: int, day: int | None) -> str: ...

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        """A date in words with its time, to the minute."""
        return f"{date}, {self.clock(hour, minute, 0, half)}"

    def is_dotted_time(self, found: Found) -> bool:
        """Whether what stands after one of `dotted_times` is a time indeed."""
        return True

    def measure_before(self, found: Found, number: Number, unit: str) -> str:
        """A measure with its unit, which may depend on what follows it."""
        return self.measured(number, unit)

    def feet_and_inches(self, feet: Number, inches: Number) -> str:
        return self.joined(self.measured(feet, "foot"), self.measured(inches, "inch"))

    def year(self, year: int) -> str:
        return self.integer(year)

    def years(self, first: int, last: int) -> str:
        """A range of years."""
        return self.span(self.year(first), self.year(last))

    @abstractmethod
    def fraction(self, over: int, under: int) -> str:
        """A fraction with a denominator of 2 to 9."""

    def mixed(self, whole: int, over: int, under: int) -> str:
        """A whole number and a fraction."""
        return f"{self.integer(whole)} {self.ampersand} {self.fraction(over, under)}"

    def share(self, part: int, of: int) -> str:
        """A part of a whole, such as "3 out of 12"."""
        return self.joined(self.integer(part), self.out_of, self.integer(of))

    def fraction_of(self, whole: int, over: int, under: int, unit: str, article: str | None = None) -> str:
        """A fraction of a unit; `whole` units before it, or none. `article`: what stands before it, given back."""
        words = self.mixed(whole, over, under) if whole else self.fraction(over, under)
        return self.units.phrase(unit, "other" if whole else "one").replace("{}", words)

    def raised(self, base: str, exponent: str) -> str:
        """A power, such as "2 to the power of 10"."""
        form = {"2": self.squared, "3": self.cubed}.get(exponent, self.power)
        return form.format(base, exponent.replace("-", f"{self.minus}{self.word_gap}"))

    def spelled(self, parts: Sequence[str]) -> str:
        """Letters and numbers of a formula, each by its name."""
        return " ".join(part.upper() for part in parts)

    def slash_over(self, over: int, under: int) -> str:
        return self.joined(self.integer(over), self.over, self.integer(under))

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        """An amount of money with its coins. An amount in a currency without coins is said as a decimal."""
        return self.joined(whole, self.ampersand, self.integer(coins), currency.coin if coins == 1 else currency.coins)

    def money_per(self, money: str, unit: str) -> str:
        """A price for one unit, or for a word in its place."""
        return self.units.per(money, unit)

    def large_numbers(self) -> Mapping[str, Large]:
        """What stands between a number and its currency for a large number."""
        return {}

    def large_amount(self, words: str, large: str, currency: str) -> str:
        """A price such as "3 million dollars"."""
        return self.joined(words, large, currency)

    def is_decade(self, found: Found) -> bool:
        """Whether "80s" is a decade here, not seconds."""
        return False

    def bare(self, written: str, found: Found) -> str:
        """A whole number without sign or unit. By default the G2P reads its digits."""
        return written

    def number(self, number: Number, *, feminine: bool = False, noun: bool = False) -> str:
        """A number with sign and fraction."""
        words = self.integer(number.whole, feminine=feminine and not number.fraction, noun=noun and not number.fraction)
        if number.fraction:
            words = self.with_fraction(words, number.fraction)
        return self.joined(self.minus, words) if number.negative else words

    def digits(self, written: str) -> str:
        """Digit by digit, a comma between groups."""
        groups = re.findall("[0-9]+", written)
        return self.group_gap.join(self.joined(*(self.integer(int(digit)) for digit in group)) for group in groups)

    def joined(self, *words: str) -> str:
        """The words that are not empty, with `word_gap` between them."""
        return self.word_gap.join(word for word in words if word)

    def span(self, first: str, last: str) -> str:
        """A range, such as "3 to 5"."""
        return self.joined(first, self.to, last)

    def score(self, first: str, last: str) -> str:
        """Two numbers of which the second is not the larger, such as "3 to 1"."""
        return self.joined(first, self.to, last)

    def span_of_names(self, first: str, last: str) -> str:
        """A range of days or months."""
        return self.joined(first, self.to, last)

    def half_of(self, written: str) -> str:
        """ "am" or "pm" for one of `meridiems` as it is typed."""
        return next(sense for form, sense in self.meridiems.items() if re.fullmatch(form, written))

    def parsed(self, written: str, *, negative: bool = False) -> Number:
        return parse(written, decimal_comma=self.decimal_comma, dot_groups=self.dot_groups, negative=negative)

    def trimmed(self, number: Number) -> Number:
        """An amount without the zeros that nobody says."""
        return number.rounded()

    def amount(self, found: Found, *, feminine: bool, rounded: bool, factor: int = 1) -> tuple[str, Number]:
        """The words for the groups sign, first and last, and the number that the noun behind them agrees with.

        Both numbers are said `factor` times as large.
        """
        first = self.parsed(found["first"], negative=bool(found["sign"])).multiplied(factor)
        first = self.trimmed(first) if rounded else first
        words = self.number(first, feminine=feminine, noun=True)
        if not found["last"]:
            return words, first
        last = self.parsed(found["last"]).multiplied(factor)
        last = self.trimmed(last) if rounded else last
        return self.span(self.number(first, feminine=feminine), self.number(last, feminine=feminine, noun=True)), last

    def unit_by_itself(self, unit: str, plural: str) -> str:
        """The name of a unit without a number; "one" behind one of `before_one`."""
        return self.units.phrase(unit, plural).replace("{}", "").strip()

    def measured(self, number: Number, unit: str) -> str:
        """A number with its unit."""
        words = self.number(number, feminine=unit.split("/")[0] in self.feminine_units, noun=True)
        return self.units.phrase_for(unit, number.size).replace("{}", words)

    def currency(self, code: str) -> Currency:
        """The names of a currency; CLDR's name if this language has no short one."""
        own = self.currencies.get(code)
        if own is not None:
            return own
        one, many = (get_currency_name(code, count, self.locale) for count in (1, 5))
        return Currency(one, many)

    def code(self, written: str) -> str:
        """A code or a short number to call."""
        return self.digits(written)

    def flight(self, written: str) -> str:
        """The figures behind the letters of a flight."""
        return self.digits(written)

    def phone(self, written: str) -> str:
        """A telephone number, as it was typed."""
        return self.joined(self.plus if written.startswith("+") else "", self.digits(written))

    def month_pattern(self) -> str:
        """A regular expression, without groups, for the name of a month in lower case."""
        return "|".join(re.escape(name) for name in sorted(self.month_numbers, key=lambda name: (-len(name), name)))

    def _month_numbers(self) -> dict[str, int]:
        names: dict[str, int] = {}
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=self.locale).items():
                names[name.rstrip(".॰").lower()] = int(number)
        for spelling in self.months:
            name, number = spelling.split()
            names[name] = int(number)
        return names

    def _day_names(self) -> dict[str, str]:
        """What is said for each spelling of a day, in lower case."""
        wide = get_day_names("wide", locale=self.locale)
        spellings = {name.rstrip(".॰").lower(): number for number, name in wide.items()}
        spellings |= {
            name.rstrip(".॰").lower(): number
            for number, name in get_day_names("abbreviated", locale=self.locale).items()
        }
        spellings |= {name: int(number) for name, number in map(str.split, self.days)}
        return self._named(spellings, wide)

    @staticmethod
    def _named(spellings: Mapping[str, int], names: Mapping[int, str]) -> dict[str, str]:
        return {spelling: str(names[number]) for spelling, number in spellings.items()}

    def _padded(self, digits: str) -> str:
        zeros = len(digits) - len(digits.lstrip("0")) if int(digits) else len(digits) - 1
        return self.word_gap.join((*(self.integer(0) for _ in range(zeros)), self.integer(int(digits))))
