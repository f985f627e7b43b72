"""Imports what the server imports, with the G2P of every installed language, so that Python keeps it compiled.

python -m scripts.import_all
"""

from __future__ import annotations

import warnings

from kokoro_wyoming.builds.installed import speakable_languages
from kokoro_wyoming.builds.named_g2p import make_g2p
from kokoro_wyoming.builds.v1_0.g2p import make_quiet_pipeline
from kokoro_wyoming.languages import kokoro_letter
from kokoro_wyoming.pronunciation.normalization import as_words
from kokoro_wyoming.releases import VERSIONS, described, is_described


def main() -> None:
    """Make each G2P once and have it read a number."""
    warnings.simplefilter("ignore")
    for tag in speakable_languages():
        make_quiet_pipeline(kokoro_letter(tag)).g2p(as_words("23", tag))
    for version in filter(is_described, VERSIONS):
        for tag in speakable_languages(version):
            language = described(version).language(tag)
            if language is not None:
                list(make_g2p(language.g2p, tag).pieces(as_words("23", tag)))


if __name__ == "__main__":
    main()
