"""Kokoro's voice over the Wyoming protocol."""

__version__ = "1.0.0"
