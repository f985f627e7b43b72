"""Units as they are typed after a number, and their names: CLDR's, from Babel, if it has them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal

from babel import Locale
from babel.units import UnknownUnitError, format_compound_unit, format_unit

from kokoro_wyoming.pronunciation.normalization.unit_words import PREFIXES, WORDS, Words

_POWERS = {
    **{"²": "square-", "2": "square-", "^2": "square-"},
    **{"³": "cubic-", "3": "cubic-", "^3": "cubic-"},
}
_LENGTHS = {
    **{"mm": "millimeter", "cm": "centimeter", "dm": "decimeter", "m": "meter", "km": "kilometer"},
    **{"in": "inch", "ft": "foot", "yd": "yard", "mi": "mile"},
}


def _squares_and_cubes() -> dict[str, str]:
    """However they are typed: m², m2, m^2, sq m."""
    raised = {
        f"{symbol}{power}": f"{name}{unit}" for symbol, unit in _LENGTHS.items() for power, name in _POWERS.items()
    }
    words = {"sq": "square-", "sq.": "square-", "cu": "cubic-", "cu.": "cubic-"}
    return raised | {f"{word} {symbol}": f"{words[word]}{_LENGTHS[symbol]}" for word in words for symbol in _LENGTHS}


SYMBOLS = {
    **{"°C": "celsius", "ºC": "celsius", "℃": "celsius", "°F": "fahrenheit", "ºF": "fahrenheit", "℉": "fahrenheit"},
    **{"° C": "celsius", "º C": "celsius", "° F": "fahrenheit", "º F": "fahrenheit"},
    **{"°": "degree", "K": "kelvin", "%": "percent", "‰": "permille", "ppm": "ppm", "ppb": "ppb"},
    **{
        "Wh": "watt-hour-",
        "kWh": "kilowatt-hour",
        "MWh": "megawatt-hour",
        "kwh": "kilowatt-hour",
        "KWh": "kilowatt-hour",
    },
    **{"mW": "milliwatt", "W": "watt", "kW": "kilowatt", "MW": "megawatt", "VA": "volt-ampere", "Ah": "ampere-hour"},
    **{"mAh": "milliampere-hour", "mA": "milliampere", "A": "ampere", "mV": "millivolt", "V": "volt", "kV": "kilovolt"},
    **{"lx": "lux", "lm": "lumen", "dB": "decibel", "dBA": "decibel", "dB(A)": "decibel", "dBm": "decibel-milliwatt"},
    **{"Pa": "pascal", "hPa": "hectopascal", "kPa": "kilopascal", "mbar": "millibar", "bar": "bar"},
    **{"µm": "micrometer", "mm": "millimeter", "cm": "centimeter", "m": "meter", "km": "kilometer"},
    **{"㎡": "square-meter", "㎥": "cubic-meter", "ha": "hectare"},
    **{"ml": "milliliter", "mL": "milliliter", "cl": "centiliter", "dl": "deciliter", "l": "liter", "L": "liter"},
    **{"µg": "microgram", "ug": "microgram", "mg": "milligram", "g": "gram", "kg": "kilogram", "t": "tonne"},
    **{"B": "byte", "kB": "kilobyte", "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte"},
    **{"KiB": "kilobyte", "MiB": "megabyte", "GiB": "gigabyte", "TiB": "terabyte"},
    **{"kbit": "kilobit", "Mbit": "megabit", "Mb": "megabit", "Gbit": "gigabit"},
    **{"kbps": "kilobit/second", "Mbps": "megabit/second", "Gbps": "gigabit/second"},
    **{"Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "Ω": "ohm", "kcal": "kilocalorie"},
    **{"µs": "microsecond", "ms": "millisecond", "s": "second", "min": "minute", "h": "hour"},
    **{"kph": "kilometer-per-hour", "kmh": "kilometer-per-hour", "mph": "mile-per-hour", "kn": "knot"},
    **{"km/h": "kilometer-per-hour", "m/s": "meter-per-second", "px": "pixel", "kJ": "kilojoule", "rpm": "rpm"},
    **_squares_and_cubes(),
    **{"GW": "gigawatt", "TW": "terawatt", "KW": "kilowatt", "Kw": "kilowatt", "w": "watt"},
    **{"mVA": "millivolt-ampere", "kVA": "kilovolt-ampere", "MVA": "megavolt-ampere", "Mvar": "megavar"},
    **{"var": "var", "VAr": "var", "mvar": "millivar", "kvar": "kilovar", "kVAr": "kilovar"},
    **{"varh": "var-hour", "kvarh": "kilovar-hour", "mWh": "milliwatt-hour-", "GWh": "gigawatt-hour-"},
    **{"TWh": "terawatt-hour-", "Kwh": "kilowatt-hour", "KWH": "kilowatt-hour", "J": "joule", "MJ": "megajoule"},
    **{"GJ": "gigajoule", "cal": "calorie", "Mcal": "megacalorie", "Gcal": "gigacalorie", "µA": "microampere"},
    **{"µV": "microvolt", "MV": "megavolt", "kA": "kiloampere", "kΩ": "kiloohm", "MΩ": "megaohm", "mΩ": "milliohm"},
    **{"µF": "microfarad", "nF": "nanofarad", "pF": "picofarad", "mH": "millihenry", "µH": "microhenry"},
    **{"S/cm": "siemens/centimeter", "mS/cm": "millisiemens/centimeter", "µS/cm": "microsiemens/centimeter"},
    **{"S/m": "siemens/meter", "Bq": "becquerel", "kBq": "kilobecquerel", "pCi": "picocurie", "mSv": "millisievert"},
    **{"µSv": "microsievert", "THz": "terahertz", "hz": "hertz", "khz": "kilohertz", "mhz": "megahertz"},
    **{"ghz": "gigahertz", "mHz": "millihertz", "MPa": "megapascal", "mPa": "millipascal", "cbar": "centibar"},
    **{"hpa": "hectopascal", "mmHg": "millimeter-ofhg", "inHg": "inch-ofhg", "psi": "psi", "PSI": "psi"},
    **{
        "db": "decibel",
        "Å": "angstrom",
        "nm": "nanometer",
        "dm": "decimeter",
        "Km": "kilometer",
        "Kms": "kilometer",
    },
    **{"nmi": "nautical-mile", "ft": "foot", "yd": "yard", "″": "inch"},
    **{
        "ng": "nanogram",
        "mcg": "microgram",
        "Kg": "kilogram",
        "KG": "kilogram",
        "kgs": "kilogram",
        "Kgs": "kilogram",
        "gr": "gram",
    },
    **{"oz": "ounce", "lb": "pound", "lbs": "pound", "µl": "microliter", "µL": "microliter", "cL": "centiliter"},
    **{"dL": "deciliter", "hl": "hectoliter", "hL": "hectoliter", "cc": "cubic-centimeter", "gal": "gallon"},
    **{"fl oz": "fluid-ounce", "fl. oz.": "fluid-ounce", "fl. oz": "fluid-ounce", "fl.oz.": "fluid-ounce"},
    **{"floz": "fluid-ounce", "tbsp": "tablespoon", "tsp": "teaspoon", "hp": "horsepower", "mpg": "mile-per-gallon"},
    **{"BTU": "btu", "Btu": "btu", "Nm": "newton-meter", "kN": "kilonewton", "mol": "mole", "mmol": "millimole"},
    **{"BTU/(h⋅ft²)": "btu/hour/square-foot", "BTU/(h·ft²)": "btu/hour/square-foot"},
    **{"µmol": "micromole", "nmol": "nanomole", "m/s²": "meter-per-square-second"},
    **{"m/s2": "meter-per-square-second", "p/m³": "particle/cubic-meter", "p/m3": "particle/cubic-meter"},
    **{"%RH": "relative-humidity", "% RH": "relative-humidity", "%rH": "relative-humidity", "pH": "ph"},
    **{
        "¢": "cent",
        "ct/kWh": "cent/kilowatt-hour",
        "c/kWh": "cent/kilowatt-hour",
        "bft": "beaufort",
        "Bft": "beaufort",
        "kt": "knot",
        "kts": "knot",
    },
    **{
        "in/h": "inch/hour",
        "in/d": "inch/day",
        "in/s": "inch/second",
        "d": "day",
        "bit": "bit",
        "kb": "kilobyte",
        "gb": "gigabyte",
        "tb": "terabyte",
    },
    **{"PB": "petabyte", "PiB": "petabyte", "KMH": "kilometer-per-hour", "Km/h": "kilometer-per-hour"},
    **{"km/H": "kilometer-per-hour", "MPH": "mile-per-hour", "ns": "nanosecond"},
}
"""Typed symbols with CLDR's name of the unit, or one of ours if CLDR has none. A slash is "per"."""

