"""What a region types otherwise than the country of a language's voices is read as that region means it."""

from __future__ import annotations

import pytest

from kokoro_wyoming.languages import TAGS
from kokoro_wyoming.pronunciation.normalization import as_words
from kokoro_wyoming.pronunciation.normalization.regions import known_regions, region_of


@pytest.mark.parametrize(
    ("tag", "region", "written", "said"),
    [
        ("es-ES", None, "1,000 litros", "uno coma cero cero cero litros"),
        ("es-ES", "ES", "1,000 litros", "uno coma cero cero cero litros"),
        ("es-ES", "MX", "1,000 litros", "mil litros"),
        ("es-ES", "MX", "1,234.5 kWh", "mil doscientos treinta y cuatro coma cinco kilovatios hora"),
        ("es-ES", "MX", "21.5 °C", "veintiuno coma cinco grados Celsius"),
        ("es-ES", "AR", "1.000 litros", "mil litros"),
        ("en-US", None, "3/4/2026", "March fourth, twenty twenty-six"),
        ("en-US", "AU", "3/4/2026", "April third, twenty twenty-six"),
        ("en-US", "CA", "3/4/2026", "March fourth, twenty twenty-six"),
        ("en-GB", None, "3/4/2026", "the third of April twenty twenty-six"),
        ("en-GB", "US", "3/4/2026", "the fourth of March twenty twenty-six"),
        ("es-ES", "MX", "$5", "cinco pesos"),
        ("es-ES", "MX", "$5.50", "cinco pesos con cincuenta"),
        ("es-ES", "MX", "5 €", "cinco euros"),
        ("es-ES", "AR", "U$S 20 y AR$ 500", "veinte dólares y quinientos pesos"),
        ("fr-FR", "CH", "1'234.50 CHF", "mille deux cent trente-quatre francs cinquante"),
        ("it-IT", "CH", "1’234 persone", "milleduecentotrentaquattro persone"),
        ("es-ES", "US", "$5", "cinco dólares"),
        ("en-US", "CA", "$5.50", "five dollars and fifty cents"),
        ("en-US", "GB", "$5", "five dollars"),
        ("zh-CN", "TW", "$5", "五美元"),
        ("en-US", "DE", "21.5", "twenty-one point five"),
    ],
)
def test_a_number_or_a_date_is_read_as_the_region_means_it(tag: str, region: str, written: str, said: str) -> None:
    assert as_words(written, tag, region) == said


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted({tag[:2] for tag in TAGS}))
def test_every_region_can_be_chosen_for_every_language(language: str) -> None:
    assert {"MX", "ES", "US", "GB", "JP"} <= known_regions()
    for code in known_regions():
        region = region_of(language, code)
        assert region is None or len(region.currency) in (0, 3)
