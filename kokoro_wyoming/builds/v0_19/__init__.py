"""Kokoro v0.19: eleven voices, American and British English; its facts and its G2P."""

from kokoro_wyoming.builds.v0_19.wrapper import VERSION, KokoroV019Wrapper, build_model

__all__ = ["VERSION", "KokoroV019Wrapper", "build_model"]
