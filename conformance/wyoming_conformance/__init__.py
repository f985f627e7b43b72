"""Does a Wyoming text-to-speech server get right what Home Assistant asks of it? Run against any server:

    wyoming-conformance tcp://192.168.1.10:10200

It needs nothing but the `wyoming` package. Each exchange is what Home Assistant 2025.7 to 2026.11 sends, or what its
users' other clients do, and fails with the sentence that says what would go wrong in a house.
"""

from wyoming_conformance.exchanges import EXCHANGES, Exchange
from wyoming_conformance.kit import Finding, try_all
from wyoming_conformance.line import Server

__version__ = "1.0.0"

__all__ = ["EXCHANGES", "Exchange", "Finding", "Server", "try_all"]
