"""Kokoro v1.0: 54 voices, nine languages; its facts and its G2P."""

from kokoro_wyoming.builds.v1_0.g2p import missing_part
from kokoro_wyoming.builds.v1_0.wrapper import VERSION, KokoroV1Wrapper

__all__ = ["VERSION", "KokoroV1Wrapper", "missing_part"]
