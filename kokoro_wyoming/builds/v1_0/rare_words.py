"""English words that neither misaki nor espeak reads well: compounds of a prefix and a long word, and names in -is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_SHORTEST_PREFIX, _SHORTEST_WORD = 4, 8
"""Letters. espeak reads compounds of shorter words well, and chance makes many more of those."""
_PREFIX_ENDS = ("a", "i", "o", "y")
"""As alpha, multi, micro and poly, which leave the stress to the word after them."""
_PLURALS = ("NNS", "NNPS")
_NAME_IN_IS = re.compile(r"[lmnv]is", re.IGNORECASE)
"""With other consonants, as in Audis and Ferraris, plurals are more frequent."""
_PRIMARY, _SECONDARY = "ˈˌ"


def mend(g2p: Any) -> None:
    """Let misaki's English read words that it does not know better; `g2p` is a `misaki.en.G2P`."""
    lexicon, by_espeak = g2p.lexicon, g2p.fallback

    def sound_of(word: str) -> str | None:
        """The sound that misaki knows for a word; None without one."""
        return lexicon.lookup(word, None, None, None)[0] if lexicon.is_known(word, None) else None

    def fallback(token: Any) -> tuple[str | None, int]:
        compound = _compound(token.text.lower(), sound_of) if token.text.isalpha() else None
        if compound is not None:
            return compound, 2
        phonemes, rating = by_espeak(token)
        is_name = token.tag not in _PLURALS and _NAME_IN_IS.fullmatch(token.text[-3:])
        if is_name and phonemes and phonemes.endswith("iz"):
            phonemes = f"{phonemes[:-2]}ɪs"  # espeak takes Loomis for several Loomi
        return phonemes, rating

    g2p.fallback = fallback


def _compound(word: str, sound_of: Callable[[str], str | None]) -> str | None:
    """The sound of two words that misaki knows, written as one: espeak loses the alpha of alpharetrovirus."""
    for end in range(_SHORTEST_PREFIX, len(word) - _SHORTEST_WORD + 1):
        if word[end - 1] in _PREFIX_ENDS:
            prefix, main = sound_of(word[:end]), sound_of(word[end:])
            if prefix and main:
                return prefix.replace(_SECONDARY, "").replace(_PRIMARY, _SECONDARY) + main
    return None