_SYMBOL_OF = {name: symbol for symbol, name in reversed(SYMBOLS.items())}
_FORMS = {"one": 0, "few": 1, "many": 2}
"""The places of plural forms in a row of `unit_words` with four; one with two has those for one and for more."""
_SAMPLES = (1, 5, 2, 3, 0, 11, 21, Decimal("1.5"))

_INFLECTED = frozenset("second minute hour day week month year percent degree".split())
"""Names of CLDR that are no words of another language in the singular and in the plural alike."""

_NAMES = frozenset((*SYMBOLS.values(), "week", "month", "year"))
_SPACE_ASKED = "KtBAgJd"
"""Written onto the number these are names, sizes and generations: 4K, 5G, 2A."""
_LETTERS = str.maketrans("\u03bc\u2126", "µΩ")
_NO_SPACE = "wp"
"""Apart from the number these are something else."""
_BARE = (
    "°C",
    "ºC",
    "℃",
    "°F",
    "ºF",
    "℉",
    "km/h",
    "m/s",
    "kWh",
    "µg/m³",
    "mg/m³",
    "m²",
    "m³",
    "hPa",
    "W/m²",
    "Mbit/s",
    "MB/s",
    "mbar",
)
"""Symbols that are read as a unit even without a number before them."""


def _one_of(symbols: Mapping[str, str]) -> str:
    longest_first = sorted(symbols, key=lambda symbol: (-len(symbol), symbol))
    return "|".join(re.escape(symbol).replace("µ", "[µμ]").replace("Ω", "[\u03a9\u2126]") for symbol in longest_first)


