"""Any language of CLDR: numbers by num2words; units, months, currencies and signs of numbers by Babel.

What neither knows stays as it is written: no word of another language is put in its place. A language that has a
module of its own builds on this.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import get_currency_name
from num2words import CONVERTER_CLASSES, num2words

from kokoro_wyoming.pronunciation.normalization.money import Currency
from kokoro_wyoming.pronunciation.normalization.normalizer import Normalizer, Rule
from kokoro_wyoming.pronunciation.normalization.numerals import Number
from kokoro_wyoming.pronunciation.normalization.units import sample_of
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_WORDS_LOCALES = {"nb": "no", "nn": "no"}
"""num2words' names that are not CLDR's."""
_NOT_NUM2WORDS = frozenset(("am", "ce", "kz"))
"""What num2words calls by a name of CLDR's and says in another language, or with digits."""
_COMMAS = {"ar": "فاصلة", "th": "จุด", "tr": "virgül", "vi": "phẩy"}
"""The word in a decimal number, where num2words says its digits wrongly or not at all."""
_ABBREVIATED_YEAR = re.compile(r"[ \u00a0\u202f](?:г|р)\.$")
"""Russian and Ukrainian, behind a year."""
_NUMBER_ERRORS = (
    NotImplementedError,  # num2words says by it that a language lacks this kind of number
    *(ArithmeticError, LookupError, TypeError, ValueError, AttributeError),
)
"""What num2words raises for a number that a language of its own cannot say; then its digits stay for the G2P."""


class CldrNormalizer(Normalizer):
    """A language by its locale; `region` is as for `normalizer_of`."""

    locale = ""
    words_locale = ""
    """num2words' name of the language; empty where it has none, and digits stay for the G2P."""
    parts = "(?!)"
    """A regular expression: parts of a number behind which a blank is put, as espeak misreads what is longer."""
    comma = ""
    """The word in a decimal number, of which each digit is said; empty: as num2words says decimals."""
    group_gap = ", "
    plus, equals, at, to, times, by, divided, subtracted = "+", "=", "@", "–", "×", "×", "÷", "−"
    root, squared, cubed, power = "√{}", "{}²", "{}³", "{}^{}"
    number_sign, dot, version, out_of, over = "#", ",", "", "/", "/"
    version_words = "(?!)"
    phones: tuple[str, ...] = (r"\+[0-9][0-9 ().-]{6,18}[0-9]",)

    def __init__(self, region: str | None = None, locale: str = "") -> None:
        """UnknownLocaleError for a locale that CLDR does not know."""
        self.locale = locale or self.locale
        self._cldr = Locale.parse(self.locale)
        language = self._cldr.language
        self.words_locale = self.words_locale or _words_locale_of(language)
        self.comma = self.comma or _COMMAS.get(language, "")
        signs = self._cldr.number_symbols["latn"]
        self.decimal_comma = signs["decimal"] == ","
        self.dot_groups = signs["group"] == "."
        self.plain_spaces = signs["group"].isspace()
        short = self._cldr.date_formats["short"].pattern.lower()
        self.month_first = -1 < short.find("m") < short.find("d") and not short.startswith("y")
        self._day_has_stop = "d." in self._cldr.date_formats["long"].pattern
        self.minus = _minus_of(self.words_locale)
        self.ampersand = str(format_list(["", ""], locale=self._cldr)).strip() or "&"
        super().__init__(region)
        self.percent = self.units.phrase("percent", "other").replace("{}", "").strip()

    # Numbers

    def cardinal(self, number: int) -> str:
        """The words of num2words; the digits where it has none."""
        if self.words_locale:
            try:
                words = str(num2words(number, lang=self.words_locale)).replace("\u00a0", " ").strip()
            except _NUMBER_ERRORS:
                words = ""
            if words and not re.search("[0-9]", words):
                return self.parted(words)
        return str(number)

    def parted(self, words: str) -> str:
        """A number's words with a blank behind each of `parts`."""
        return re.sub(rf"({self.parts})(?=[^\W\d_])", r"\1 ", words)

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        return self.cardinal(number)

    def number(self, number: Number, *, feminine: bool = False, noun: bool = False) -> str:
        if not number.fraction or self.comma:
            return super().number(number, feminine=feminine, noun=noun)
        return self.joined(self.minus if number.negative else "", self._decimal(number))

    def _decimal(self, number: Number) -> str:
        try:
            words = str(num2words(Decimal(f"{number.whole}.{number.fraction}"), lang=self.words_locale or "-"))
        except _NUMBER_ERRORS:
            words = ""
        if words and not re.search("[0-9]", words) and " " in words:
            return words
        return f"{number.whole}{',' if self.decimal_comma else '.'}{number.fraction}"

    def with_fraction(self, whole: str, fraction: str) -> str:
        return self.joined(whole, self.comma, *(self.cardinal(int(digit)) for digit in fraction))

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        if self.words_locale:
            try:
                return str(num2words(number, lang=self.words_locale, to="ordinal"))
            except _NUMBER_ERRORS:
                pass
        return f"{number}."

    def spelled(self, parts: Sequence[str]) -> str:
        return " ".join(part.upper() if part.isalpha() else self.number(self.parsed(part)) for part in parts)

    def bare(self, written: str, found: Found) -> str:
        """A whole number; one that a full stop makes an ordinal stays, as its ending is the G2P's to know."""
        if self._day_has_stop and re.match(r"\.[ \u00a0][^\W\d_A-Z]", found.string[found.end() :][:3]):
            return written
        return self._padded(written) if written.startswith("0") else self.integer(int(written))

    def _money(self, found: Found) -> str:
        """The full stop of "5 kr." stays where it ends the sentence too."""
        is_last = found[0].endswith(".") and not found.string[found.end() :].strip()
        return super()._money(found) + ("." if is_last else "")

    def fraction(self, over: int, under: int) -> str:
        return f"{over}/{under}"

    # Dates and times

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        words = self.joined(self.integer(hour), self._minutes(minute) if minute or second else "")
        return self.joined(words, self._minutes(second) if second else "")

    def _minutes(self, minute: int) -> str:
        return self.joined(self.integer(0) if minute < 10 else "", self.integer(minute))

    def date(self, year: int | None, month: int, day: int | None) -> str:
        skeleton = f"{'y' if year else ''}MMMM{'d' if day else ''}"
        try:
            moment = datetime.date(year or 2000, month, day or 1)
        except ValueError:
            return self.joined(str(day or ""), self.month(month), str(year or ""))
        whole = format_date(moment, "long", self._cldr) if year and day else None
        written = str(whole or format_skeleton(skeleton, moment, locale=self._cldr))
        # A number with a full stop or with letters behind it has an ending that the G2P may know.
        return re.sub(
            r"\b[0-9]+\b(?![.(])", lambda found: self.integer(int(found[0])), _ABBREVIATED_YEAR.sub("", written)
        )

    def month(self, number: int) -> str:
        """The name of a month, as it stands in a date."""
        return next(name for spelling, name in self.month_names.items() if self.month_numbers[spelling] == number)

    def own_rules_first(self) -> Iterator[Rule]:
        percents = self.units.phrase("percent", "other")
        if not percents.startswith("{}"):  # and "%45" is written so, too
            yield (
                re.compile(rf"%[ \u00a0]?(?P<number>{self.number_pattern})(?!\w)"),
                lambda found: percents.replace("{}", self.number(self.parsed(found["number"]))),
            )

    # Money

    def currency(self, code: str) -> Currency:
        own = self.currencies.get(code)
        if own is not None:
            return own
        forms = {
            form: str(get_currency_name(code, sample_of(self._cldr, form), self._cldr))
            for form in (*self._cldr.plural_form.tags, "other")
        }
        return Currency(forms.get("one", forms["other"]), forms["other"], forms=forms)


