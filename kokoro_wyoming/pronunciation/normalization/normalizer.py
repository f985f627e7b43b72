"""Finds typed numbers, dates, prices and signs in a text; `Verbalizer` and the languages have their words.

A rule is a regular expression and a function that makes the words. The rules are tried in the order of `rules`, each
over the whole text: long forms such as a date before short ones such as a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from kokoro_wyoming.pronunciation.normalization.money import SIGN, SIGNS, Currency
from kokoro_wyoming.pronunciation.normalization.numerals import Number, roman
from kokoro_wyoming.pronunciation.normalization.units import BARE_UNIT, UNIT_AFTER_NUMBER, unit_of
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found, Verbalizer

Rule = tuple[re.Pattern[str], Callable[[Found], str]]

_MINUS = r"""(?:(?<![^\s(\[:=;"'“,/~<>|¿¡、。，；：（「\u2063])[-−–](?=\.?[0-9]))"""
_DASH = r"(?:-|[\s\u00a0]?[–—~～〜][\s\u00a0]?)"
_GAP = "[ \u00a0\u202f\u2009]?"
_CLOCK = r"(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?"
_VULGAR = {
    "½": (1, 2),
    "⅓": (1, 3),
    "⅔": (2, 3),
    "¼": (1, 4),
    "¾": (3, 4),
    "⅕": (1, 5),
    "⅛": (1, 8),
    "⅜": (3, 8),
    "⅝": (5, 8),
}
_NEVER_A_FRACTION = {(24, 7), (50, 50), (9, 11), (4, 4)}


class Normalizer(Verbalizer):
    """Replaces what is said otherwise than it is typed by the language's words."""

    def __init__(self, region: str | None = None) -> None:
        super().__init__(region)
        self.rules: tuple[Rule, ...] = (
            *self._fixed(self.abbreviations),
            *self.sign_rules(),
            *self._rules_of_multiplication(),
            *self.own_rules_first(),
            *self._rules_of_addresses(),
            *self._rules_of_dates(),
            *self._rules_of_times(),
            *self._rules_of_amounts(),
            *self.own_rules(),
            *self._rules_of_numbers(),
            *self._rules_of_signs(),
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
        yield re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w]|\.[0-9])"), self._dotted
        for phone in self.phones:
            yield re.compile(rf"(?<![\w.,/+-]){phone}(?![\w/]|[-.,][0-9])"), lambda found: self.phone(found[0])
        number = r"[0-9]{1,4}(?:\.[0-9]{1,4})"
        yield re.compile(rf"\b[vV](?P<digits>{number}{{0,4}})(?![\w]|\.[0-9])"), self._version
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
        word = re.search(r"(\w+) $", found.string[: found.start()])
        is_version = word is not None and re.fullmatch(self.version_words, word[1])
        return self._joined_by_dots(found[0]) if is_version else found[0]

    def _rules_of_dates(self) -> Iterator[Rule]:
        time = rf"(?:(?:T|,? ){_CLOCK}(?:\.[0-9]{{1,9}})?(?:Z|\+00:?00)?(?![\w:]))?"
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
        return f"{date}, {self.clock(int(found['hour']), int(found['minute']), int(found['second'] or 0), '')}"

    def _numeric_date(self, found: Found) -> str:
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        year += 2000 if year < 100 else 0
        month, day = (first, second) if self.month_first else (second, first)
        if month > 12:
            month, day = day, month
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return found[0]
        return self.date(year, month, day)

    def _rules_of_times(self) -> Iterator[Rule]:
        half = "|".join(self.meridiems)
        between = re.compile(r"(?<=[0-9]:[0-5][0-9])[\s\u00a0]?[-–—~～][\s\u00a0]?(?=[0-2]?[0-9]:[0-5][0-9](?![0-9:]))")
        yield between, lambda found: f" {self.to} "
        halves = rf"(?:{_GAP}(?P<half>{half})(?!\w))" if half else "(?P<half>(?!))"
        if half:
            yield (
                re.compile(rf"(?<=[0-9])(?P<half>{_GAP}(?:{half}))[\s\u00a0]?[-–—][\s\u00a0]?(?=[0-9])"),
                lambda found: f"{found['half']} {self.to} ",
            )
        yield re.compile(rf"(?<![\w:.,/]){_CLOCK}{halves}?(?![\w:]|[.,][0-9])"), self._clock
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
        half = next(
            (sense for form, sense in self.meridiems.items() if found["half"] and re.fullmatch(form, found["half"])), ""
        )
        hour, minute = int(found["hour"]), int(found["minute"] or 0)
        if half and hour > 12:
            half = ""
        ends = found["half"] is not None and found["half"].endswith(".") and not found.string[found.end() :].strip()
        return self.clock(hour, minute, int(found["second"] or 0), half) + ("." if ends else "")

    def _duration(self, found: Found) -> str:
        parts = ((found["h"], "hour"), (found["m"], "minute"), (found["s"], "second"))
        return self.joined(*(self.measured(Number(int(count)), unit) for count, unit in parts if count))

    def _rules_of_amounts(self) -> Iterator[Rule]:
        number, sign = self.number_pattern, f"(?P<sign>{_MINUS})?"
        amounts = f"(?P<first>{number})(?:{_DASH}(?P<last>{number}))?"
        per = r"(?:/(?P<per>kWh|kg|km|h|l|L|m²|m³|min)(?!\w))?"
        large = "|".join(sorted(self.large_numbers(), key=len, reverse=True))
        large = rf"(?:{_GAP}(?P<large>{large})(?!\w))?" if large else "(?P<large>(?!))?"
        yield re.compile(rf"{sign}(?<![\w$])(?P<currency>{SIGN}){_GAP}{amounts}{large}{per}"), self._money
        yield re.compile(rf"{sign}{amounts}{large}{_GAP}(?P<currency>{SIGN})(?!\w){per}"), self._money
        yield (
            re.compile(rf"(?P<first>{number}{_GAP}{UNIT_AFTER_NUMBER}){_DASH}(?={number}{_GAP}{UNIT_AFTER_NUMBER})"),
            (lambda found: f"{found['first']} {self.to} "),
        )
        yield re.compile(rf"{sign}{amounts}{_GAP}(?P<unit>{UNIT_AFTER_NUMBER})"), self._quantity
        yield re.compile(rf"(?P<unit>{BARE_UNIT})"), self._bare_unit

    def _money(self, found: Found) -> str:
        code = SIGNS[found["currency"]]
        currency = self.currency(code)
        large = found["large"] or ""
        words, number = self.amount(found, feminine=currency.feminine and not large, rounded=True)
        large = self.large_numbers().get(large, large)
        coins = number.fraction if not large and not found["last"] and len(number.fraction) == 2 else ""
        many = number.size != 1 or bool(large)
        if coins and currency.coin:
            whole = Number(number.whole, "", number.negative)
            said = self._with_coins(whole, int(coins), currency)
        else:
            said = self.joined(words, large, currency.many if many else currency.one)
        if found["per"]:
            bare = self.units.phrase(unit_of(found["per"]), "one").replace("{}", "").strip()
            said = self.money_per(said, bare)
        return said

    def _with_coins(self, whole: Number, coins: int, currency: Currency) -> str:
        count = self.integer(coins, feminine=currency.feminine_coin, noun=True)
        coin = self.joined(count, currency.coin if coins == 1 else currency.coins)
        if not whole.whole:
            return self.joined(self.minus, coin) if whole.negative else coin
        words = self.number(whole, feminine=currency.feminine, noun=True)
        return self.with_coins(self.joined(words, currency.one if whole.whole == 1 else currency.many), coins, currency)

    def _quantity(self, found: Found) -> str:
        unit = unit_of(found["unit"])
        if found["unit"] == "s" and self.is_decade(found):
            return found[0]
        feminine = unit.split("/")[0] in self.feminine_units
        words, number = self.amount(found, feminine=feminine, rounded=True)
        return self.units.phrase_for(unit, number.size).replace("{}", words)

    def _bare_unit(self, found: Found) -> str:
        return self.units.phrase(unit_of(found["unit"]), "other").replace("{}", "").strip()

    def _rules_of_numbers(self) -> Iterator[Rule]:
        number = self.number_pattern
        yield (
            re.compile(
                r"(?<![\w/.,])(?:(?P<whole>[0-9]{1,3})[ \u00a0])?"
                r"(?P<over>[0-9]{1,3})[/⁄](?P<under>[0-9]{1,3})(?![\w/⁄]|[.,][0-9])"
            ),
            self._slashed,
        )
        yield (
            re.compile(rf"(?:(?<![\w/.,])(?P<whole>[0-9]{{1,3}}){_GAP})?(?P<vulgar>[{''.join(_VULGAR)}])"),
            self._vulgar,
        )
        if self.monarchs:
            names = "|".join(sorted(self.monarchs))
            yield (
                re.compile(rf"\b({names}) (II|III|IV|VI{{0,3}}|IX|X(?:X?(?:IX|IV|V?I{{0,3}})))(?!\w)"),
                lambda found: self.monarch(found[1], roman(found[2])),
            )
        if not self.decimal_comma:
            # A list, not a number with decimals.
            listed = re.compile(r"(?<![\w.,])[0-9]{1,2}(?:,[0-9]{1,2}){2,}(?![\w,]|\.[0-9])")
            yield listed, lambda found: found[0].replace(",", ", ")
        yield re.compile(r"(?:#|№[ \u00a0]?)(?=[0-9])"), lambda found: f"{self.number_sign} "
        yield (
            re.compile(
                rf"(?<![\w/.-])(?P<sign>{_MINUS})?(?P<first>{number}){_DASH}(?P<last>{number})(?!\w|[-–/][0-9])"
            ),
            self._range,
        )
        yield re.compile(rf"(?P<sign>{_MINUS})?(?P<first>{number})(?!\w)"), self._number
        yield re.compile(r"(?<!\w)(?<![0-9][.,])[0-9]{16,}"), lambda found: self.digits(found[0])

    def _slashed(self, found: Found) -> str:
        whole, over, under = found["whole"], int(found["over"]), int(found["under"])
        before = f"{whole} " if whole else ""
        if (over, under) in _NEVER_A_FRACTION:
            return f"{before}{self.integer(over)} {self.integer(under)}"
        if 0 < over < under and 1 < under < 10:
            return self.mixed(int(whole), over, under) if whole else self.fraction(over, under)
        return before + (self.slash_over(over, under) if over > under else self.share(over, under))

    def _vulgar(self, found: Found) -> str:
        over, under = _VULGAR[found["vulgar"]]
        return self.mixed(int(found["whole"]), over, under) if found["whole"] else self.fraction(over, under)

    def _range(self, found: Found) -> str:
        first, last = found["first"], found["last"]
        if all(len(text) == 4 and text.isdecimal() and 1100 <= int(text) < 2100 for text in (first, last)):
            return self.years(int(first), int(last))
        low, high = self.parsed(first, negative=bool(found["sign"])), self.parsed(last)
        if high.size < low.size:
            return self.joined(self.number(low), self.to, self.number(high))
        return self.span(self.number(low), self.number(high))

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

    def _rules_of_signs(self) -> Iterator[Rule]:
        letter = r"[^\W\d_]"
        yield re.compile(r"[ \u00a0]?(?:&amp;|&)[ \u00a0]?(?=\w)"), lambda found: f" {self.ampersand} "
        yield re.compile(r"(?<=[\w)²³%°])[ \u00a0]?\+[ \u00a0]?(?=[\w(])"), lambda found: f" {self.plus} "
        yield re.compile(r"(?<!\S)\+(?=\w)"), lambda found: f"{self.plus} "
        yield re.compile(r"(?<=[\w)²³%°])[ \u00a0]?=[ \u00a0]?(?=[\w(])"), lambda found: f" {self.equals} "
        yield re.compile(r"(?<=\w)[ \u00a0]?@[ \u00a0]?(?=\w)"), lambda found: f" {self.at} "
        yield (
            re.compile(rf"(?<![\w/.:@-])({letter}+)/({letter}+)(?![\w/@]|[.:-]\w)"),
            lambda found: f"{found[1]} {found[2]}",
        )
        yield re.compile(r"[ \u00a0]?%"), lambda found: f" {self.percent}"

    def sign_rules(self) -> Iterator[Rule]:
        """What stands before a number: about, more than."""
        signs = {sign: words for signs, words in self.compared.items() for sign in signs}
        if signs:
            pattern = rf"[{re.escape(''.join(signs))}][ \u00a0]?(?=[-−]?[{re.escape(''.join(set('0123456789$£€¥₹')))}])"
            yield re.compile(rf"(?<![\w<>=~-]){pattern}"), lambda found: f"{signs[found[0][0]]} "


def _saying(words: str) -> Callable[[Found], str]:
    return lambda found: found.expand(words)