_PER = (
    "ft²|ft2|ft³|ft3|in²|kWh|MWh|Wh|kg|mg|lb|oz|gal|km|cm|mi|ml|mL|dl|dL|m²|m2|m³|m3|min|ms|day|year|yr|GB|MB|[shdlLmg]"
)
PER = rf"(?:100[ \u00a0\u202f]?)?(?:{_PER})"
"""What a rate or a price is for: a regular expression without groups."""


def unit_after_number(more: Mapping[str, str], but: str = "(?!)") -> str:
    """A regular expression without groups for SYMBOLS and `more` of one language, `but` for another expression."""
    unit = _one_of({**SYMBOLS, **more})
    # "2700K" is a colour, "200g" and "1.5A" are measures, unlike "4K", "5G" and "2A".
    onto = r"(?<=[0-9]{4})(?=K)|(?<=[0-9.,][0-9])(?<!802\.11)(?=g)|(?=g/)|(?<=[.,][0-9])(?=A)|(?<=[.,][0-9]{2})(?=A)"
    place = rf"(?:(?![{_SPACE_ASKED}](?!\w))|(?<=[\s\u00a0\u202f])|{onto})(?:(?![{_NO_SPACE}](?![\w/]))|(?<=[0-9]))"
    oil = r"(?<=[0-9])[Ww]-[0-9]{2}(?! ?[Ww])"
    return rf"(?!{but}|{oil}){place}(?:(?:{unit})(?:/{PER})?)(?![\w²³^]|/(?=\w)(?![0-9]{{1,4}} ?[°%])|['&]\w)"


UNIT_AFTER_NUMBER = unit_after_number({})
"""A regular expression without groups, for all languages."""
BARE_UNIT = rf"(?<![\w/])(?:{_one_of(dict.fromkeys(_BARE, ''))})(?![\w/²³])"


def unit_of(symbol: str, more: Mapping[str, str] = SYMBOLS) -> str:
    """The name for what `unit_after_number(more)` or BARE_UNIT has matched, "microgram/cubic-meter" for instance."""
    symbol = symbol.translate(_LETTERS)
    known = SYMBOLS.get(symbol) or more.get(symbol)
    if known:
        return known
    of, _, per = symbol.partition("/")
    return f"{SYMBOLS.get(of) or more.get(of, of)}/{per_of(per, more)}"


def per_of(symbol: str, more: Mapping[str, str] = SYMBOLS) -> str:
    """The name for what PER has matched; of another word itself."""
    hundred = re.match(r"100[ \u00a0\u202f]?", symbol)
    per = symbol[hundred.end() :] if hundred else symbol
    return f"{'100 ' if hundred else ''}{SYMBOLS.get(per) or more.get(per, per)}"


