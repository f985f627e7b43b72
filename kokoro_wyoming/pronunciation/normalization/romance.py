"""Common rules of Spanish, French, Italian and Portuguese: decimals with a comma, gender, days before months."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from num2words import num2words

from kokoro_wyoming.pronunciation.normalization import fractions
from kokoro_wyoming.pronunciation.normalization.counting import WORD, Nouns
from kokoro_wyoming.pronunciation.normalization.money import Currency
from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer, Rule
from kokoro_wyoming.pronunciation.normalization.numerals import ROMAN, ROMAN_SIGNS, Number, roman
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

NUMERAL = rf"(?=[LCDM]{{0,8}}[IVX{ROMAN_SIGNS}]){ROMAN}"
"""A Roman numeral; not L, C, D or M alone, which are letters more often."""
_NUMERAL = rf"{NUMERAL}(?!\w)"
_LONG_NUMERAL = rf"(?=(?:X?L)?[IVX]{{2}}|[{ROMAN_SIGNS}]){ROMAN}(?!\w)"
_LAST_COMMON_ORDINAL = 12
"""A larger number with º is one of degrees, if nothing else tells."""
_RANKED = re.compile(r"(?i)\b(?:qued|termin|acab|clasific|classific|arriv|cheg|fic)[^\W\d_]{1,10} (?:em )?$")
_NOT_AN_INITIAL = r"(?!\.[ \u00a0][A-ZÀ-Þ])"
STOP = r"(?:\.(?! {0,2}(?:$|[¿¡«“\"]?[A-ZÀ-Þ]))|(?!\w))"
"""The full stop of an abbreviation, but for one that ends a sentence too: that stays."""


class Romance(Normalizer):
    words_locale = ""
    """num2words' name of the language."""
    decimal_comma = plain_spaces = says_ratios = True
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
    single_prime = "minute"
    halves = ("", "", "", "")
    """A half before a noun, masculine and feminine; and after one ("two hours and a half")."""
    portions = ""
    """Feminine nouns that are divided, such as cups, in the singular."""
    portions_masculine = ""
    nouns: Nouns
    ordinal_articles = ""
    """A regular expression: articles that show that ° behind a number is no degree."""
    ordinal_nouns = ""
    """A regular expression: nouns that show it."""
    centuries = ""
    """A regular expression: words before the Roman numeral of a century."""
    chapters = ""
    """A regular expression: words before the Roman numeral of a part."""
    numbered_by: Mapping[str, bool] = {}
    """Articles before a Roman numeral and its noun ("la II Guerra"), and whether they are feminine."""
    queens: frozenset[str] = frozenset()
    monarchs: frozenset[str] = frozenset()
    before_years = "(?!)"
    """A regular expression: what is before a year, at the end of the text before it."""
    times_over = ""
    """What "2x" says behind its number."""
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
        if not fractions.is_proper(over, under, self):
            return found[0]
        feminine = noun in self.portions.split()
        if whole:
            plural = "s" if found["plural"] and whole > 1 else ""
            words = f"{self.integer(whole, feminine=feminine, noun=True)} {noun}{plural}"
            return self._and_part(words, over, under, feminine=feminine)
        return self._part_of(over, under, noun, feminine=feminine)

    def own_rules(self) -> Iterator[Rule]:
        yield (
            re.compile(r"(?<![\w.,:/+-])(?P<count>[2-9]|[1-9][0-9]{1,2})x(?= [^\W\d_]|[,;:!?)]|\.(?!\w)|$)"),
            lambda found: f"{self.integer(int(found['count']), feminine=True)} {self.times_over}",
        )
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
            re.compile(
                rf"(?P<before>(?<![\w.,/-])(?:(?i:{self.ordinal_articles or '(?!)'})[ '’])?)(?<![\w.,/-])"
                rf"(?P<number>[0-9]{{1,3}})(?:{self.ordinals_written}|°)(?![\wC])(?! ?C\b)(?=(?: (?P<noun>{WORD}))?)"
            ),
            self._ordinal,
        )
        yield re.compile(r"(?<=[0-9] min)\.(?= [a-zß-ÿ])"), lambda found: ""
        yield from self._rules_of_roman_numerals()
        number = self.number_pattern
        yield (
            re.compile(
                r"(?<![\w.,:/$£€¥₹–−-])(?<![$£€¥₹][ \u00a0])(?P<sign>(?<!\S)[-−])?"
                rf"(?:(?P<low>{number})(?P<link>-|[ \u00a0]?–[ \u00a0]?| (?:o|ó|u|ou|a|à) ))?"
                # "1 porte-clés" is masculine.
                rf"(?P<number>{number})[ \u00a0](?!(?:port[ea]|sèche)-)"
                rf"(?=(?P<noun>{WORD})(?!\w)(?: (?P<second>{WORD})(?!\w))?)"
            ),
            self._counted,
        )

    def _ordinal(self, found: Found) -> str:
        number, written = int(found["number"]), found[0]
        if written[-1] in "°º" and "." not in written and not self._is_ordinal(found):
            return f"{written[:-1]}°"
        feminine = "ª" in written or written.endswith(("a", "as", "re", "ère", "nde"))
        return found["before"] + self.ordinal(number, feminine=feminine)

    def _is_ordinal(self, found: Found) -> bool:
        """Whether ° or º is that of an ordinal: people type either for degrees, too."""
        number, noun = int(found["number"]), found["noun"] or ""
        if found[0].endswith("º") and (
            number <= _LAST_COMMON_ORDINAL
            or noun[:1].isupper()
            or _RANKED.search(found.string, max(0, found.start() - 20), found.start())
        ):
            return True
        return number > 0 and bool(found["before"] or re.fullmatch(self.ordinal_nouns, noun))

    def _rules_of_roman_numerals(self) -> Iterator[Rule]:
        if self.centuries:
            yield self._numbered(self.centuries), self._centuries
        yield self._numbered(self.chapters), self._chapters
        names = "|".join(sorted(self.monarchs, key=lambda name: (-len(name), name)))
        yield (
            re.compile(rf"\b(?P<name>{names}) (?P<number>{_NUMERAL}){_NOT_AN_INITIAL}"),
            lambda found: self.monarch(found["name"], roman(found["number"])),
        )
        if self.numbered_by:
            yield (
                re.compile(
                    rf"\b(?P<article>{'|'.join(self.numbered_by)}) (?P<number>{_LONG_NUMERAL})(?= {WORD})"
                    r"|\b(?P<war>II?)(?= [gG]uerra)"
                ),
                self._numbered_noun,
            )
        yield (
            re.compile(
                rf"(?<![\w.])(?P<word>[A-ZÀ-Þ][a-zß-ÿ]{{2,24}}|tip[oi]|types?|grup[oi]|groupe|gruppo|clase|"
                rf"classe) (?P<number>{_LONG_NUMERAL})"
            ),
            lambda found: f"{found['word']} {self.integer(roman(found['number']))}",
        )

    @staticmethod
    def _numbered(words: str) -> re.Pattern[str]:
        links = r"(?:(?P<link>,? (?:y|e|et|a|al|à) |, ?|[-–])(?P<last>" + _NUMERAL + "))?"
        return re.compile(rf"\b(?P<word>(?i:{words})) (?P<first>{_NUMERAL}){_NOT_AN_INITIAL}{links}")

    def _centuries(self, found: Found) -> str:
        first, last = (self.century(roman(one)) if one else "" for one in (found["first"], found["last"]))
        return f"{found['word']} {first}{self._linked(found['link'])}{last}"

    def _chapters(self, found: Found) -> str:
        first, last = (
            self.chapter(found["word"], roman(one)) if one else "" for one in (found["first"], found["last"])
        )
        return f"{found['word']} {first}{self._linked(found['link'])}{last}"

    def _linked(self, link: str | None) -> str:
        return f" {self.to} " if link in ("-", "–") else link or ""

    def century(self, number: int) -> str:
        """The number of a century behind its word."""
        return self.ordinal(number) if number <= 10 else self.integer(number)

    def chapter(self, word: str, number: int) -> str:
        """The number of a part of a book, for instance, behind its word."""
        return self.integer(number)

    def monarch(self, name: str, number: int) -> str:
        ordinal = self.ordinal(number, feminine=name in self.queens) if number <= 10 else self.integer(number)
        return f"{name} {ordinal}"

    def _numbered_noun(self, found: Found) -> str:
        if found["war"]:
            return self.ordinal(roman(found["war"]), feminine=True)
        feminine = self.numbered_by[found["article"]]
        return f"{found['article']} {self.ordinal(roman(found['number']), feminine=feminine)}"

    def _counted(self, found: Found) -> str:
        number, low = self.parsed(found["number"]), found["low"] and self.parsed(found["low"])
        is_year = re.fullmatch("1[1-9][0-9]{2}|20[0-9]{2}", found["number"]) is not None
        if number.fraction or (low and (low.fraction or low.whole >= number.whole or is_year)):
            return found[0]
        before = found.string[max(0, found.start() - 40) : found.start()]
        if is_year and re.search(self.before_years, before):
            return found[0]
        feminine = self.nouns.is_feminine(before, number.whole, found["noun"], found["second"])
        if feminine is None:
            return found[0]
        words = self.integer(number.whole, feminine=feminine, noun=True)
        if low:
            first, link = self.integer(low.whole, feminine=feminine), found["link"]
            words = f"{first}{link}{words}" if link.strip().isalpha() else self.span(first, words)
        return self.before_noun(self.joined(self.minus if found["sign"] else "", words), found["noun"])

    def before_noun(self, words: str, noun: str) -> str:
        """The words of a number and what parts them from the noun."""
        return f"{words} "

    def bare(self, written: str, found: Found) -> str:
        """A whole number; zeros at its front are said."""
        return self._padded(written) if written.startswith("0") else self.integer(int(written))

    def half_of_day(self, hour: int, half: str, names: Mapping[str, str]) -> str:
        """The words for "am" and "pm" at that hour, out of names for night, morning, afternoon and evening."""
        if half == "am":
            return names["night" if hour == 12 else "small" if hour < 6 else "morning"]
        return names["afternoon" if hour == 12 or hour < self.evening_from else "evening"]
