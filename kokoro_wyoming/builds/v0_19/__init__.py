"""Kokoro v0.19: eleven voices, American and British English; its facts and its G2P."""

from kokoro_wyoming.builds.v0_19.g2p import LANGUAGES, missing_part
from kokoro_wyoming.builds.v0_19.wrapper import VERSION, KokoroV019Wrapper, build_model

__all__ = ["LANGUAGES", "VERSION", "KokoroV019Wrapper", "build_model", "missing_part"]
