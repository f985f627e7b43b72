"""Brazilian Portuguese."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from kokoro_wyoming.pronunciation.normalization import nouns
from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.normalizer import Rule
from kokoro_wyoming.pronunciation.normalization.romance import STOP, Romance

_PARTS = {
    2: "meio",
    3: "terço",
    4: "quarto",
    5: "quinto",
    6: "sexto",
    7: "sétimo",
    8: "oitavo",
    9: "nono",
    10: "décimo",
}
_HUNDREDS = "duzentos|trezentos|quatrocentos|quinhentos|seiscentos|setecentos|oitocentos|novecentos"


class Portuguese(Romance):
    locale, words_locale = "pt_BR", "pt_BR"
    dot_groups = True
    directions = {"N": "norte", "S": "sul", "E": "leste", "O": "oeste", "W": "oeste"}
    halves = ("meio", "meia", "meio", "meia")
    portions = "xícara garrafa lata hora libra dúzia"
    portions_masculine = "copo litro quilo quilograma grama"
    times_over = "vezes"
    half_hours = (r"horas?", "horas e meia")
    comma = "vírgula"
    subtracted, divided, root = "menos", "dividido por", "a raiz quadrada de {}"
    squared, cubed, power = "{} ao quadrado", "{} ao cubo", "{} elevado a {}"
    minus, plus, equals, at, ampersand, to = "menos", "mais", "igual a", "arroba", "e", "a"
    times, by = "vezes", "por"
    number_sign, percent, dot, version = "número", "por cento", "ponto", "versão"
    out_of, over = "de", "por"
    compared = {
        "~≈": "cerca de",
        "±": "mais ou menos",
        "<": "menos de",
        ">": "mais de",
        "≤": "no máximo",
        "≥": "no mínimo",
    }
    days = ("segunda 0", "terça 1", "quarta 2", "quinta 3", "sexta 4", "sab 5")
    units_per = "{} por {}"
    units_own = {
        **{
            "ppm": "partes por milhão",
            "ppb": "partes por bilhão",
            "rpm": ("rotação por minuto", "rotações por minuto"),
        },
        **{"watt-hour-": ("watt-hora", "watts-hora")},
        **{"megawatt-hour": ("megawatt-hora", "megawatts-hora"), "volt-ampere": ("volt-ampère", "volt-ampères")},
        **{"ampere-hour": ("ampère-hora", "ampères-hora"), "bar": ("bar", "bars"), "day": ("dia", "dias")},
        **{"ampere": ("ampère", "ampères"), "milliampere": ("miliampère", "miliampères")},
        **{"decibel": ("decibel", "decibéis"), "decibel-milliwatt": "dê bê eme"},
        **{"kilogram": ("quilo", "quilos"), "tonne": ("tonelada", "toneladas"), "knot": ("nó", "nós")},
    }
    unit_symbols = {"cv": "horsepower"}
    feminine_units = frozenset(("hour", "mile", "mile-per-hour", "pound", "tonne", "kilocalorie", "rpm", "ppm", "ppb"))
    first_of_month = "primeiro"
    currencies = {
        "USD": Currency("dólar", "dólares", "centavo", "centavos"),
        "EUR": Currency("euro", "euros", "centavo", "centavos"),
        "GBP": Currency("libra", "libras", "centavo", "centavos", feminine=True),
        "JPY": Currency("iene", "ienes"),
        "CNY": Currency("yuan", "yuans"),
        "INR": Currency("rupia", "rupias", feminine=True),
        "BRL": Currency("real", "reais", "centavo", "centavos"),
        **{"kr": Currency("coroa", "coroas", feminine=True), "PLN": Currency("zloty", "zlotys")},
    }
    meridiems = {r"a\. ?m\.|(?i:am)": "am", r"p\. ?m\.|(?i:pm)": "pm"}
    phones: tuple[str, ...] = (
        r"\+[0-9][0-9 ().-]{6,18}[0-9]",
        r"\([0-9]{2}\) ?9?[0-9]{4}-[0-9]{4}",
        r"(?!(?:1[1-9]|20)[0-9]{2}-)(?:[0-9]{2} )?9?[0-9]{4}-[0-9]{4}",
        r"0[0-9]00 [0-9]{3} [0-9]{4}",
        r"[0-9]{3}(?:\.[0-9]{3}){2}-[0-9]{2}",
        r"[0-9]{2}(?:\.[0-9]{3}){2}/[0-9]{4}-[0-9]{2}",
    )
    ordinals_written = r"\.?[ºª°]|[oa](?!\w)"
    nouns = nouns.PORTUGUESE
    before_years = r"(?i:\b(?:em|desde|até|ano|anos|de) )$"
    ordinal_articles = "o|ao|do|no|pelo"
    ordinal_nouns = (
        "andar|lugar|dia|ano|mês|capítulo|turno|colocado|piso|período|aniversário|semestre|trimestre|bimestre|tempo|"
        "grau|ato"
    )
    centuries = "séculos?"
    chapters = (
        "capítulos?|volumes?|tomos?|atos?|artigos?|títulos?|livros?|seç(?:ão|ões)|fases?|"
        "níveis|nível|partes?|cenas?|anexos?|graus?"
    )
    numbered_by = {
        **{"o": False, "O": False, "ao": False, "do": False, "no": False, "um": False},
        **{"a": True, "A": True, "à": True, "da": True, "na": True, "uma": True},
    }
    queens = frozenset(("Elizabeth", "Isabel", "Catarina", "Vitória", "Margarida", "Cristina"))
    monarchs = queens | frozenset(
        (
            "Luís|Pedro|João|Henrique|Carlos|Filipe|João Paulo|Bento|Manuel|Afonso|Sancho|Dinis|Duarte|"
            "Sebastião|José|Miguel|Fernando|Pio|Leão|Gregório|Clemente|Jorge|Guilherme|Eduardo|Ricardo|"
            "Napoleão|Ramsés|Nicolau|Alexandre|Frederico|Francisco"
        ).split("|")
    )
    code_words = r"\b(?i:PIN|código(?: d[aeo] [a-zçã]+)?|senha|CEP|OTP|ramal)(?: é|:)?(?= )"
    call_words = r"\b(?i:lig(?:ue|ar|a|uem)|disque|discar|telefone|tel\.)(?: para| é|:)?(?: o)?(?: número)?(?= )"
    short_numbers = "190|192|193|199|180|181|188|191|197|198"
    flight_words = "voo"
    version_words = "[Vv]ersão|Core|OS|Assistant|Supervisor|ESPHome|[Ff]irmware"
    abbreviations = {
        r"\b[pP]\. ?ex\.": "por exemplo",
        rf"\betc\b{STOP}": "etcétera",
        r"\b[aA]prox\.": "aproximadamente",
        r"\bSr\.": "senhor",
        r"\bSra\.": "senhora",
        r"\bDr\.": "doutor",
        r"\bDra\.": "doutora",
        r"\bProf\.": "professor",
        r"\bvs\b\.?": "contra",
        r"\b[nN](?:\.?[º°]|o\.|\.o) ?(?=[0-9])": "número ",
        r"\b([mM])áx\.": r"\1áxima",
        r"\b([mM])ín\.": r"\1ínima",
        r"(?<=[0-9]ª )temp\.": "temporada",
        r"\b([tT])emp\.": r"\1emperatura",
        r"\b([tT])el\.": r"\1elefone",
        r"\b([pP])ágs?\.": r"\1ágina",
        r"\b([aA])v\.": r"\1venida",
        r"(?<![A-Z]\. )(?<![A-Z]\.)\bR\.(?= (?:[A-ZÀ-Þ][a-zß-ÿ]|[0-9]|[Dd][aeo]s? ))": "Rua",
        r"\bTrav?\.(?= [A-Z])": "Travessa",
        r"\bRod\.(?= [A-Z])": "Rodovia",
        r"\bP(?:ça|ca)\.": "Praça",
        r"\bSrta\.": "senhorita",
        r"\bSrs\.": "senhores",
        r"\bProfa\.|\bProf\.ª": "professora",
        r"\bD\.(?= (?:Pedro|João|Manuel|Afonso|Sebastião|José|Miguel|Luís|Carlos|Henrique|Dinis)\b)": "Dom",
        r"\bD\.(?= (?:Maria|Ana|Teresa|Isabel|Leopoldina)\b)": "Dona",
        r"\bSto\.(?= [A-Z])": "Santo",
        r"\bSta\.(?= [A-Z])": "Santa",
        r"\b([aA])p(?:to?)?\.(?= ?[0-9])|\b([aA])pto(?= [0-9])": r"\1\2partamento",
        r"\bbl\.(?= [A-Z0-9](?!\w))": "bloco",
        r"(?<!\w)([A-ZÀ-Þ][a-zß-ÿ]{2,24} [0-9]{1,2}) ?[xX] ?(?=[0-9]{1,2} [A-ZÀ-Þ][a-zß-ÿ]{2})": r"\1 a ",
        r"(?i)\b((?:placar|resultado|acabou|terminou|venceu|ganhou|perdeu|empatou|vitória|derrota|empate)"
        r"(?: de| por| em)? [0-9]{1,2}) ?x ?(?=[0-9]{1,2}(?!\w| ?(?:[cm]m?|metros)\b|[.,][0-9]))": r"\1 a ",
        rf"\bLtda\b{STOP}": "limitada",
        rf"\ba\. ?C\b{STOP}": "antes de Cristo",
        rf"\bd\. ?C\b{STOP}": "depois de Cristo",
        r"\b([cC])ap\.(?= [0-9IVX])": r"\1apítulo",
        r"\b([aA])rt\.(?= [0-9IVX])": r"\1rtigo",
        r"\b([vV])ol\.(?= [0-9IVX])": r"\1olume",
        r"\bséc\.": "século",
    }

    def inflected(self, words: str, *, feminine: bool, noun: bool) -> str:
        if not feminine:
            return words
        words = re.sub(_HUNDREDS, lambda found: f"{found[0][:-2]}as", words)
        words = re.sub(r"\bdois(?=$| mil\b)", "duas", words)
        return re.sub(r"\bum(?=$| mil\b)", "uma", words)

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        words = super().ordinal(number)
        return re.sub(r"o\b", "a", words) if feminine else words

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        if hour % 24 == 0 and not minute and not second and not half:
            return "meia-noite"
        words = self.integer(hour, feminine=True)
        if minute:
            words += f" e {self.integer(minute)}"
        elif not half:
            words += " hora" if hour == 1 else " horas"
        if second:
            words += f" e {self.integer(second)} {'segundo' if second == 1 else 'segundos'}"
        names = {
            "night": "da noite",
            "small": "da madrugada",
            "morning": "da manhã",
            "afternoon": "da tarde",
            "evening": "da noite",
        }
        return f"{words} {self.half_of_day(hour, half, names)}" if half else words

    def moment(self, date: str, hour: int, minute: int, half: str) -> str:
        time = self.clock(hour, minute, 0, half)
        return f"{date} {'à' if hour == 1 or time == 'meia-noite' else 'às'} {time}"

    def fraction(self, over: int, under: int) -> str:
        if (over, under) == (1, 2):
            return "meio"
        return f"{self.integer(over)} {_PARTS[under]}{'s' if over > 1 else ''}"

    def with_coins(self, whole: str, coins: int, currency: Currency) -> str:
        return f"{whole} e {self.integer(coins)} {currency.coin if coins == 1 else currency.coins}"

    def large_numbers(self) -> Mapping[str, Large]:
        return {
            **dict.fromkeys(("k", "K", "mil"), Large(factor=1000)),
            **dict.fromkeys(("M", "mi", "milhão", "milhões"), Large("milhão", "milhões")),
            **dict.fromkeys(("bi", "B", "bn", "bilhão", "bilhões"), Large("bilhão", "bilhões")),
            **dict.fromkeys(("tri", "T", "trilhão", "trilhões"), Large("trilhão", "trilhões")),
        }

    def spelled(self, parts: Sequence[str]) -> str:
        return super().spelled(parts).replace("O", "ó")

    def span_of_names(self, first: str, last: str) -> str:
        return f"de {first.removesuffix('-feira')} a {last.removesuffix('-feira')}"

    def own_rules(self) -> Iterator[Rule]:
        yield from super().own_rules()
        # "Às 2" and "das 2 às 21" mean hours, and "as 2 portas" are feminine, too.
        yield (
            re.compile(r"\b(?P<the>[aAàÀ]s|[dDnN]as) (?P<number>[0-9]{1,2})(?!\w|[.,:/%-][0-9]|[ \u00a0]?%)"),
            lambda found: f"{found['the']} {self.integer(int(found['number']), feminine=True)}",
        )

    def own_rules_last(self) -> Iterator[Rule]:
        yield re.compile(r"\b([àaÀA])s (?=meia-noite)"), lambda found: f"{found[1]} "
