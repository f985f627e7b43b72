"""`build_model`: Kokoro v0.19 behind the same face as `KokoroV1Wrapper`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from kokoro_wyoming.assets.store import default_store, weights_path
from kokoro_wyoming.builds.release import Release
from kokoro_wyoming.builds.v0_19 import g2p
from kokoro_wyoming.errors import ModelError
from kokoro_wyoming.network.inference import Network
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.pronunciation import ipa
from kokoro_wyoming.pronunciation.phonemes import Phonemes
from kokoro_wyoming.releases import how_to_get
from kokoro_wyoming.scheduler import ModelThread, on_own_thread
from kokoro_wyoming.text.sentences import Run

_LOGGER = logging.getLogger(__name__)

VERSION = "v0.19"

CONFIG_PATH = Path(__file__).with_name("config.json")
"""The published config.json has sizes alone; this one has the vocabulary too, and what `KModel` asks for besides."""
REHEARSAL_PATH = Path(__file__).with_name("rehearsal.json")
_FIT_NAME = "moments.npz"
"""The file beside the weights that holds what scripts/learn_moments.py learned of them."""


async def build_model(
    model_path: Path | str | None = None,
    device: str = "auto",
    *,
    config_path: Path | str = CONFIG_PATH,
    voices_path: Path | str | None = None,
    stream: Literal["fast", "exact"] = "fast",
    thread: ModelThread | None = None,
) -> KokoroV019Wrapper:
    """Load the release off the event loop; ModelError says what is wrong with which file.

    `model_path` is `kokoro-v0_19.pth` or the half precision file; without one it is where `kokoro-wyoming fetch` puts
    them. The other arguments are as for `KokoroV1Wrapper`.
    """
    weights = model_path or weights_path(default_store().models_folder(VERSION), VERSION)
    release = KokoroV019Wrapper(
        config_path, weights, voices_path=voices_path, device=device, stream=stream, thread=thread
    )
    await on_own_thread(release.initialize)
    return release


class KokoroV019Wrapper(Release):
    """Kokoro v0.19, with espeak as its G2P."""

    version = VERSION
    rehearsal_path = REHEARSAL_PATH
    trailing_phonemes = "ðə lˈaɪts ɑːɹ ˈɔf."

    def initialize(self) -> Network:
        """Load the network once; ModelError says what is wrong with which file."""
        if self._network is None and not self.model_path.is_file():
            raise ModelError(
                f"Kokoro {VERSION} is not installed ({self.model_path} is missing); get it with {how_to_get(VERSION)}."
            )
        return super().initialize()

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags that a run of a sentence may have. Foreign letters are left to espeak's English."""
        return g2p.LANGUAGES

    def symbols(self, written: str, language: str) -> str:
        """The release's symbols for IPA that somebody wrote; empty where it knows none of them."""
        return ipa.espeak_symbols(written, self.vocabulary)

    def _letter_of(self, lang_code: str) -> str:
        return g2p.letter_of(lang_code)

    def _make_quiet_pipeline(self, letter: str) -> g2p.QuietPipeline:
        return g2p.QuietPipeline(letter, self.vocabulary)

    def _phonemes_of_run(self, run: Run, lang_code: str) -> Iterator[Phonemes]:
        pipeline: g2p.QuietPipeline = self._quiet_pipeline(lang_code)
        return pipeline.pieces(run.text if run.words is None else run.words)

    def _fit(self) -> Fit | None:
        path = self.model_path.with_name(_FIT_NAME)
        if not path.is_file():
            return None
        try:
            return Fit.load(path, "remove the file, or make it anew with scripts/learn_moments.py")
        except ModelError as error:
            _LOGGER.warning("Kokoro %s speaks as if there were no %s: %s", VERSION, _FIT_NAME, error)
            return None
