"""Languages that have no rules of their own: what Babel and num2words know of them, and nothing of another language."""

from __future__ import annotations

from string import ascii_lowercase

import pytest
from babel import Locale
from babel.localedata import locale_identifiers
from hypothesis import given
from hypothesis import strategies as st

from kokoro_wyoming.pronunciation.emoji_names import names
from kokoro_wyoming.pronunciation.normalization import as_words, normalizer_of
from kokoro_wyoming.pronunciation.normalization.cldr import locale_of
from kokoro_wyoming.pronunciation.normalization.polish_inflection import feminine, masculine, neuter, ordinal
from tests.examples import examples
from tests.pronunciation.test_normalization import OTHERS, TYPED

TAGS = (
    *OTHERS,
    "cs-CZ",
    "da-DK",
    "fi-FI",
    "ru-RU",
    "uk-UA",
    "tr-TR",
    "ko-KR",
    "vi-VN",
    "ar-SA",
    "he-IL",
    "th-TH",
    "fo-FO",
)


@pytest.mark.parametrize(
    ("tag", "written", "said"),
    [
        ("cs-CZ", "3 °C", "tři stupně Celsia"),
        ("cs-CZ", "5 °C", "pět stupňů Celsia"),
        ("cs-CZ", "1,5 °C", "jedna celá pět stupně Celsia"),
        ("cs-CZ", "12 km/h", "dvanáct kilometrů za hodinu"),
        ("da-DK", "21,5 °C", "enogtyve komma fem grader celsius"),
        ("da-DK", "3.10.2026", "3. oktober totusinde og seksogtyve"),
        ("da-DK", "den 3. oktober", "den 3. oktober"),
        ("fi-FI", "45 %", "neljäkymmentäviisi prosenttia"),
        ("ru-RU", "5 минут, 1013 hPa", "пять минут, одна тысяча тринадцать гектопаскалей"),
        ("uk-UA", "3 $", "три долари США"),
        ("tr-TR", "%45", "yüzde kırkbeş"),
        ("tr-TR", "45 %", "yüzde kırkbeş"),
        ("tr-TR", "21,5", "yirmibir virgül beş"),
        ("vi-VN", "21,5 °C", "hai mươi mốt phẩy năm độ C"),
        ("ko-KR", "21 °C", "섭씨 이십일도"),
        ("he-IL", "5 ק״מ", "חמש ק״מ"),
        # num2words has no Greek and no Faroese: the G2P says the digits.
        ("el-GR", "21,5 °C", "21,5 βαθμοί Κελσίου"),
        ("fo-FO", "3 min", "3 minuttir"),
        # Signs stay signs, but for "and".
        ("cs-CZ", "sůl & pepř, 2 + 2 = 4", "sůl a pepř, dva + dva = čtyři"),
        ("da-DK", "CO2 820 ppm", "C O to ottehundrede og tyve ppm"),
        ("da-DK", "7:30", "syv tredive"),
        ("da-DK", "7:05", "syv nul fem"),
    ],
)
def test_it_is_said_as_far_as_cldr_and_num2words_know_it(tag: str, written: str, said: str) -> None:
    assert as_words(written, tag) == said


@pytest.mark.parametrize(
    ("tag", "like"),
    [
        ("de", "de-DE"),
        ("de-AT", "de-DE"),
        ("nl-BE", "nl-NL"),
        ("es-419", "es-ES"),
        ("en-AU", "en-GB"),
        ("zh-Hans", "zh-CN"),
    ],
)
def test_a_language_has_its_rules_in_every_region(tag: str, like: str) -> None:
    assert type(normalizer_of(tag)) is type(normalizer_of(like))


def test_a_tag_s_region_says_how_numbers_are_typed() -> None:
    assert as_words("1'234.50 CHF", "de-CH") == "eintausend zweihundert vierunddreißig Franken fünfzig"
    assert as_words("$5", "es-MX") == "cinco pesos"


def test_brazil_and_portugal_differ() -> None:
    assert as_words("16 km", "pt-PT") == "dezasseis quilómetros"
    assert as_words("16 km", "pt-BR") == "dezesseis quilômetros"


@pytest.mark.slow
@pytest.mark.parametrize("first", ascii_lowercase)
def test_every_language_of_cldr_can_be_said(first: str) -> None:
    text = "21,5 °C, 3.10.2026, 7:30, 3,50 €, 45 %, 5 kg/m³, 3 ft, CO2, 5 S/cm, 4 %RH, 2 rpm, ½, $5 M, 1 h 5 m"
    for language in {name.partition("_")[0] for name in locale_identifiers() if name.startswith(first)} - {"root"}:
        assert locale_of(language) is not None, language
        assert as_words(text, language).strip(), language
        assert Locale.parse(locale_of(language)).language == language


@pytest.mark.parametrize("tag", ["xx", "", "tlh", "x-y-z", "1234", "de_", "*"])
def test_what_cldr_does_not_know_is_left_alone(tag: str) -> None:
    assert as_words("21,5 °C", tag) == "21,5 °C" or tag == "de_"


@pytest.mark.slow
@examples(300)
@given(TYPED | st.text(max_size=80), st.sampled_from(TAGS))
def test_any_text_can_be_said(text: str, tag: str) -> None:
    as_words(text, tag)


@pytest.mark.parametrize(
    ("number", "nominative", "accusative", "genitive", "masculine_genitive", "locative", "neuter_nominative"),
    [
        (1, "pierwsza", "pierwszą", "pierwszej", "pierwszego", "pierwszym", "pierwsze"),
        (2, "druga", "drugą", "drugiej", "drugiego", "drugim", "drugie"),
        (3, "trzecia", "trzecią", "trzeciej", "trzeciego", "trzecim", "trzecie"),
        (21, "dwudziesta pierwsza", "dwudziestą pierwszą", "dwudziestej pierwszej", "dwudziestego pierwszego",
         "dwudziestym pierwszym", "dwudzieste pierwsze"),
    ],
)  # fmt: skip
def test_polish_ordinals_have_their_endings(
    number: int,
    nominative: str,
    accusative: str,
    genitive: str,
    masculine_genitive: str,
    locative: str,
    neuter_nominative: str,
) -> None:
    words = ordinal(number)
    assert (feminine(words), feminine(words, "ą"), feminine(words, "ej")) == (nominative, accusative, genitive)
    assert (masculine(words, "ego"), masculine(words, "m")) == (masculine_genitive, locative)
    assert neuter(words) == neuter_nominative


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("nl-NL", ["zon", "duim omhoog", ""]),
        ("sv-SE", ["sol", "tummen upp", ""]),
        ("pl-PL", ["słońce", "kciuk w górę", ""]),
        ("de-DE", ["sonne", "daumen hoch mittlere hautfarbe", "flagge deutschland"]),
        ("hi-IN", ["sun", "thumbs up medium skin tone", "Germany"]),
        ("cs-CZ", []),
    ],
)
def test_emoji_have_names_of_their_language_or_none(tag: str, said: list[str]) -> None:
    assert [*names("☀️ 👍🏽 🇩🇪", tag)] == said
