"""Kokoro v0.19: eleven voices, American and British English; its facts and its G2P."""

from kokoro_wyoming.builds.v0_19.g2p import LANGUAGES, missing_part
from kokoro_wyoming.builds.v0_19.wrapper import CONFIG_PATH, REHEARSAL_PATH, VERSION, KokoroV019Wrapper, build_model

__all__ = ["CONFIG_PATH", "LANGUAGES", "REHEARSAL_PATH", "VERSION", "KokoroV019Wrapper", "build_model", "missing_part"]
