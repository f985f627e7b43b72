"""Italian."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kokoro_wyoming.pronunciation.normalization import nouns
from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.numerals import roman
from kokoro_wyoming.pronunciation.normalization.romance import NUMERAL, STOP, Romance

_PARTS = {
    2: "mezzo",
    3: "terzo",
    4: "quarto",
    5: "quinto",
    6: "sesto",
    7: "settimo",
    8: "ottavo",
    9: "nono",
    10: "decimo",
}
_FEMININE_PARTS = frozenset("parte parti sezione sezioni fase fasi scena scene".split())
_SAINTS = (
    "Bernardo|Biagio|Carlo|Domenico|Donato|Filippo|Francesco|Gennaro|Giacomo|Giorgio|Giovanni|Giuseppe|Lorenzo|Luca|"
    "Luigi|Marco|Marino|Martino|Matteo|Maurizio|Michele|Nicola|Nicolò|Paolo|Pietro|Rocco|Siro|Tommaso|Valentino|"
    "Vincenzo|Vitale|Vito|Vittore|Zeno"
)
_FEMALE_SAINTS = "Barbara|Caterina|Cecilia|Chiara|Croce|Giulia|Lucia|Margherita|Maria|Monica|Rita|Rosa|Sofia|Teresa"
_ELIDED_SAINTS = "Agata|Agnese|Agostino|Alessandro|Ambrogio|Andrea|Anna|Antonio|Elena|Elia|Ilario|Orsola"
_TAKES_UNO = re.compile(r"(?:s[bcdfglmnpqrtvz]|z|gn|ps|pn|x|y|i[aeou])", re.IGNORECASE)


class Italian(Romance):
    locale, words_locale = "it_IT", "it"
    dot_groups = True
    directions = {"N": "nord", "S": "sud", "E": "est", "O": "ovest", "W": "ovest"}
    halves = ("mezzo", "mezza", "mezzo", "mezza")
    portions = "tazza bottiglia bustina libbra dozzina"
    portions_masculine = "bicchiere cucchiaio cucchiaino litro chilo chilogrammo grammo"
    times_over = "volte"
    half_hours = (r"or[ae]", "ore e mezza")
    comma = "virgola"
    subtracted, divided, root = "meno", "diviso", "la radice quadrata di {}"
    squared, cubed, power = "{} al quadrato", "{} al cubo", "{} alla {}"
    minus, plus, equals, at, ampersand, to = "meno", "più", "uguale a", "chiocciola", "e", "a"
    times = by = "per"
    number_sign, percent, dot, version = "numero", "per cento", "punto", "versione"
    out_of, over = "su", "su"
    compared = {"~≈": "circa", "±": "più o meno", "<": "meno di", ">": "più di", "≤": "al massimo", "≥": "almeno"}
    months = ("sett 9",)
    units_per = "{} per {}"
    units_own = {
        **{"ppm": "parti per milione", "ppb": "parti per miliardo", "rpm": ("giro al minuto", "giri al minuto")},
        **{
            "percent": "per cento",
            "watt-hour-": "wattora",
            "megawatt-hour": "megawattora",
            "volt-ampere": "voltampere",
        },
        **{"ampere-hour": "amperora", "kilojoule": "chilojoule"},
        **{"decibel": "decibel", "decibel-milliwatt": "di bi emme"},
        **{"kilometer-per-hour": ("chilometro all'ora", "chilometri all'ora"), "tonne": ("tonnellata", "tonnellate")},
        **{"kilogram": ("chilo", "chili"), "day": ("giorno", "giorni")},
    }
    unit_symbols = {
        **{"mq": "square-meter", "kmq": "square-kilometer", "mc": "cubic-meter", "lt": "liter"},
        **{"CV": "horsepower", "cv": "horsepower"},
    }
    no_units = r"ha (?!(?:di|in|e)\b)[a-zàèéìòù]"
    feminine_units = frozenset(("hour", "pound", "tonne", "kilocalorie", "ppm", "ppb"))
    date_of = " "
    first_of_month = "primo"
    partition = "di"
    month_links = ""
    currencies = {
        "USD": Currency("dollaro", "dollari", "centesimo", "centesimi"),
        "EUR": Currency("euro", "euro", "centesimo", "centesimi"),
        "GBP": Currency("sterlina", "sterline", "penny", "pence", feminine=True),
        "CHF": Currency("franco", "franchi", "centesimo", "centesimi"),
        "JPY": Currency("yen", "yen"),
        "CNY": Currency("yuan", "yuan"),
        "INR": Currency("rupia", "rupie", feminine=True),
        "BRL": Currency("real", "real", "centavo", "centavos"),
        **{"kr": Currency("corona", "corone", feminine=True), "PLN": Currency("zloty", "zloty")},
    }
    meridiems = {r"a\. ?m\.|(?i:am)": "am", r"p\. ?m\.|(?i:pm)": "pm"}
    phones = (r"\+[0-9][0-9 ().-]{6,18}[0-9]", r"3[0-9]{2}[ -][0-9]{3}[ -]?[0-9]{3,4}", r"0[0-9]{1,3}[ -/][0-9]{5,8}")
    ordinals_written = r"[ºª]|[oa](?= [a-zà-ù])"
    nouns = nouns.ITALIAN
    ordinal_articles = "il|lo|al|del|dal|nel|sul|l|all|dell|dall|nell"
    ordinal_nouns = (
        "piano|posto|giorno|anno|mese|capitolo|livello|secolo|classificato|tentativo|anniversario|turno|grado|premio|"
        "tempo|atto|semestre|trimestre"
    )
    centuries = "secol[oi]"
    chapters = (
        "capitol[oi]|volum[ei]|tom[oi]|att[oi]|articol[oi]|titol[oi]|libr[oi]|sezion[ei]|"
        "fas[ei]|livell[oi]|part[ei]|scen[ae]|allegat[oi]|cant[oi]"
    )
    numbered_by = {
        **{"il": False, "Il": False, "al": False, "del": False, "nel": False, "dal": False},
        **{"la": True, "La": True, "alla": True, "della": True, "nella": True, "dalla": True, "Della": True},
    }
    queens = frozenset(("Elisabetta", "Caterina", "Cristina", "Margherita", "Vittoria"))
    monarchs = queens | frozenset(
        (
            "Luigi|Enrico|Carlo|Vittorio Emanuele|Umberto|Giovanni Paolo|Benedetto|Pio|Filippo|Giovanni|Paolo|"
            "Leone|Gregorio|Clemente|Innocenzo|Urbano|Sisto|Bonifacio|Giulio|Francesco|Federico|Ferdinando|"
            "Giorgio|Guglielmo|Edoardo|Riccardo|Napoleone|Cosimo|Vittorio Amedeo|Carlo Alberto|Alessandro|"
            "Nicola|Ramses|Alfonso|Pietro|Martino"
        ).split("|")
    )
    dotted_times = "(?i:(?:[ad]?a|de)lle(?: ore)?|dopo le|ore|per le|entro le|verso le|tra le|fra le|sono le)"
    code_words = r"\b(?i:PIN|codice(?: PIN| d(?:i|el|ella) [a-z]+)?|password|CAP|OTP)(?: è|:)?(?= )"
    call_words = (
        r"\b(?i:chiam(?:a|i|are|ate)|compon(?:i|ete)|comporre|telefon(?:a"
        r"|are|o)|tel\.)(?: al?| il| è| è il|:)?(?: numero)?(?= )"
    )
    flight_words = "volo"
    version_words = "[Vv]ersione|Core|OS|Assistant|Supervisor|ESPHome|[Ff]irmware"
    abbreviations = {
        r"\b([aA])d es\.": r"\1d esempio",
        r"\b[pP]\. ?es\.": "per esempio",
        rf"\b(?:ecc|etc)\b{STOP}": "eccetera",
        r"\bca\.(?= )": "circa",
        r"\b[aA]ppross\.": "approssimativamente",
        r"\bSig\.ra|\bsig\.ra": "signora",
        r"\b[sS]ig\.": "signor",
        r"\b[dD]ott\.ssa": "dottoressa",
        r"\b[dD]ott\.": "dottor",
        r"\bDr\.(?= [A-Z])": "dottor",
        r"\b[pP]rof\.": "professor",
        r"\b[nN](?:\.[°º]?|[°º]) ?(?=[0-9])": "numero ",
        r"\bvs\b\.?": "contro",
        r"\b([tT])emp\. max\b\.?": r"\1emperatura massima",
        r"\b([tT])emp\. min\.": r"\1emperatura minima",
        r"\b([mM])ax\.?(?= \w)": r"\1assimo",
        r"\b([mM])in\.(?= [a-z])(?<![0-9] min\.)": r"\1inimo",
        r"\b([tT])emp\.": r"\1emperatura",
        r"\b([tT])el\.": r"\1elefono",
        r"\b([pP])agg?\.": r"\1agina",
        r"\b[pP](?:\.(?:zz?a)|zz?a\.)": "piazza",
        r"\b[vV]\.le\b": "viale",
        r"\bC\.so\b": "corso",
        r"\bL\.go\b": "largo",
        r"\bSigg\.": "signori",
        r"\b[aA]vv\.": "avvocato",
        r"\b[iI]ng\.(?= [A-Z])": "ingegner",
        r"\b[gG]eom\.(?= [A-Z])": "geometra",
        r"\b([cC])ap\.(?= [0-9IVX])": r"\1apitolo",
        r"\b([aA])rt\.(?= [0-9IVX])": r"\1rticolo",
        r"\b([vV])ol\.(?= [0-9IVX])": r"\1olume",
        rf"\ba\. ?C\b{STOP}": "avanti Cristo",
        rf"\bd\. ?C\b{STOP}": "dopo Cristo",
        rf"\b[sS]\. (?=(?:{_SAINTS})\b)": "san ",
        rf"\b[sS]\. (?=(?:{_FEMALE_SAINTS})\b)": "santa ",
        rf"\b[sS]\. (?=(?:{_ELIDED_SAINTS})\b)": "sant'",
        r"\b[sS]\. (?=Stefano\b)": "santo ",
    }

    def inflected(self, words: str, *, feminine: bool, noun: bool) -> str:
        if words != "uno":
            return words
        return "una" if feminine else "un" if noun else words

    def integer(self, number: int, *, feminine: bool = False, noun: bool = False) -> str:
        words = _mended(super().integer(number, feminine=feminine, noun=noun))
        words = re.sub(r"(milioni|miliardi) e ", r"\1 ", words)
        return re.sub(r"\Btre$", "tré", words)

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        words = _mended(super().ordinal(number))
        return f"{words[:-1]}a" if feminine else words

    def before_noun(self, words: str, noun: str) -> str:
        is_vowel = noun[0] in "aeiouàèéìòù"
        if words == "una" and is_vowel:
            return "un'"
        return "uno " if words == "un" and _TAKES_UNO.match(noun) else f"{words} "

    def century(self, number: int) -> str:
        return self.ordinal(number)

    def chapter(self, word: str, number: int) -> str:
        return self.ordinal(number, feminine=word.lower() in _FEMININE_PARTS)

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        if hour % 24 == 0 and not minute and not second and not half:
            return "mezzanotte"
        words = self.integer(hour, feminine=True)
        if minute:
            words += f" e {self.integer(minute)}"
        if second:
            words += f" e {self.integer(second, noun=True)} {'secondo' if second == 1 else 'secondi'}"
        names = {
            "night": "di notte",
            "small": "di notte",
            "morning": "di mattina",
            "afternoon": "del pomeriggio",
            "evening": "di sera",
        }
        return f"{words} {self.half_of_day(hour, half, names)}" if half else words

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        time = self.clock(hour, minute, 0, half)
        at = "a " if time == "mezzanotte" else "all'" if hour == 1 else "alle "
        return f"{date} {at}{time}"

    def fraction(self, over: int, under: int) -> str:
        if (over, under) == (1, 2):
            return "mezzo"
        part = _PARTS[under]
        return f"un {part}" if over == 1 else f"{self.integer(over)} {part[:-1]}i"

    def large_numbers(self) -> Mapping[str, Large]:
        return {
            **dict.fromkeys(("k", "K", "mila"), Large(factor=1000)),
            **dict.fromkeys(("M", "mln", "Mln", "milione", "milioni"), Large("milione", "milioni")),
            **dict.fromkeys(("mld", "Mld", "bn", "B", "miliardo", "miliardi"), Large("miliardo", "miliardi")),
            "T": Large("miliardo", "miliardi", 1000),
        }

    def raised(self, base: str, exponent: str) -> str:
        is_named = exponent.isdecimal() and exponent not in ("2", "3")
        return super().raised(base, self.ordinal(int(exponent), feminine=True) if is_named else exponent)

    def span_of_names(self, first: str, last: str) -> str:
        return f"da {first} a {last}"

    def monarch(self, name: str, number: int) -> str:
        return f"{name} {self.ordinal(number, feminine=name in self.queens)}"

    def span(self, first: str, last: str) -> str:
        return f"da {first} a {last}"

    def years(self, first: int, last: int) -> str:
        return f"dal {self.year(first)} al {self.year(last)}"

    def own_rules_last(self) -> Iterator[Rule]:
        yield re.compile(r"\b([dD]a|[tT]ra|[fF]ra|[dD]ai|[dD]al) dal? "), lambda found: f"{found[1]} "
        # "per 25-30 minuti"
        yield (
            re.compile(r"\b([pP]er|[cC]irca|[oO]gni|[dD]i|[cC]on|[iI]n) da (\S{1,60}(?: virgola \S{1,60})?) a "),
            lambda found: f"{found[1]} {found[2]} ",
        )
        yield re.compile(r"\b([aA]|[dD]a)lle mezzanotte"), lambda found: f"{found[1]} mezzanotte"
        yield re.compile(r"\buna (?=ora\b|oncia\b)"), lambda found: "un'"
        yield re.compile(r"\b(mezz|d)[ai] (?=or[ae]\b|oncia\b)"), lambda found: f"{found[1]}'"

    def own_rules_first(self) -> Iterator[Rule]:
        yield (
            re.compile(rf"\b(?P<century>{NUMERAL})(?= secol[oi])"),
            lambda found: self.ordinal(roman(found["century"])),
        )
        yield (
            re.compile(
                r"(?P<before>\b(?i:vin[ct]\w{1,9}|vittoria|pers[oaie]|perd\w{1,8}|pareggi\w{1,5}|batt\w{1,6}|sconfitt[aoie]|"
                r"risultato|punteggio|finit[oa]|finisce)(?: per)?|[A-Z][a-zà-ù]{2,20} ?[-–] ?[A-Z][a-zà-ù]{2,20}:?)"
                r" (?P<first>[0-9]{1,2})[-–](?P<last>[0-9]{1,2})(?![\w/%°-]|[.,:][0-9]|"
                r" (?:minut|or[ae]|giorn|volt|settiman|mes|ann|punt|grad|chil|partit|euro|gar))"
            ),
            lambda found: f"{found['before']} {self.score(found['first'], found['last'])}",
        )
        # "Alle una" is "all'una".
        yield (
            re.compile(r"\b(?P<at>[aA]l|[dD]al)le (?:ore )?(?=0?1:[0-5][0-9](?![0-9:]))"),
            lambda found: f"{found['at']}l'",
        )
        yield from super().own_rules_first()


def _mended(words: str) -> str:
    """num2words takes the second i of "centodiciotto" for one too many."""
    return words.replace("dicott", "diciott")
