"""Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.romance import Romance

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


class Spanish(Romance):
    locale, words_locale = "es_ES", "es"
    dot_groups = True
    evening_from = 8
    directions = {"N": "norte", "S": "sur", "E": "este", "O": "oeste", "W": "oeste"}
    halves = ("medio", "media", "medio", "media")
    portions = "taza cucharada cucharadita botella lata hora libra docena"
    portions_masculine = "vaso litro kilo kilogramo gramo"
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
        **{"kilowatt-hour": ("kilovatio hora", "kilovatios hora"), "watt-hour-": ("vatio hora", "vatios hora")},
        **{"megawatt-hour": ("megavatio hora", "megavatios hora"), "volt-ampere": ("voltiamperio", "voltiamperios")},
        **{
            "ampere-hour": ("amperio hora", "amperios hora"),
            "milliampere-hour": ("miliamperio hora", "miliamperios hora"),
        },
        **{
            "millivolt": ("milivoltio", "milivoltios"),
            "kilovolt": ("kilovoltio", "kilovoltios"),
            "lux": ("lux", "lux"),
        },
        **{
            "decibel": ("decibelio", "decibelios"),
            "decibel-milliwatt": "de be eme",
            "kilojoule": ("kilojulio", "kilojulios"),
        },
        "tonne": ("tonelada", "toneladas"),
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
    )
    ordinals_written = r"\.?[ºª]|er|[oa](?!\w)"
    feminine_nouns = frozenset(
        (
            "hora horas persona personas luz luces lámpara lámparas puerta puertas ventana ventanas persiana "
            "persianas habitación habitaciones bombilla bombillas alarma alarmas tarea tareas cámara cámaras vez "
            "veces semana semanas notificación notificaciones actualización actualizaciones canción canciones "
            "noticia noticias cosa cosas"
        ).split()
    )
    masculine_nouns = frozenset(
        (
            "grado grados minuto minutos segundo segundos día días mes meses año años dispositivo dispositivos "
            "sensor sensores evento eventos mensaje mensajes litro litros metro metros kilómetro kilómetros euro "
            "euros vatio vatios correo correos elemento elementos temporizador temporizadores enchufe enchufes"
        ).split()
    )
    monarchs = frozenset(
        (
            "Luis",
            "Felipe",
            "Alfonso",
            "Carlos",
            "Fernando",
            "Juan Carlos",
            "Isabel",
            "Enrique",
            "Juan Pablo",
            "Benedicto",
            "Juan",
        )
    )
    dotted_times = "(?i:(?:a|desde|hasta|sobre|entre|son|de) las)"
    code_words = (
        r"\b(?i:PIN|código(?: postal| de [a-zñó]+)?|clave|contraseña|extensión|OTP|CP|C\.P\.)(?: es|:)?(?: el)?(?= )"
    )
    call_words = (
        r"\b(?i:llam(?:a|e|ar|ad|en|ando)|marc(?:a|ar|que|ad|ando)|teléfono"
        r"|móvil)(?: al?| es(?: el)?| el|:)?(?: número| teléfono)?(?= )"
    )
    flight_words = "vuelo"
    version_words = "[Vv]ersión|Core|OS|Assistant|Supervisor|ESPHome|[Ff]irmware"
    abbreviations = {
        r"\b[pP]\. ?ej\.": "por ejemplo",
        r"\betc\.(?=,|\)| [a-z])": "etcétera",
        r"\b[aA]prox\.": "aproximadamente",
        r"\bSr\.": "señor",
        r"\bSra\.": "señora",
        r"\bDr\.": "doctor",
        r"\bDra\.": "doctora",
        r"\bU(?:d|sted)\.": "usted",
        r"\bUds\.": "ustedes",
        r"\bEE\. ?UU\.": "Estados Unidos",
        r"\bvs\b\.?": "contra",
        r"\b[nN]\.?[ºo°]\.? ?(?=[0-9])": "número ",
        r"\b([mM])áx\.": r"\1áximo",
        r"\b([mM])ín\.": r"\1ínimo",
        r"\b([tT])emp\.": r"\1emperatura",
        r"\b([tT])el\.": r"\1eléfono",
        r"\b([pP])ág\.": r"\1ágina",
        r"\b([aA])v(?:da)?\.": r"\1venida",
        r"\bc/ ?(?=[A-ZÁÉÍÓÚ])": "calle ",
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

    def monarch(self, name: str, number: int) -> str:
        ordinal = self.ordinal(number, feminine=name == "Isabel") if number <= 10 else self.integer(number)
        return f"{name} {ordinal}"

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
            re.compile(r"\b(?P<the>[lL]as?) (?P<hour>1|21)(?![\w]|[.,:][0-9]| [a-zñ])"),
            (lambda found: f"{found['the']} {self.integer(int(found['hour']), feminine=True)}"),
        )
