"""What is put into words is said whole: no digit and no unit gets past a phonemiser."""

from __future__ import annotations

import re

import pytest

from kokoro_wyoming.builds.v1_0.g2p import make_quiet_pipeline, phonemize
from kokoro_wyoming.languages import TAGS, kokoro_letter
from tests.pronunciation.normalization_examples import EXAMPLES


@pytest.mark.long
@pytest.mark.parametrize("tag", TAGS)
def test_the_phonemiser_leaves_no_digit_and_no_unit_unsaid(tag: str) -> None:
    pipeline = make_quiet_pipeline(kokoro_letter(tag))
    for _, said in EXAMPLES[tag]:
        phonemes = "".join(part.phonemes for part in phonemize(pipeline, said))
        assert not re.search(r"[0-9%°€$£¥₹²³µ#&=+@/½]", phonemes), (said, phonemes)
        assert phonemes.strip()
