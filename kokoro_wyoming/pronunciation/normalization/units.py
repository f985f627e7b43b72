"""Units as they are typed after a number, and their names: CLDR's, from Babel, if it has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.units import UnknownUnitError, format_compound_unit, format_unit

SYMBOLS = {
    **{"°C": "celsius", "ºC": "celsius", "℃": "celsius", "°F": "fahrenheit", "ºF": "fahrenheit", "℉": "fahrenheit"},
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
    **{
        "cm²": "square-centimeter",
        "m²": "square-meter",
        "m2": "square-meter",
        "㎡": "square-meter",
        "km²": "square-kilometer",
    },
    **{"cm³": "cubic-centimeter", "m³": "cubic-meter", "m3": "cubic-meter", "㎥": "cubic-meter", "ha": "hectare"},
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
}
"""Typed symbols with CLDR's name of the unit, or one of ours if CLDR has none. A slash is "per"."""

_SPACE_ASKED = frozenset(("K", "t", "B", "A", "V", "g"))
"""Written onto the number these are names, sizes and generations: 4K, 5G, 2A."""
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


def _one_of(symbols: frozenset[str] | dict[str, str]) -> str:
    return "|".join(re.escape(symbol) for symbol in sorted(symbols, key=lambda symbol: (-len(symbol), symbol)))


_UNIT = rf"(?:{_one_of(SYMBOLS)})"
_PER = r"(?:m²|m2|m³|m3|㎥|min|ms|km|kg|kWh|dl|[shlLdm])"
UNIT_AFTER_NUMBER = (
    rf"(?:(?![{''.join(sorted(_SPACE_ASKED))}](?!\w))|(?<=[\s\u00a0\u202f]))(?:{_UNIT}(?:/{_PER})?)(?![\w²³]|/\w|'\w)"
)
"""A regular expression without groups."""
BARE_UNIT = (
    rf"(?<![\w/])(?:{'|'.join(re.escape(symbol) for symbol in sorted(_BARE, key=len, reverse=True))})(?![\w/²³])"
)


def unit_of(symbol: str) -> str:
    """The name for what UNIT_AFTER_NUMBER or BARE_UNIT has matched, "microgram/cubic-meter" for instance."""
    symbol = symbol.replace("\u03bc", "µ")
    if symbol in SYMBOLS:
        return SYMBOLS[symbol]
    of, _, per = symbol.partition("/")
    return f"{SYMBOLS.get(of, of)}/{ {'d': 'day', **SYMBOLS}.get(per, per) }"


class Units:
    """The names of units in one language."""

    def __init__(self, locale: str, own: Mapping[str, str | tuple[str, str]], per: str, *, per_is_own: bool) -> None:
        """`own`: what CLDR lacks or says otherwise than people do: one form, or those for one and for more.

        `per` joins two of them that are our own, or any two if `per_is_own`.
        """
        self._locale = Locale.parse(locale)
        self._own = own
        self._per = per
        self._per_is_own = per_is_own
        self.phrase = lru_cache(512)(self._phrase)

    def phrase_for(self, unit: str, size: Decimal) -> str:
        """The unit around "{}", where the number goes, in the form that it has with so much of it."""
        return self.phrase(unit, self._locale.plural_form(size))

    def _phrase(self, unit: str, plural: str) -> str:
        if unit in self._own:
            own = self._own[unit]
            form = own if isinstance(own, str) else own[plural != "one"]
            return form if "{}" in form else f"{{}} {form}"
        of, _, per = unit.partition("/")
        count = 1 if plural == "one" else 5
        if not per:
            return self._named(format_unit(count, of, length="long", format="'<'#'>'", locale=self._locale))
        try:
            if self._per_is_own or of in self._own or per in self._own:
                raise UnknownUnitError(of, self._locale)
            whole = format_compound_unit(
                count, of, denominator_unit=per, length="long", format="'<'#'>'", locale=self._locale
            )
            return self._named(str(whole))
        except UnknownUnitError:
            bare = self._phrase(per, "one").replace("{}", "").strip()
            return self._per.format(self._phrase(of, plural), bare)

    @staticmethod
    def _named(text: str) -> str:
        return re.sub(r"<[^>]*>", "{}", text).replace("\u00a0", " ").replace("\u2019", "'")
