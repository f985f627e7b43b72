"""The package `kokoro`, imported without what it imports and this program never uses.

That takes most of a start: `transformers` for one class, spaCy's command line, a backend of phonemizer that reads
tables of alphabets, and what downloads. Without these, imports take 3 s of processor time less, and 130 MB of memory
less.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from kokoro_wyoming.module_stand_ins import in_place_of, left_out
from kokoro_wyoming.network import albert


def _unused() -> tuple[str, ...]:
    """What `kokoro`, spaCy and phonemizer import in vain; spaCy too where English is left out."""
    has_spacy = importlib.util.find_spec("spacy") is not None
    return "segments", "huggingface_hub", *(("spacy.cli", "spacy.cli.info") if has_spacy else ("spacy",))


_transformers = ModuleType("transformers")
vars(_transformers).update(AlbertConfig=albert.AlbertConfig, AlbertModel=albert.AlbertModel)

with in_place_of({} if "transformers" in sys.modules else {"transformers": _transformers}), left_out(*_unused()):
    from kokoro import KModel as KModel
    from kokoro import KPipeline as KPipeline
