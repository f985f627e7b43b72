"""European Portuguese, where it differs from Brazil's."""

from __future__ import annotations

from collections.abc import Mapping

from kokoro_wyoming.pronunciation.normalization import nouns
from kokoro_wyoming.pronunciation.normalization.money import Currency, Large
from kokoro_wyoming.pronunciation.normalization.numerals import Number
from kokoro_wyoming.pronunciation.normalization.portuguese import Portuguese
from kokoro_wyoming.pronunciation.normalization.verbalizer import Found


class EuropeanPortuguese(Portuguese):
    locale, words_locale = "pt_PT", "pt"
    before_one = "por"
    first_of_month = ""
    nouns = nouns.PORTUGUESE.also(one="tens recebeste puseste perdeste daqui")
    units_own = {
        **Portuguese.units_own,
        "ppm": "partes por milhão",
        "ppb": "partes por mil milhões",
        "ampere": ("ampere", "amperes"),
        "volt-ampere": ("volt-ampere", "volts-ampere"),
        "ampere-hour": ("ampere-hora", "amperes-hora"),
        "cent": ("cêntimo", "cêntimos"),
        "relative-humidity": "por cento de humidade relativa",
        "kilogram": ("quilo", "quilos"),
    }
    currencies = {
        **Portuguese.currencies,
        "EUR": Currency("euro", "euros", "cêntimo", "cêntimos"),
        "USD": Currency("dólar", "dólares", "cêntimo", "cêntimos"),
    }
    phones: tuple[str, ...] = (
        r"\+[0-9][0-9 ().-]{6,18}[0-9]",
        r"[29][0-9]{2} [0-9]{3} [0-9]{3}",
        r"800 [0-9]{3} [0-9]{3}",
    )
    code_words = r"\b(?i:PIN|código(?: d[aeo] [a-zçã]+)?|palavra-passe|senha)(?: é|:)?(?= )"
    call_words = r"\b(?i:lig(?:ue|ar|a)|marque|telefone|tel\.)(?: para| é|:)?(?: o)?(?: número)?(?= )"
    short_numbers = "112|117|144|808|1400"
    abbreviations = {
        r"\b([tT])lm\.": r"\1elemóvel",
        r"\b([tT])elem\.": r"\1elemóvel",
        r"\bEng\.(?:º|o)?(?= [A-Z])": "engenheiro",
        **Portuguese.abbreviations,
    }

    def large_numbers(self) -> Mapping[str, Large]:
        return {
            **dict.fromkeys(("k", "K", "mil"), Large(factor=1000)),
            **dict.fromkeys(("M", "milhão", "milhões"), Large("milhão", "milhões")),
            **dict.fromkeys(("mil milhões",), Large("mil milhões", "mil milhões")),
        }

    def clock(self, hour: int, minute: int, second: int, half: str) -> str:
        """20:01 would sound like 21 without its word for hours."""
        if hour == 20 and 0 < minute < 10 and not second and not half:
            return f"vinte horas e {self.integer(minute)}"
        return super().clock(hour, minute, second, half)

    def _duration(self, found: Found) -> str:
        parts = ((found["h"], "hour"), (found["m"], "minute"), (found["s"], "second"))
        return " e ".join(self.measured(Number(int(count)), unit) for count, unit in parts if count)
