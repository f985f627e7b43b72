"""Hands `build_model` on to programs that import it from here."""

from kokoro_wyoming.builds.v0_19.wrapper import build_model

__all__ = ["build_model"]