def locale_of(tag: str) -> str | None:
    """CLDR's locale for a tag of BCP 47; for its language alone where it has none for the region; None for neither."""
    parts = tag.replace("_", "-").split("-")
    for name in ("_".join(parts), parts[0]):
        try:
            return str(Locale.parse(name))
        except (UnknownLocaleError, ValueError):
            continue
    return None


def _words_locale_of(language: str) -> str:
    name = _WORDS_LOCALES.get(language, language)
    return name if name in CONVERTER_CLASSES and name not in _NOT_NUM2WORDS else ""


def _minus_of(words_locale: str) -> str:
    word = getattr(CONVERTER_CLASSES.get(words_locale), "negword", "")
    return str(word).strip() if any(map(str.isalpha, str(word))) else "-"


def plural_forms(one: str, few: str, many: str, part: str) -> Mapping[str, str]:
    """A noun with 1, with 2 to 4, with 5 and more, and with a part of one, as Slavic languages have it."""
    return {"one": one, "few": few, "many": many, "other": part}


def rules_of_days(days: Mapping[str, str]) -> Iterator[Rule]:
    """Abbreviated days before a number, with a comma or an article between: "Mo., 3.10."."""
    for pattern, name in days.items():
        yield re.compile(rf"(?<!\w){pattern}(?=,? (?:[^\W\d_]{{2,3}} )?[0-9])"), _saying(name)


def rules_of_prices_in_words(currency: str, sign: str) -> Iterator[Rule]:
    """A price with its currency as a word is said as one with its sign: "12,50 Euro"."""
    yield re.compile(rf"(?<=[0-9],[0-9]{{2}}) (?:{currency})\b"), _saying(f" {sign}")


def rules_of_second_times(link: str) -> Iterator[Rule]:
    """A time with a full stop behind another time and the word between them gets its colon."""
    time = r"(?P<hour>[01]?[0-9]|2[0-4])\.(?P<minute>[0-5][0-9])(?![\w%°]|[.,:/-]?[0-9])"
    yield re.compile(rf"(?<=[0-9]:[0-5][0-9] {link} ){time}"), lambda found: f"{found['hour']}:{found['minute']}"


def _saying(name: str) -> Callable[[Found], str]:
    return lambda _: name
