"""Kokoro's voice over the Wyoming protocol."""

__version__ = "0.1.0"