class Units:
    """The names of units in one language."""

    def __init__(self, locale: str, own: Words, per: str, *, per_is_own: bool) -> None:
        """`own`: what CLDR lacks or says otherwise than people do, as in `unit_words`.

        `per` joins two of them that are our own, or any two if `per_is_own`.
        """
        self._locale = Locale.parse(locale)
        language = self._locale.language
        self._own: Words = {**WORDS.get(language, {}), **own}
        self._prefixes = PREFIXES.get(language, {})
        self._per = per
        self._per_is_own = per_is_own
        self._has_all_names = language in PREFIXES
        self.phrase = lru_cache(512)(self._phrase)

    def plural_form(self, size: Decimal) -> str:
        """CLDR's name for the form that a noun has with so much of it."""
        return str(self._locale.plural_form(size))

    def phrase_for(self, unit: str, size: Decimal) -> str:
        """The unit around "{}", where the number goes, in the form that it has with so much of it."""
        return self.phrase(unit, self.plural_form(size))

    def per(self, whole: str, unit: str) -> str:
        """A rate or a price for one unit, or for a word in its place."""
        own = self._own.get(f"/{unit}")
        if isinstance(own, str):
            return own.replace("{}", whole)
        return self._per.format(whole, self._bare(unit))

    def _bare(self, unit: str) -> str:
        if unit.startswith("100 "):
            return self._phrase(unit.removeprefix("100 "), "other").replace("{}", str(self._own.get("hundred", 100)))
        # Babel finds a unit for parts of its name, too.
        return self._phrase(unit, "one").replace("{}", "").strip() if unit in _NAMES else unit

    def _phrase(self, unit: str, plural: str) -> str:
        if unit in self._own:
            own = self._own[unit]
            form = own if isinstance(own, str) else own[min(_FORMS.get(plural, 3), len(own) - 1)]
            return form if "{}" in form else f"{{}} {form}"
        of, _, per = unit.rpartition("/")
        if of:
            return self._rate(of, per, plural)
        prefix, base = self._parts(unit)
        if prefix and base in self._own:
            return self._with_prefix(prefix, self._phrase(base, plural))
        try:
            return self._cldr(unit, plural)
        except UnknownUnitError:
            if prefix:
                return self._with_prefix(prefix, self._phrase(base, plural))
            if self._has_all_names:
                raise
            return f"{{}} {_SYMBOL_OF.get(unit, unit)}"

    def _cldr(self, unit: str, plural: str) -> str:
        """CLDR's name. Babel gives its own identifier where the long name is as the short one, as Dutch "uur"."""

        def name(length: Literal["short", "long"], form: str) -> str:
            return self._named(format_unit(self._count(form), unit, length, format="'<'#'>'", locale=self._locale))

        long, unknown = name("long", plural), f"{{}} {unit}"
        may_be_a_word = unit not in _INFLECTED and "-" not in unit
        if self._has_all_names or may_be_a_word or {name("long", "one"), long} != {unknown}:
            return long
        short = name("short", plural)
        return f"{{}} {_SYMBOL_OF.get(unit, unit)}" if short == unknown else short

    def _rate(self, of: str, per: str, plural: str) -> str:
        is_own = self._per_is_own or "/" in of or f"/{per}" in self._own or of in self._own or per in self._own
        if not is_own and not per.startswith("100 "):
            with contextlib.suppress(UnknownUnitError):
                whole = format_compound_unit(
                    self._count(plural), of, denominator_unit=per, length="long", format="'<'#'>'", locale=self._locale
                )
                return self._named(str(whole))
        return self.per(self._phrase(of, plural), per)

    def _count(self, plural: str) -> int | Decimal:
        return sample_of(self._locale, plural)

    def _parts(self, unit: str) -> tuple[str, str]:
        """The name of the prefix, and the unit without it."""
        return next(
            ((name, unit.removeprefix(of)) for of, name in self._prefixes.items() if unit.startswith(of)), ("", unit)
        )

    @staticmethod
    def _with_prefix(prefix: str, phrase: str) -> str:
        return re.sub(r"(\{\} ?)", rf"\g<1>{prefix}", phrase)

    @staticmethod
    def _named(text: str) -> str:
        return re.sub(r"<[^>]*>", "{}", text).replace("\u00a0", " ").replace("\u2019", "'")


@cache
def sample_of(locale: Locale, plural: str) -> int | Decimal:
    """A number that CLDR's plural form of that name is for, in a language; 5 for a form of large numbers alone."""
    return next((number for number in _SAMPLES if locale.plural_form(number) == plural), 5)
