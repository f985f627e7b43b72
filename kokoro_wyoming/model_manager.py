"""Hands `ModelManager` on to programs that import it from here."""

from kokoro_wyoming.engine.model_manager import ModelManager

__all__ = ["ModelManager"]
