"""Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kokoro_wyoming.pronunciation.normalization import nouns
from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.romance import STOP, Romance
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found

_PARTS = {
    2: "medio",
    3: "tercio",
    4: "cuarto",
    5: "quinto",
    6: "sexto",
    7: "séptimo",
    8: "octavo",
    9: "noveno",
    10: "décimo",
}
_ORDINALS = "primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo undécimo duodécimo".split()
_TAKES_A_SHORT_ORDINAL = re.compile(
    r"(?!(?:pero|como|cuando|cuanto|no|solo|sólo|todo|yo|lo|o|luego|bajo|menos|puedo|tengo|quiero|hago)$)"
    r"(?:[^\W\d_]+o|lugar|mes|día|nivel|plan|tren|gol|examen|semestre|trimestre|bloque|balcón|cajón)"
)


def _apocopated(words: str) -> str:
    return words[:-1] if words.endswith(("primero", "tercero")) else words


class Spanish(Romance):
    locale, words_locale = "es_ES", "es"
    dot_groups = True
    evening_from = 8
    directions = {"N": "norte", "S": "sur", "E": "este", "O": "oeste", "W": "oeste"}
    halves = ("medio", "media", "medio", "media")
    portions = "taza cucharada cucharadita botella lata hora libra docena"
    portions_masculine = "vaso litro kilo kilogramo gramo"
    times_over = "veces"
    half_hours = (r"horas?", "horas y media")
    subtracted, divided, root = "menos", "entre", "la raíz cuadrada de {}"
    squared, cubed, power = "{} al cuadrado", "{} al cubo", "{} elevado a {}"
    minus, plus, equals, at, ampersand, to = "menos", "más", "igual a", "arroba", "y", "a"
    times = by = "por"
    number_sign, percent, dot, version = "número", "por ciento", "punto", "versión"
    out_of, over = "de", "sobre"
    compared = {"~≈": "unos", "±": "más menos", "<": "menos de", ">": "más de", "≤": "como máximo", "≥": "como mínimo"}
    months = ("set 9", "sep 9")
    days = ("mie 2", "sab 5")
    units_per = "{} por {}"
    units_own = {
        **{
            "ppm": "partes por millón",
            "ppb": "partes por mil millones",
            "rpm": ("revolución por minuto", "revoluciones por minuto"),
        },
        **{"watt-hour-": ("vatio hora", "vatios hora")},
        **{"megawatt-hour": ("megavatio hora", "megavatios hora"), "volt-ampere": ("voltiamperio", "voltiamperios")},
        **{"ampere-hour": ("amperio hora", "amperios hora"), "lux": ("lux", "lux")},
        **{"decibel": ("decibelio", "decibelios"), "decibel-milliwatt": "de be eme"},
    }
    unit_symbols = {"CV": "horsepower", "cv": "horsepower"}
    no_units = r"ha (?!(?:de|en|y)\b)[a-záéíóúñ]"
    feminine_units = frozenset(
        ("hour", "mile", "mile-per-hour", "pound", "tonne", "kilocalorie", "rpm", "ppm", "ppb", "hectare")
    )
    currencies = {
        "USD": Currency("dólar", "dólares", "centavo", "centavos"),
        "EUR": Currency("euro", "euros", "céntimo", "céntimos"),
        "GBP": Currency("libra", "libras", "penique", "peniques", feminine=True),
        "JPY": Currency("yen", "yenes"),
        "CNY": Currency("yuan", "yuanes"),
        "INR": Currency("rupia", "rupias", feminine=True),
        "BRL": Currency("real", "reales", "centavo", "centavos"),
        **{"kr": Currency("corona", "coronas", feminine=True), "PLN": Currency("esloti", "eslotis")},
    }
    meridiems = {r"a\. ?m\.|A\. ?M\.|(?i:am)": "am", r"p\. ?m\.|P\. ?M\.|(?i:pm)": "pm"}
    phones = (
        r"\+[0-9][0-9 ().-]{6,18}[0-9]",
        r"[6789][0-9]{2}[ -][0-9]{3}[ -][0-9]{3}",
        r"[6789][0-9]{2}(?:[ -][0-9]{2}){3}",
        r"[89][0-9][ -][0-9]{3}(?:[ -][0-9]{2}){2}",
    )
    ordinals_written = r"\.?(?:[ºª]|er(?!\w)(?:\.(?= [a-zß-ÿ]))?)|(?:r[oa]|d[oa]|t[oa]|m[oa]|v[oa]|n[oa]|[oa])s?(?!\w)"
    nouns = nouns.SPANISH
    before_years = r"(?i:\b(?:en|desde|hasta|año|años|de|del) )$"
    ordinal_articles = "el|al|del"
    ordinal_nouns = (
        "piso|puesto|lugar|capítulo|grado|curso|año|aniversario|intento|turno|mes|día|nivel|premio|"
        "siglo|semestre|trimestre|planta|puerta"
    )
    centuries = "siglos?"
    chapters = (
        "capítulos?|volumen|tomos?|actos?|artículos?|títulos?|libros?|secci[oó]n|fases?|"
        "niveles|nivel|partes?|escenas?|anexos?|apéndices?|grados?"
    )
    numbered_by = {
        **{"el": False, "El": False, "al": False, "del": False, "su": False, "este": False, "un": False},
        **{"la": True, "La": True, "una": True, "esta": True},
    }
    queens = frozenset(("Isabel", "Catalina", "Sofía", "Juana", "Margarita", "Cristina", "Victoria"))
    monarchs = queens | frozenset(
        (
            "Luis|Felipe|Alfonso|Carlos|Fernando|Juan Carlos|Enrique|Juan Pablo|Benedicto|Juan|Pedro|Sancho|"
            "Ramiro|Jaime|Francisco|Pío|León|Gregorio|Clemente|Jorge|Guillermo|Eduardo|Ricardo|Napoleón|Ramsés|"
            "Nicolás|Alejandro|Federico|Urbano"
        ).split("|")
    )
    dotted_times = "(?i:(?:a|desde|hasta|sobre|entre|son|de) las)"
    code_words = (
        r"\b(?i:PIN|código(?: postal| de(?:l| la)? [a-zñó]+)?|clave|contraseña|extensión|OTP|CP|C\.P\.)"
        r"(?: es|:)?(?: el)?(?= )"
    )
    call_words = (
        r"\b(?i:llam(?:a|e|ar|ad|en|ando)|marc(?:a|ar|que|ad|ando)|teléfono"
        r"|móvil)(?: al?| es(?: el)?| el|:)?(?: número| teléfono)?(?= )"
    )
    flight_words = "vuelo"
    version_words = "[Vv]ersión|Core|OS|Assistant|Supervisor|ESPHome|[Ff]irmware"
    abbreviations = {
        r"\b[pP]\. ?ej\.": "por ejemplo",
        rf"\betc\b{STOP}": "etcétera",
        r"\b[aA]prox\.": "aproximadamente",
        r"\bSr\.": "señor",
        r"\bSra\.": "señora",
        r"\bDr\.": "doctor",
        r"\bDra\.": "doctora",
        r"\bU(?:d|sted)\.": "usted",
        r"\bUds\.": "ustedes",
        rf"\bdto{STOP}": "descuento",
        r"\b(?:D\.ª|Dña\.|D(?:ña|ª)(?= [A-ZÁÉÍÓÚÑ]))": "doña",
        r"(?:^|(?<=[.,:;(] )|(?<=\b(?:de|el|al) )|(?<=\b[aey] )|(?<=\b(?:con|por) ))D\.(?= [A-ZÁÉÍÓÚÑ][a-zá-ú])": "don",
        r"\bSta\.?(?= [A-ZÁÉÍÓÚÑ])": "Santa",
        r"\bSto\.?(?= [A-ZÁÉÍÓÚÑ])": "Santo",
        r"\bSrta\.": "señorita",
        r"\bSres\.": "señores",
        r"\bProf\.": "profesor",
        r"\bProfa\.": "profesora",
        r"\bGral\.": "general",
        rf"(?<=[0-9ºª] )(?:izda|izqda|izq)\b{STOP}": "izquierda",
        rf"(?<=[0-9ºª] )dcha\b{STOP}": "derecha",
        rf"\ba\. ?C\b{STOP}": "antes de Cristo",
        rf"\bd\. ?C\b{STOP}": "después de Cristo",
        r"\b([nN])úm\.": r"\1úmero",
        r"\b([cC])ap\.(?= [0-9IVX])": r"\1apítulo",
        r"\b([aA])rt\.(?= [0-9IVX])": r"\1rtículo",
        r"\b([vV])ol\.(?= [0-9IVX])": r"\1olumen",
        r"\bs\.(?= [IVX]+\b)": "siglo",
        r"\b([cC])tra\.": r"\1arretera",
        r"\b([pP])(?:l?za|l)\.(?= )": r"\1laza",
        r"\bdpto\.": "departamento",
        rf"\bEE\.? ?UU\b{STOP}": "Estados Unidos",
        r"\bvs\b\.?": "contra",
        r"\b[nN](?:\.?[º°]\.?|o\.|\.o\.?) ?(?=[0-9])": "número ",
        r"\b([tT])emp\. (m[áí][xn])\.": r"\1emperatura \2ima",
        r"\b([mM])áx\.": r"\1áximo",
        r"\b([mM])ín\.": r"\1ínimo",
        r"(?<=[0-9]ª )temp\.": "temporada",
        r"\b([tT])emp\.": r"\1emperatura",
        r"\b([tT])el\.": r"\1eléfono",
        r"\b([pP])ág\.": r"\1ágina",
        r"\b([aA])v(?:da)?\.": r"\1venida",
        r"(?<![\w/])(?:c/ ?(?=[A-ZÁÉÍÓÚÑ])|C/ ?(?=[A-ZÁÉÍÓÚÑ][a-zß-ÿ]))": "calle ",
    }

    def inflected(self, words: str, *, feminine: bool, noun: bool) -> str:
        words = words.replace("veintiuno mil", "veintiún mil").replace(" uno mil", " un mil")
        if feminine:
            words = words.replace("cientos", "cientas").replace("quinientos", "quinientas")
            words = words.replace("veintiún mil", "veintiuna mil").replace("y un mil", "y una mil")
            return f"{words[:-1]}a" if words.endswith("uno") else words
        if noun and words.endswith("uno"):
            return f"{words[:-3]}ún" if words.endswith("veintiuno") else words[:-1]
        return words

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        words = _ORDINALS[number - 1] if 1 <= number <= len(_ORDINALS) else super().ordinal(number)
        return re.sub(r"o\b", "a", words) if feminine else words

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        words = self.integer(hour, feminine=True)
        if minute:
            words += f" y {self.integer(minute)}"
        elif not half and not second:
            words += " en punto" if 1 <= hour <= 12 else " horas"
        if second:
            words += f" y {self.integer(second, noun=True)} {'segundo' if second == 1 else 'segundos'}"
        names = {"night": "de la noche", "small": "de la madrugada", "morning": "de la mañana"}
        names |= {"afternoon": "de la tarde", "evening": "de la noche"}
        return f"{words} {self.half_of_day(hour, half, names)}" if half else words

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        return f"{date} a {'la' if hour == 1 else 'las'} {self.clock(hour, minute, 0, half)}"

    def fraction(self, over: int, under: int) -> str:
        if under == 3 or under == 2 or over > 1:
            part = "medio" if under == 2 else _PARTS[under]
            return (
                part if (over, under) == (1, 2) else f"{self.integer(over, noun=True)} {part}{'s' if over > 1 else ''}"
            )
        return f"un {_PARTS[under]}"

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        return f"{whole} con {self.integer(coins)}"

    def span_of_names(self, first: str, last: str) -> str:
        return f"de {first} a {last}"

    def _ordinal(self, found: Found) -> str:
        words, noun = super()._ordinal(found), found["noun"] or ""
        is_short = "er" in found[0] or _TAKES_A_SHORT_ORDINAL.fullmatch(noun) is not None
        return _apocopated(words) if is_short else words

    def _numbered_noun(self, found: Found) -> str:
        return _apocopated(super()._numbered_noun(found))

    def large_numbers(self) -> Mapping[str, Large]:
        thousand, million = Large(factor=1000), Large("millón", "millones")
        return {
            **dict.fromkeys(("k", "K", "mil"), thousand),
            **dict.fromkeys(("M", "mill.", "mln", "millón", "millones"), million),
            **dict.fromkeys(("bn", "B", "mil M", "mil millones"), Large("millón", "millones", 1000)),
            **dict.fromkeys(("T", "billón", "billones"), Large("billón", "billones")),
        }

    def own_rules(self) -> Iterator[Rule]:
        yield from super().own_rules()
        # "las 21 h" and "a las 8" mean hours, which are feminine.
        yield (
            re.compile(r"\b(?P<the>[lL]as?) (?P<hour>1(?! [a-zñ])|(?<=s )21)(?![\w]|[.,:][0-9])"),
            (lambda found: f"{found['the']} {self.integer(int(found['hour']), feminine=True)}"),
        )
