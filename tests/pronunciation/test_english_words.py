"""English texts that look like abbreviations, Roman numerals, shouting or file names, and are none."""

from __future__ import annotations

import pytest

from kokoro_wyoming.pronunciation.lexicon import Lexicon
from kokoro_wyoming.pronunciation.normalization import as_words
from kokoro_wyoming.pronunciation.pronounce import ReadingOptions, pronounce
from kokoro_wyoming.text.sentences import Run
from tests.pronunciation.reading import heard

_STAYS = """
Mon Dieu
Mon ami
Ave Maria by Schubert
Gen Z likes it
an apt remark
He sat in the sun.
Sun Microsystems
I met Jan.
The rep. said
the Rev. is here
I told Elizabeth I would come
The part I like
the chapter I read
David I know
Peter and Mary I like
vitamin C
X-ray
MIX it
a CD and DC
plan V
Section C
Group C and Group D
Start an IV drip
The IV line
Use VI to edit
Malcolm X
Generation X
Grand Theft Auto V
So XL is a size
Windows XP
Washington DC is far
the LCD and the LED
NASA
USB
the IT department
in the US
AC
The TV is on
my NAS is on
The WHO says so
enter your PIN
your ID
NASA ESA
Honolulu, HI
Portland, OR
Columbus, OH is far
AM or PM
I
US
ID
IT
OK
The BBC HD channel
a UK VAT ID
turn on the light.then go
pronounced /təˈmɑːtoʊ/
3D 4K 5G
I told Charles I was sick.
CA, OR and WA are states.
The F-16s and B-52s flew by.
He hit .300 in June.
the 1-2-3 rule
vitamin A- and D-rich milk
3 A levels and 3 B students
5 miles NW of here
He bought a V8.
"""


@pytest.mark.parametrize("tag", ["en-US", "en-GB"])
def test_they_stay_as_they_are_written(tag: str) -> None:
    texts = _STAYS.strip().splitlines()
    assert [as_words(text, tag) for text in texts] == texts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("[Doral](/dəɹˈæl/)'s home", "dəɹˈælz hˈOm"),
        ("[Nguyen](/wˈɪn/)s", "wˈɪnz"),
        ("[Kit](/kˈɪt/)’s", "kˈɪts"),
        ("[Ross](/ɹˈɔs/)'s", "ɹˈɔsᵻz"),
        ("[Ross](/ɹˈɔs/)' home", "ɹˈɔs hˈOm"),
        ("[Ross](/ɹˈɔs/) so", "ɹˈɔs sˌO"),
    ],
)
def test_a_word_with_given_sounds_has_the_ending_of_its_last_sound(text: str, ends: str) -> None:
    assert heard(text, "en-US") == ends


def test_a_respelled_word_has_its_ending_too() -> None:
    lexicon = Lexicon({"all": {"Siobhan": "Shivawn", "Kokoro": "/kˈOkəɹO/"}})
    parts = pronounce([Run("Siobhan's and Kokoro's.")], "en-US", _Release(), ReadingOptions(lexicon))
    assert [(part.words, part.phonemes) for part in parts] == [
        ("Shivawn's", None),
        (" and ", None),
        (None, "kˈOkəɹOz"),
        (".", None),
    ]
    french = pronounce([Run("Kokoro's")], "fr-FR", _Release(), ReadingOptions(lexicon))
    assert french[0].phonemes == "kˈOkəɹO"


class _Release:
    """A stand-in that knows every symbol."""

    languages = ("en-US", "fr-FR")

    def symbols(self, written: str, language: str) -> str:
        return written
