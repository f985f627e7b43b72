"""Measures in English: symbols that are units there alone, inches, and measures that belong to the noun behind them.

"The rope is ten meters long", but "a ten meter rope".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

SYMBOLS = {
    **{"mi": "mile", "pt": "pint", "pts": "point", "qt": "quart", "qts": "quart", "gals": "gallon", "yds": "yard"},
    **{"tbs": "tablespoon", "Tbsp": "tablespoon", "tbsps": "tablespoon", "tsps": "teaspoon", "ozs": "ounce"},
    **{"hr": "hour", "hrs": "hour", "mins": "minute", "sec": "second", "secs": "second", "wk": "week", "wks": "week"},
    **{
        "mo": "month",
        "mos": "month",
        "yr": "year",
        "yrs": "year",
        "y": "year",
        "sqft": "square-foot",
        "cals": "calorie",
    },
    **{"cfm": "cubic-foot/minute", "CFM": "cubic-foot/minute", "gpm": "gallon/minute", "GPM": "gallon/minute"},
    **{
        f"{short}.": name
        for short, name in {"mi": "mile", "lb": "pound", "lbs": "pound", "oz": "ounce", "ft": "foot"}.items()
    },
    **{f"{short}.": name for short, name in {"tbsp": "tablespoon", "tsp": "teaspoon", "gal": "gallon"}.items()},
    **{f"{short}.": name for short, name in {"qt": "quart", "pt": "pint", "yd": "yard", "hr": "hour"}.items()},
}

_INCH = "″"
_FALLS = "rain|rainfall|snow|snowfall|sleet|hail|ice|precipitation|water|mulch|topsoil|soil"
_STRETCHES = "wide|tall|deep|thick|long|high|across|above|below|in diameter"
_ENDS = r"(?=[ \u00a0]*(?:[.,;:!?)]|$))"

_OWNER = re.compile(
    r"\b(?:an?|the|this|these|those|my|your|our|his|her|its|their|another|one|each)"
    r"(?: (?:new|old|single|small|large|big|cheap|standard|normal|spare|brisk|quick|easy|bright|dim))?[ ]$",
    re.IGNORECASE,
)
_THING = re.compile(r"[ -](?P<noun>[a-zA-Z][a-zA-Z-]{0,24})(?!\w)")
_NO_THING = frozenset(
    (
        "of is are was were be been being am has have had do does did will would can could should may might must shall "
        "in at on to from for by with without within into onto over under above below up down off out near and or but "
        "nor so than then as if when while before after since until till because that which who whom whose what where "
        "why how there here it i he she we they you me us them him not no more less left ago away apart later earlier "
        "now today tomorrow yesterday tonight every per an the this these those my your his her its our their all both "
        "between through across around about along against during only just already still again ever never also too "
        "very please home free available total each ahead back behind inside outside everywhere longer shorter higher "
        "lower further farther takes costs equals seems feels means makes gives goes comes needs uses weighs lasts "
        "spent kept made given taken found lost sold bought sent gone done won drunk eaten burnt driven flown shown "
        "begin begins start starts end ends pass expire someone somebody nobody everyone everybody nothing "
        "something everything"
    ).split()
)
_THING_FOR_ALL_THAT = frozenset(
    "supply assembly family meeting building training recording ceiling landing ring string wing bed shed speed".split()
)
"""Nouns that end like a verb or an adverb."""
_NO_THING_AFTER_A = frozenset(
    "of is was are or and to in at on from for by with than per more less later ago x a an".split()
)
_THINGS_OF_A_MEASURE = (
    "ladder pole pipe hose rope cable cord wire board plank beam fence ceiling tree tape nail screw bolt screen "
    "monitor display television tv bulb lamp lightbulb charger adapter heater motor engine battery outlet socket "
    "phone tablet laptop bottle jug bucket tank bag bale card drive disk ssd dumbbell "
    "kettlebell trailer fuse breaker batteries cupboard mattress pizza skillet"
)
_OF_A_MEASURE = frozenset(f"{noun}{ending}" for noun in _THINGS_OF_A_MEASURE.split() for ending in ("", "s"))


def is_attribute(found: Found) -> bool:
    """Whether a measure or a price belongs to the noun behind it, as in "a 10 m rope", unlike "the 10 m of rope"."""
    if found[0].endswith("p"):  # fifty pence
        return False
    thing = _THING.match(found.string, found.end())
    if thing is None:
        return False
    noun = thing["noun"].lower()
    is_time = re.search(r"(?:min|mins|h|hrs?|s|secs?|d)$", found[0])
    if (noun in _OF_A_MEASURE and not is_time) or re.search(r"[0-9]-[a-zA-Z]", found[0]):
        return True
    owner = _OWNER.search(found.string, max(0, found.start() - 24), found.start())
    if owner is None:
        return False
    if re.match("an? ", owner[0].lower()):
        return noun not in _NO_THING_AFTER_A
    is_verb_or_adverb = noun.endswith(("ed", "ing", "ly")) and noun not in _THING_FOR_ALL_THAT
    return noun not in _NO_THING and not is_verb_or_adverb


def rules_of_inches() -> Iterator[Rule]:
    """ "in" is a preposition, unless what stands around it makes it inches."""
    decimal = r"(?<![\w.,/])(?P<number>[0-9]{1,4}\.[0-9]{1,3})"
    whole = r"(?<![\w.,/])(?P<number>[0-9]{1,4})"
    either = r"(?<![\w.,/])(?P<number>[0-9]{1,4}(?:\.[0-9]{1,3})?)"
    one, more = "|".join(_THINGS_OF_A_MEASURE.split()), "|".join(sorted(_OF_A_MEASURE))
    ways = (
        rf"(?<=[0-9½¼¾⅛⅜⅝⅞])(?P<number>) ?in\.?(?= of (?:{_FALLS})\b)",
        rf"{decimal} ?in(?:\.(?= )|{_ENDS}|(?= (?:{_STRETCHES})\b{_ENDS}))",
        rf"{whole} in\.?(?= (?:{_STRETCHES})\b{_ENDS})",
        rf"(?:(?<=\ba )|(?<=\ban )|(?<=\bmy )|(?<=\bthe )|(?<=\byour )){either} in(?= (?i:{one})\b)",
        rf"{whole}[ -]in\.(?= (?:{more}|{_STRETCHES}|by|x)\b)",
        rf"{either} ?in(?= ?[x×] ?[0-9])",
        rf"(?:(?<=[x×] )|(?<=[x×])){whole} ?in\b{_ENDS}",
        rf"(?:(?<=[0-9] ft )|(?<=[0-9]ft )|(?<=[0-9]′ )){whole} ?in\b(?! [0-9])",
    )
    yield re.compile(r"(?<=[0-9]) ?pt(?= (?:font|type|text|bold|italic)\b)"), lambda found: " point"
    for way in ways:
        yield re.compile(way), lambda found: f"{found['number']}{_INCH}"
