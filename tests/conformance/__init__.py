"""Does a Wyoming text-to-speech server get right what Home Assistant asks of it? Run against any server:

    python -m tests.conformance tcp://192.168.1.10:10200

It needs nothing but the `wyoming` package. Each exchange is what Home Assistant 2025.7 to 2026.11 sends, or what its
users' other clients do, and fails with the sentence that says what would go wrong in a house.
"""
