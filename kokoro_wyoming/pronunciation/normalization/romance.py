"""Common rules of Spanish, French, Italian and Portuguese: decimals with a comma, gender, days before months."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from num2words import num2words

from kokoro_wyoming.pronunciation.normalization import fractions
from kokoro_wyoming.pronunciation.normalization.money import Currency
from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer, Rule
from kokoro_wyoming.pronunciation.normalization.numerals import Number
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found


class Romance(Normalizer):
    words_locale = ""
    """num2words' name of the language."""
    decimal_comma = plain_spaces = True
    evening_from = 7
    comma = "coma"
    of = "de"
    partition = "de"
    """The word between a million and its noun."""
    ordinals_written = r"\.?[ºª°]"
    first_of_month = ""
    """The first day of a month, where it is not "one"."""
    date_of = " de "
    """What stands between day, month and year."""
    month_links = "(?:de |d')?"
    year_links = "(?:,? (?:de |del )?)"
    feminine_nouns: frozenset[str] = frozenset()
    """Nouns around the house, plurals too, that make the number before them feminine."""
    masculine_nouns: frozenset[str] = frozenset()
    single_prime = "minute"
    halves = ("", "", "", "")
    """A half before a noun, masculine and feminine; and after one ("two hours and a half")."""
    portions = ""
    """Feminine nouns that are divided, such as cups, in the singular."""
    portions_masculine = ""
    half_hours = ("", "")
    """The word for hours as written behind ½, and as said together with it."""
    large_links = "(?: d(?:[ei] |'))?"
    counted_digits = 2
    """Decimals with up to so many digits are read as one number."""

    def inflected(self, words: str, *, feminine: bool, noun: bool) -> str:
        """A cardinal number as it stands before a noun."""
        return words

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        words = str(num2words(number, lang=self.words_locale)).replace(",", "")
        words = self.inflected(words, feminine=feminine, noun=noun)
        return f"{words} {self.partition}" if noun and number and number % 1_000_000 == 0 else words

    def with_fraction(self, whole: str, fraction: str) -> str:
        zeros = len(fraction) - len(fraction.lstrip("0"))
        if len(fraction) - zeros > self.counted_digits or zeros == len(fraction):
            return f"{whole} {self.comma} {' '.join(self.integer(int(digit)) for digit in fraction)}"
        return f"{whole} {self.comma} {' '.join((*[self.integer(0)] * zeros, self.integer(int(fraction))))}"

    def fraction_of(self, whole: int, over: int, under: int, unit: str, article: str | None = None) -> str:
        name = self.units.phrase(unit, "one")
        if not name.startswith("{} ") or unit == "percent":
            return super().fraction_of(whole, over, under, unit)
        feminine = unit.split("/")[0] in self.feminine_units
        if whole:
            return self._and_part(self.measured(Number(whole), unit), over, under, feminine=feminine)
        return self._part_of(over, under, name.removeprefix("{} "), feminine=feminine)

    def feet_and_inches(self, feet: Number, inches: Number) -> str:
        if inches.size < 12:
            return super().feet_and_inches(feet, inches)
        return self.joined(self.measured(feet, "minute"), self.measured(inches, "second"))

    def _part_of(self, over: int, under: int, noun: str, *, feminine: bool) -> str:
        if under == 2:
            return f"{self.halves[feminine]} {noun}"
        return f"{self.fraction(over, under)} {self.partition} {noun}"

    def _and_part(self, whole: str, over: int, under: int, *, feminine: bool) -> str:
        return f"{whole} {self.ampersand} {self.halves[2 + feminine] if under == 2 else self.fraction(over, under)}"

    def _portion(self, found: Found) -> str:
        whole, over, under = fractions.value_of(found)
        noun = found["noun"]
        if not fractions.is_proper(over, under):
            return found[0]
        feminine = noun in self.portions.split()
        if whole:
            plural = "s" if found["plural"] and whole > 1 else ""
            words = f"{self.integer(whole, feminine=feminine, noun=True)} {noun}{plural}"
            return self._and_part(words, over, under, feminine=feminine)
        return self._part_of(over, under, noun, feminine=feminine)

    def own_rules(self) -> Iterator[Rule]:
        nouns = "|".join(f"{self.portions} {self.portions_masculine}".split())
        yield re.compile(rf"{fractions.WRITTEN} (?P<noun>{nouns})(?P<plural>s)?(?!\w)"), self._portion

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return str(num2words(number, lang=self.words_locale, to="ordinal"))

    def date(self, year: int | None, month: int, day: int | None) -> str:
        name = next(name for name, number in self.month_numbers.items() if number == month)
        days = "" if not day else self.first_of_month if day == 1 and self.first_of_month else self.integer(day)
        return self.date_of.join(part for part in (days, name, self.year(year) if year else "") if part)

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        return f"{whole} {self.ampersand} {self.integer(coins, feminine=currency.feminine_coin)}"

    def large_amount(self, words: str, large: str, currency: str) -> str:
        return f"{words} {large} {self.partition} {currency}"

    def own_rules_first(self) -> Iterator[Rule]:
        hours = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4])[ \u00a0]?[hH][ \u00a0]?(?P<minute>[0-5][0-9])(?! ?min)"
        yield re.compile(rf"{hours}(?P<second>)(?P<half>)(?!\w)"), self._clock
        written, said = self.half_hours
        yield (
            re.compile(rf"(?<![\w.,/])(?P<hours>[0-9]{{1,2}}) ?½ {written}(?!\w)"),
            (lambda found: f"{self.integer(int(found['hours']), feminine=True)} {said}"),
        )
        # An ordinal has neither decimals nor a sign: it is a degree.
        yield re.compile(r"(?:(?<=[0-9][.,][0-9])|(?<=[-−][0-9])|(?<=[-−][0-9]{2}))º"), lambda found: "°"
        month = rf"(?P<month>(?i:{self.month_pattern()}))(?!\w)"
        yield (
            re.compile(
                rf"(?<![\w.,:/-])(?P<day>[0-3]?[0-9])(?:º|°|er|\.)? {self.month_links}{month}(?:\.(?= ?[a-z0-9,]))?"
                rf"(?:{self.year_links}(?P<year>[12][0-9]{{3}})(?![\w]|[.,:][0-9]))?"
            ),
            self._written_date,
        )
        yield (
            re.compile(rf"(?<![\w.,/-])(?P<number>[0-9]{{1,3}})(?:{self.ordinals_written})(?![\wC])(?! ?C\b)"),
            self._ordinal,
        )
        nouns = "|".join(sorted(self.feminine_nouns | self.masculine_nouns))
        if nouns:
            yield re.compile(rf"(?<![\w.,:/\u00a0–-])(?P<number>[0-9]{{1,4}}) (?P<noun>{nouns})(?!\w)"), self._counted

    def _ordinal(self, found: Found) -> str:
        feminine = "ª" in found[0] or found[0].endswith(("a", "re", "ère", "nde"))
        return self.ordinal(int(found["number"]), feminine=feminine)

    def _counted(self, found: Found) -> str:
        noun = found["noun"]
        return f"{self.integer(int(found['number']), feminine=noun in self.feminine_nouns, noun=True)} {noun}"

    def half_of_day(self, hour: int, half: str, names: Mapping[str, str]) -> str:
        """The words for "am" and "pm" at that hour, out of names for night, morning, afternoon and evening."""
        if half == "am":
            return names["night" if hour == 12 else "small" if hour < 6 else "morning"]
        return names["afternoon" if hour == 12 or hour < self.evening_from else "evening"]
