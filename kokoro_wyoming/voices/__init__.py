"""Voice packs, blends of them, the choice of a voice for a request, the loudness of each voice."""
