"""French."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kokoro_wyoming.pronunciation.normalization import nouns
from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.numerals import roman
from kokoro_wyoming.pronunciation.normalization.romance import NUMERAL, STOP, Romance
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_PARTS = {
    2: "demi",
    3: "tiers",
    4: "quart",
    5: "cinquième",
    6: "sixième",
    7: "septième",
    8: "huitième",
    9: "neuvième",
    10: "dixième",
}


class French(Romance):
    locale, words_locale = "fr_FR", "fr"
    evening_from = 6
    directions = {"N": "nord", "S": "sud", "E": "est", "O": "ouest", "W": "ouest"}
    halves = ("un demi", "une demi", "demi", "demie")
    portions = "tasse cuillère cuillerée bouteille heure livre douzaine"
    portions_masculine = "verre litre kilo kilogramme gramme"
    times_over = "fois"
    half_hours = (r"heures?", "heures et demie")
    comma = "virgule"
    subtracted, divided, root = "moins", "divisé par", "la racine carrée de {}"
    squared, cubed, power = "{} au carré", "{} au cube", "{} puissance {}"
    minus, plus, equals, at, ampersand, to = "moins", "plus", "égale", "arobase", "et", "à"
    times = by = "fois"
    number_sign, percent, dot, version = "numéro", "pour cent", "point", "version"
    out_of, over = "sur", "sur"
    compared = {
        "~≈": "environ",
        "±": "plus ou moins",
        "<": "moins de",
        ">": "plus de",
        "≤": "au maximum",
        "≥": "au moins",
    }
    months = ("fév 2", "juill 7", "sep 9")
    units_per = "{} par {}"
    units_own = {
        **{"ppm": "parties par million", "ppb": "parties par milliard", "rpm": ("tour par minute", "tours par minute")},
        **{"kilowatt-hour": ("kilowattheure", "kilowattheures"), "watt-hour-": ("wattheure", "wattheures")},
        **{"megawatt-hour": ("mégawattheure", "mégawattheures"), "volt-ampere": ("voltampère", "voltampères")},
        **{"ampere-hour": ("ampèreheure", "ampèreheures"), "bar": ("bar", "bars")},
        **{"decibel": ("décibel", "décibels"), "decibel-milliwatt": "dé bé emme"},
        "kilometer-per-hour": ("kilomètre-heure", "kilomètres-heure"),
    }
    unit_symbols = {"ko": "kilobyte", "j": "day", "ch": "horsepower"}
    feminine_units = frozenset(
        ("hour", "minute", "second", "millisecond", "microsecond", "pound", "tonne", "kilocalorie", "ppm", "ppb")
    )
    date_of = " "
    first_of_month = "premier"
    partition = "de"
    currencies = {
        "USD": Currency("dollar", "dollars", "cent", "cents"),
        "EUR": Currency("euro", "euros", "centime", "centimes"),
        "GBP": Currency("livre", "livres", "penny", "pence", feminine=True),
        "CHF": Currency("franc", "francs", "centime", "centimes"),
        "JPY": Currency("yen", "yens"),
        "CNY": Currency("yuan", "yuans"),
        "INR": Currency("roupie", "roupies", feminine=True),
        "BRL": Currency("réal", "réals", "centavo", "centavos"),
        **{"kr": Currency("couronne", "couronnes", feminine=True), "PLN": Currency("zloty", "zlotys")},
    }
    meridiems = {r"a\. ?m\.|(?i:am)": "am", r"p\. ?m\.|(?i:pm)": "pm"}
    phones = (r"\+[0-9][0-9 ().-]{6,18}[0-9]", r"0[1-9](?:[ .-][0-9]{2}){4}")
    ordinals_written = "ers?|[rè]?res?|ères?|(?<=2)(?:nds?|n?des?)|i?[eè]mes?|es?"
    nouns = nouns.FRENCH
    chapters = (
        "chapitres?|volumes?|tomes?|actes?|articles?|titres?|livres?|sections?|phases?|niveaux?|"
        "parties?|scènes?|annexes?|chants?|psaumes?"
    )
    monarchs = frozenset(
        (
            "Louis|Henri|Charles|François|Philippe|Napoléon|Élisabeth|Jean-Paul|Benoît|Catherine|Jean|Pie|Léon|"
            "Clovis|Guillaume|Édouard|Frédéric|Nicolas|Alexandre|Paul|Grégoire|Clément|Innocent|Ramsès|Léopold|"
            "Albert|Baudouin|Robert|Hugues"
        ).split("|")
    )
    code_words = (
        r"\b(?i:PIN|code(?: PIN| d'accès| secret| de sécurité)?"
        r"|digicode|mot de passe|OTP)(?: est|:| :)?(?: le)?(?= )"
    )
    call_words = (
        r"\b(?i:appel(?:ez|er|le|ons)|compos(?:ez|er|e)|téléphone[rz]?|tél\.)(?: au| le| est le|:)?(?: numéro)?(?= )"
    )
    flight_words = "vol"
    version_words = "[Vv]ersion|Core|OS|Assistant|Supervisor|ESPHome|[Mm]icrologiciel"
    abbreviations = {
        r"\b[pP]\. ?ex\.": "par exemple",
        r"\bc\.-à-d\.|\bc-à-d\b\.?": "c'est-à-dire",
        rf"\b([eE])tc\b{STOP}": r"\1t cetera",
        r"\b([eE])nv\.": r"\1nviron",
        rf"\bav\. ?J\.[ -]?C\b{STOP}": "avant Jésus-Christ",
        rf"\bapr?\. ?J\.[ -]?C\b{STOP}": "après Jésus-Christ",
        r"\bMM\.(?= [A-ZÉ])": "messieurs",
        r"\bMmes(?= [A-ZÉ])": "mesdames",
        r"\bMlles(?= [A-ZÉ])": "mesdemoiselles",
        r"\bSt(e?)[-.] ?(?=[A-ZÉ])": r"Saint\1-",
        r"\b(?:[pP]r|Prof\.)(?= [A-ZÉ])": "professeur",
        r"\bpl\.(?= \w)": "place",
        r"\bpp?\.(?= [0-9])": "page",
        r"\bchap\.(?= [0-9IVX])": "chapitre",
        r"\bart\.(?= [0-9IVX])": "article",
        r"\b([vV])ol\.(?= [0-9IVX])": r"\1olume",
        r"\bth\.(?= ?[0-9])": "thermostat",
        r"\b([aA])ppt\b\.?": r"\1ppartement",
        r"\bbât\.": "bâtiment",
        r"\bM\.(?= [A-ZÉ])": "monsieur",
        r"\bMme(?= [A-ZÉ])": "madame",
        r"\bMlle(?= [A-ZÉ])": "mademoiselle",
        r"\bDr(?= [A-ZÉ])\.?": "docteur",
        r"\b[nN][°º] ?(?=[0-9])": "numéro ",
        r"(?<=[0-9])([ \u00a0]?[KMGT])o(?!\w)": r"\1B",
        r"\bvs\b\.?": "contre",
        r"\b([mM])ax\.(?= \w)": r"\1aximum",
        r"\b([mM])in\.(?= [a-z])(?<![0-9] min\.)": r"\1inimum",
        r"\b([tT])emp\.(?= \w)": r"\1empérature",
        r"\b([tT])él\.": r"\1éléphone",
        r"\b(?:[bB]d|[bB]oul|[bB]lvd)\b\.?(?= (?:[A-ZÉ]|d))": "boulevard",
        r"\b([aA])v\.(?= \w)": r"\1venue",
    }

    def inflected(self, words: str, *, feminine: bool, noun: bool) -> str:
        return f"{words}e" if feminine and re.search(r"\bun$", words) else words

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        return "première" if number == 1 and feminine else super().ordinal(number)

    def _ordinal(self, found: Found) -> str:
        if int(found["number"]) == 2 and re.search(r"de?s?$", found[0]):
            return "seconde" if re.search(r"des?$", found[0]) else "second"
        return super()._ordinal(found)

    def monarch(self, name: str, number: int) -> str:
        return f"{name} {'premier' if number == 1 else self.integer(number)}"

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        if hour % 24 == 0 and not minute and not second and not half:
            return "minuit"
        words = f"{self.integer(hour, feminine=True)} heure{'s' if hour > 1 else ''}"
        if minute:
            words += f" {self.integer(minute)}"
        if second:
            words += f" et {self.integer(second, feminine=True)} seconde{'s' if second > 1 else ''}"
        names = {
            "night": "du matin",
            "small": "du matin",
            "morning": "du matin",
            "afternoon": "de l'après-midi",
            "evening": "du soir",
        }
        return f"{words} {self.half_of_day(hour, half, names)}" if half else words

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        return f"{date} à {self.clock(hour, minute, 0, half)}"

    def fraction(self, over: int, under: int) -> str:
        part = _PARTS[under] + ("s" if over > 1 and under != 3 else "")
        return f"{self.integer(over)} {part}"

    def mixed(self, whole: int, over: int, under: int) -> str:
        tail = "demi" if (over, under) == (1, 2) else self.fraction(over, under)
        return f"{self.integer(whole)} et {tail}"

    def span_of_names(self, first: str, last: str) -> str:
        if first in self.day_names:
            return f"du {first} au {last}"
        return ("d'" if first[0] in "ao" else "de ") + f"{first} à {last}"

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        return f"{whole} {self.integer(coins)}"

    def large_numbers(self) -> Mapping[str, Large]:
        return {
            **dict.fromkeys(("k", "K", "mille"), Large(factor=1000)),
            **dict.fromkeys(("M", "Mio", "million", "millions"), Large("million", "millions")),
            **dict.fromkeys(("Md", "Mds", "Mrd", "bn", "B", "milliard", "milliards"), Large("milliard", "milliards")),
            "T": Large("milliard", "milliards", 1000),
        }

    def phone(self, written: str) -> str:
        """The number in pairs of digits; a leading zero is said."""
        pairs = re.findall("[0-9]{1,2}", written) if not written.startswith("+") else re.findall("[0-9]+", written)
        said = [f"{self.integer(0)} {self.integer(int(pair))}" if pair[0] == "0" and len(pair) > 1 and pair != "00"
                else self.integer(int(pair)) if len(pair) < 3 else self.digits(pair) for pair in pairs]  # fmt: skip
        return f"{'plus ' if written.startswith('+') else ''}{', '.join(said)}"

    def own_rules_first(self) -> Iterator[Rule]:
        yield (
            re.compile(rf"\b(?P<number>{NUMERAL})(?P<end>er|ère|re|nde?|i?[eè]me|e)s?(?!\w)"),
            self._roman_ordinal,
        )
        yield from super().own_rules_first()

    def own_rules_last(self) -> Iterator[Rule]:
        yield re.compile(r"\b([dD])e (?=une?\b(?! à))"), lambda found: f"{found[1]}'"
        yield re.compile(r"\b(milli(?:ons?|ards?)) de (?=[aeéèiou])"), lambda found: f"{found[1]} d'"
        yield re.compile(r"\b(tiers|quarts?|ièmes?) de (?=heure\b|once\b)"), lambda found: f"{found[1]} d'"

    def _roman_ordinal(self, found: Found) -> str:
        return self.ordinal(roman(found["number"]), feminine=found["end"] in ("re", "ère"))
