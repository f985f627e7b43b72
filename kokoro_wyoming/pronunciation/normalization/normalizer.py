"""Finds typed numbers, dates, prices and signs in a text; `Verbalizer` and the languages have their words.

A rule is a regular expression and a function that makes the words. The rules are tried in the order of `rules`, each
over the whole text: long forms such as a date before short ones such as a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from kokoro_wyoming.pronunciation.normalization import (
    figures,
    file_names,
    formulas,
    fractions,
    mathematics,
    primes,
    ranges,
    signs,
)
from kokoro_wyoming.pronunciation.normalization.money import CODE, SIGN, Currency, Large
from kokoro_wyoming.pronunciation.normalization.numerals import ROMAN_SIGNS, Number, roman
from kokoro_wyoming.pronunciation.normalization.units import BARE_UNIT, PER, per_of, unit_after_number, unit_of
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Verbalizer
from kokoro_wyoming.pronunciation.normalization.verbalizer import Rule as Rule

_BEFORE_MINUS = r"""(?<![^\s(\[:=;"'“,/~<>|¿¡、。，；：（「\u2063])"""
_MINUS = rf"(?:{_BEFORE_MINUS}[-−–](?=\.?[0-9]|{SIGN}[ \u00a0]?\.?[0-9]))"
_DASH = r"(?:-|[\s\u00a0]?[–—~～〜][\s\u00a0]?)"
_GAP = "[ \u00a0\u202f\u2009]?"
_CLOCK = r"(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?"


class Normalizer(Verbalizer):
    """Replaces what is said otherwise than it is typed by the language's words."""

    unit_link = _GAP
    """A regular expression for what stands between a number and its unit."""
    large_links = ""
    """A regular expression for what stands between "million" and the sign of a currency."""

    def __init__(self, region: str | None = None) -> None:
        super().__init__(region)
        self.rules: tuple[Rule, ...] = (
            *file_names.rules(self),
            *formulas.rules(self),
            *ranges.rules(self),
            *self._fixed(self.abbreviations),
            *signs.rules_of_comparisons(self),
            *mathematics.rules(self),
            *self._rules_of_multiplication(),
            *figures.rules(self),
            *self._rules_of_dotted_times(),
            *self.own_rules_first(),
            *self._rules_of_addresses(),
            *self._rules_of_dates(),
            *self._rules_of_times(),
            *fractions.rules_before_units(self),
            *self._rules_of_points(),
            *primes.rules(self),
            *self._rules_of_amounts(),
            *self.own_rules(),
            *self._rules_of_numbers(),
            *signs.rules(self),
            *self.own_rules_last(),
        )

    def normalize(self, text: str) -> str:
        """The text in words."""
        for pattern, say in self.rules:
            text = pattern.sub(say, text)
        return text

    def own_rules_first(self) -> Iterator[Rule]:
        """Rules of one language that see signs as they were typed; abbreviations, signs and products come before."""
        yield from ()

    def own_rules(self) -> Iterator[Rule]:
        """Rules of one language, after dates, times, money and units."""
        yield from ()

    def own_rules_last(self) -> Iterator[Rule]:
        """Rules of one language after all others."""
        yield from ()

    @staticmethod
    def _fixed(sayings: Mapping[str, str]) -> Iterator[Rule]:
        for pattern, words in sayings.items():
            yield re.compile(pattern), _saying(words)

    def _rules_of_addresses(self) -> Iterator[Rule]:
        yield (
            re.compile(r"(?<![\w./-])([0-3]?[0-9])(\.)([0-3]?[0-9])\.((?:19|20)[0-9]{2})(?![\w/-]|[.,][0-9])"),
            self._dotted_date,
        )
        yield re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w]|\.[0-9])"), self._dotted
        for phone in self.phones:
            yield re.compile(rf"(?<![\w.,/+-]){phone}(?![\w/]|[-.,][0-9])"), lambda found: self.phone(found[0])
        number = r"[0-9]{1,4}(?:\.[0-9]{1,4})"
        yield (
            re.compile(rf"\b(?!V(?:6|8|10|12)\b(?!\.[0-9]))[vV](?P<digits>{number}{{0,4}})(?![\w]|\.[0-9])"),
            self._version,
        )
        yield (
            re.compile(r"(?<=[a-zA-Z] )(?<!\w\.)(?P<digits>20[0-9][0-9]\.(?:1[0-2]|[1-9]))(?![\w.]|\.[0-9])"),
            self._version_after,
        )
        yield re.compile(rf"(?<![\w.,])(?P<digits>{number}{{2,4}})(?=b[0-9]|\b)(?!\.[0-9])"), self._dotted

    def _rules_of_multiplication(self) -> Iterator[Rule]:
        yield re.compile(r"(?<=[0-9])[ \u00a0]?[×✕][ \u00a0]?(?=[0-9])"), lambda found: f" {self.times} "
        crossed = re.compile(r"(?<=[0-9])(?<!\b0)(?: \* | [xX] |[xX*])(?=[0-9])")
        yield crossed, lambda found: f" {self.by if 'x' in found[0].lower() else self.times} "

    def _dotted(self, found: Found) -> str:
        if self.dot_groups and re.fullmatch(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+", found[0]):
            return found[0]
        return self._joined_by_dots(found[0])

    def _joined_by_dots(self, written: str) -> str:
        year, *rest = written.split(".")
        first = self.year(int(year)) if 2000 <= int(year) < 2100 else self.integer(int(year))
        gap = self.word_gap
        return f"{gap}{self.dot}{gap}".join((first, *(self._padded(part) for part in rest)))

    def _version(self, found: Found) -> str:
        return self.joined(self.version, self._joined_by_dots(found["digits"]))

    def _version_after(self, found: Found) -> str:
        return self._joined_by_dots(found[0]) if self._is_version(found) else found[0]

    def _is_version(self, found: Found) -> bool:
        """Whether the word before is one that a version stands after."""
        word = re.search(r"(\w+) $", found.string[max(0, found.start() - 20) : found.start()])
        return word is not None and re.fullmatch(self.version_words, word[1]) is not None

    def _rules_of_dates(self) -> Iterator[Rule]:
        half = rf"{_GAP}(?P<half>{'|'.join(self.meridiems) or '(?!)'})"
        zone = "(?: ?(?:Z|UTC|GMT)| ?[+−-][0-9]{2}:?[0-9]{2})"
        time = rf"(?:(?:T|,? ){_CLOCK}(?:[.,][0-9]{{1,9}})?(?:{half}|{zone})?(?![\w:]))?"
        yield (
            re.compile(
                r"(?<![\w./-])(?P<year>[12][0-9]{3})([-/.])(?P<month>0?[1-9]|1[0-2])\2"
                rf"(?P<day>0?[1-9]|[12][0-9]|3[01])(?![0-9]|[-/.][0-9]){time}"
            ),
            self._iso,
        )
        yield (
            re.compile(r"(?<![\w./-])([0-9]{1,2})([/.-])([0-9]{1,2})\2([12][0-9]{3})(?![\w/-]|[.,][0-9])"),
            self._numeric_date,
        )
        yield re.compile(r"(?<![\w./-])([0-9]{1,2})(/)([0-9]{1,2})/([0-9]{2})(?![\w/-]|[.,][0-9])"), self._numeric_date

    def _iso(self, found: Found) -> str:
        date = self.date(int(found["year"]), int(found["month"]), int(found["day"]))
        if found["hour"] is None:
            return date
        half = self.half_of(found["half"]) if found["half"] else ""
        return self.moment(date, int(found["hour"]), int(found["minute"]), half)

    def _dotted_date(self, found: Found) -> str:
        return found[0] if self._is_version(found) else self._numeric_date(found)

    def _numeric_date(self, found: Found) -> str:
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        year += 2000 if year < 100 else 0
        month, day = (first, second) if self.month_first else (second, first)
        if month > 12:
            month, day = day, month
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return found[0]
        return self.date(year, month, day)

    def _rules_of_dotted_times(self) -> Iterator[Rule]:
        """Times with a full stop get their colon."""
        time = r"(?P<hour>[01]?[0-9]|2[0-4])\.(?P<minute>[0-5][0-9])"
        alone = rf"(?![\w%°]|[.,:/-]?[0-9]|{_GAP}(?:{SIGN}|[%°]))"
        half = "|".join(self.meridiems)
        if half:
            until = r"(?:[-–][0-9]{1,2}[.:][0-5][0-9])?"
            yield re.compile(rf"(?<![\w:.,/]){time}(?={until}{_GAP}(?:{half})(?!\w))"), self._with_colon
        if self.dotted_times:
            yield (
                re.compile(rf"(?<!\w)(?P<before>{self.dotted_times} ){time}{alone}{self.after_dotted_time}"),
                (
                    lambda found: (
                        f"{found['before']}{self._with_colon(found)}" if self.is_dotted_time(found) else found[0]
                    )
                ),
            )
            links = f"{_DASH}| (?:to|and|until|till|y|a|hasta|e|alle|e le|a las|hasta las|y las) "
            yield (
                re.compile(rf"(?<=[0-9]:[0-5][0-9])(?P<before>{links}){time}{alone}"),
                lambda found: f"{found['before']}{self._with_colon(found)}",
            )
        if self.dotted_times_before:
            yield re.compile(rf"(?<![\w:.,/]){time}(?= {self.dotted_times_before}(?!\w))"), self._with_colon

    @staticmethod
    def _with_colon(found: Found) -> str:
        return f"{found['hour']}:{found['minute']}"

    def _rules_of_times(self) -> Iterator[Rule]:
        half = "|".join(self.meridiems)
        between = re.compile(
            r"(?<=[0-9]:[0-5][0-9])[\s\u00a0]?[-–—~～〜][\s\u00a0]?(?=[0-2]?[0-9]:[0-5][0-9](?![0-9:]))"
        )
        yield between, lambda found: f" {self.to} "
        halves = rf"(?:{_GAP}(?P<half>{half})(?!\w))" if half else "(?P<half>(?!))"
        if half:
            yield (
                re.compile(rf"(?<=[0-9])(?P<half>{_GAP}(?:{half}))[\s\u00a0]?[-–—][\s\u00a0]?(?=[0-9])"),
                lambda found: f"{found['half']} {self.to} ",
            )
        yield re.compile(r"(?<=[0-9]:[0-5][0-9])[ \u00a0]?hs?(?!\w)"), lambda found: ""
        rest = r"(?:(?<=:[0-5][0-9]:[0-5][0-9])[.,][0-9]{1,9}(?:Z|\+[0-9]{2}:?[0-9]{2})?)?"
        yield re.compile(rf"(?<![\w:.,/]){_CLOCK}{rest}{halves}?(?![\w:]|[.,][0-9])"), self._clock
        if half:
            yield re.compile(rf"(?<![\w:.,/])(?P<hour>1[0-2]|0?[1-9])(?P<minute>)(?P<second>){halves}"), self._clock
        yield (
            re.compile(
                rf"(?<![\w.,:/])(?P<h>[0-9]{{1,3}}){_GAP}h{_GAP}(?P<m>[0-9]{{1,2}}){_GAP}m(?:in)?"
                rf"(?:{_GAP}(?P<s>[0-9]{{1,2}}){_GAP}s)?(?!\w)"
            ),
            self._duration,
        )
        yield (
            re.compile(
                r"(?<![\w.,:/])(?P<h>)(?P<m>[0-9]{1,3})[ \u00a0]?m(?:in)?[ \u00a0]?(?P<s>[0-9]{1,2})[ \u00a0]?s(?!\w)"
            ),
            self._duration,
        )

    def _written_date(self, found: Found) -> str:
        day, year = int(found["day"]), found["year"]
        if not 1 <= day <= 31:
            return found[0]
        return self.date(int(year) if year else None, self.month_numbers[found["month"].lower()], day)

    def _clock(self, found: Found) -> str:
        half = self.half_of(found["half"]) if found["half"] else ""
        hour, minute = int(found["hour"]), int(found["minute"] or 0)
        if half and hour > 12:
            half = ""
        ends = found["half"] is not None and found["half"].endswith(".") and not found.string[found.end() :].strip()
        return self.clock(hour, minute, int(found["second"] or 0), half) + ("." if ends else "")

    def _duration(self, found: Found) -> str:
        parts = ((found["h"], "hour"), (found["m"], "minute"), (found["s"], "second"))
        return self.joined(*(self.measured(Number(int(count)), unit) for count, unit in parts if count))

    def _rules_of_points(self) -> Iterator[Rule]:
        """A measure that begins with its decimal point gets its zero: ".5 mg"."""
        unit = unit_after_number(self.unit_symbols, self.no_units)
        yield re.compile(rf"(?<![\w.,])\.(?=[0-9]{{1,6}}(?:{_GAP}{unit}|[\"”]))"), lambda found: "0."
        yield re.compile(rf"(?<![\w$])(?P<sign>{SIGN})\.(?=[0-9])"), lambda found: f"{found['sign']}0."

    def _rules_of_amounts(self) -> Iterator[Rule]:
        number, sign = self.number_pattern, f"(?P<sign>{_MINUS})?"
        amounts = f"(?P<first>{number})(?:{_DASH}(?P<last>{number}))?"
        unit = unit_after_number(self.unit_symbols, self.no_units)
        per = rf"(?:/(?P<per>{PER}(?!\w)|{self.per_words}))?"
        large = rf"(?:{_GAP}(?P<large>{self._large_pattern()})(?![\w&-]){self.large_links})?"
        # "$20 T shirts"
        large_onto = rf"(?:{_GAP}(?P<large>{self._large_pattern(r'(?<=[0-9])')})(?![\w&-]))?"
        code = rf"(?:{_GAP}(?P<code>{CODE})(?!\w))?"
        yield re.compile(r"(?<![\w$])([$£€¥₹])[-−](?=\.?[0-9])"), lambda found: f"-{found[1]}"
        yield re.compile(rf"¢[ \u00a0]?(?P<number>{number})"), lambda found: f"{found['number']}¢"
        yield re.compile(rf"{sign}(?<![\w$])(?P<currency>{SIGN}){_GAP}{amounts}{large_onto}{code}{per}"), self._money
        # A word may be stuck to a sign, not to letters.
        yield (
            re.compile(rf"{sign}{amounts}{large}{_GAP}(?P<currency>{SIGN})(?![0-9])(?:(?<!\w)|(?!\w))(?P<code>){per}"),
            self._money,
        )
        yield (
            re.compile(rf"(?P<first>{number}{_GAP}{unit}){_DASH}(?={number}{_GAP}{unit})"),
            (lambda found: f"{found['first']} {self.to} "),
        )
        sizes = re.compile(rf"(?<=[0-9])({_GAP}(?:mm|cm|m|ft|in|″)) ?[x×] ?(?=[0-9])")
        yield sizes, lambda found: f"{found[1]} {self.by} "
        yield re.compile(rf"{sign}{amounts}{self.unit_link}(?P<unit>{unit})"), self._quantity
        yield re.compile(rf"(?P<unit>{BARE_UNIT})"), self._bare_unit

    def _large_pattern(self, before_a_letter: str = "") -> str:
        longest_first = sorted(self.large, key=len, reverse=True)
        return "|".join(
            (before_a_letter if len(word) == 1 and word.isascii() else "") + re.escape(word) for word in longest_first
        )

    def _money(self, found: Found) -> str:
        said = self._price(found, self.currency(self.signs[found["code"] or found["currency"]]))
        if found["per"]:
            said = self.money_per(said, per_of(found["per"], self.unit_symbols))
        return said + self.word_gap if found.string[found.end() : found.end() + 1].isalpha() else said

    def _price(self, found: Found, currency: Currency) -> str:
        large = self.large.get(found["large"] or "", Large())
        feminine = currency.feminine and not large.one
        words, number = self.amount(found, feminine=feminine, rounded=True, factor=large.factor)
        plural = self.units.plural_form(number.size)
        many = currency.one if self.is_attribute(found) else currency.many
        if large.one:
            form = large.one if plural == "one" else large.many
            return self.large_amount(words, form, currency.forms.get("many") or many)
        if currency.coin and not found["last"] and len(number.fraction) == 2:
            return self._with_coins(Number(number.whole, "", number.negative), int(number.fraction), currency)
        return self.joined(words, currency.forms.get(plural) or (many if number.size != 1 else currency.one))

    def is_attribute(self, found: Found) -> bool:
        """Whether a measure belongs to the noun behind it, in languages where it is said otherwise then."""
        return False

    def _with_coins(self, whole: Number, coins: int, currency: Currency) -> str:
        count = self.integer(coins, feminine=currency.feminine_coin, noun=True)
        coin = self.joined(count, currency.coin_form(self.units.plural_form(Decimal(coins)), coins))
        if not whole.whole:
            return self.joined(self.minus, coin) if whole.negative else coin
        words = self.number(whole, feminine=currency.feminine, noun=True)
        noun = currency.form(self.units.plural_form(whole.size), whole.size)
        return self.with_coins(self.joined(words, noun), coins, currency)

    def _quantity(self, found: Found) -> str:
        unit = unit_of(found["unit"], self.unit_symbols)
        if found["unit"] == "s" and self.is_decade(found):
            return found[0]
        feminine = unit.split("/")[0] in self.feminine_units
        words, number = self.amount(found, feminine=feminine, rounded=True)
        one = self.is_attribute(found)
        phrase = self.units.phrase(unit, "one") if one else self.units.phrase_for(unit, number.size)
        goes_on = re.match(r"[ \u00a0]?[a-z0-9(,;:]", found.string[found.end() : found.end() + 2])
        stop = "." if found["unit"].endswith(".") and not goes_on else ""
        return phrase.replace("{}", words) + stop

    def _bare_unit(self, found: Found) -> str:
        before = found.string[max(0, found.start() - 8) : found.start()]
        plural = "one" if re.search(rf"\b(?:{self.before_one}) $", before) else "other"
        return self.unit_by_itself(unit_of(found["unit"]), plural)

    def _rules_of_numbers(self) -> Iterator[Rule]:
        number = self.number_pattern
        yield from fractions.rules(self)
        yield re.compile(rf"[{ROMAN_SIGNS}]{{1,12}}"), lambda found: self.integer(roman(found[0]))
        if not self.decimal_comma:
            # A list, not a number with decimals.
            listed = re.compile(r"(?<![\w.,])[0-9]{1,2}(?:,[0-9]{1,2}){2,}(?![\w,]|\.[0-9])")
            yield listed, lambda found: found[0].replace(",", ", ")
        yield re.compile(r"(?:#|№[ \u00a0]?)(?=[0-9])"), lambda found: f"{self.number_sign} "
        years = r"(?:1[1-9]|20)[0-9]{2}(?:-(?:1[1-9]|20)[0-9]{2})+(?![0-9-])"
        long = rf"(?<![\w.,/+-])(?=[0-9-]{{0,20}}[0-9]{{4}}|[0-9-]{{0,20}}\b0[0-9])(?!{years})"
        yield (
            re.compile(rf"{long}[0-9]{{1,7}}(?:-[0-9]{{1,7}}){{2,5}}(?![\w/]|[-.,:][0-9])"),
            lambda found: self.code(found[0]),
        )
        yield (
            re.compile(
                rf"(?<![\w/.:-])(?P<sign>{_MINUS})?(?P<first>{number}){_DASH}(?P<last>{number})(?!\w|[-–/][0-9])"
            ),
            self._range,
        )
        yield re.compile(rf"(?P<sign>{_MINUS})?(?P<first>{number})(?!\w)"), self._number
        yield re.compile(r"(?<!\w)(?<![0-9][.,])[0-9]{16,}"), lambda found: self.digits(found[0])

    def _range(self, found: Found) -> str:
        first, last = found["first"], found["last"]
        if all(len(text) == 4 and text.isdecimal() and 1100 <= int(text) < 2100 for text in (first, last)):
            return self.years(int(first), int(last))
        low, high = self.parsed(first, negative=bool(found["sign"])), self.parsed(last)
        say = self.span if low.size < high.size else self.score
        return say(self.number(low), self.number(high))

    def _number(self, found: Found) -> str:
        if found["first"].isdecimal() and not found["sign"]:
            return self.bare(found["first"], found)
        if (
            not self.decimal_comma
            and re.fullmatch("[0-9]+,[0-9]+", found["first"])
            and not self._is_grouped(found["first"])
        ):
            return found[0].replace(",", ", ")
        return self.number(self.parsed(found["first"], negative=bool(found["sign"])))

    @staticmethod
    def _is_grouped(written: str) -> bool:
        return re.fullmatch("[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}", written) is not None


def _saying(words: str) -> Callable[[Found], str]:
    return lambda found: found.expand(words)
