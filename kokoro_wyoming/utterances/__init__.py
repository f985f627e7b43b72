"""One text in, its sound out, for whichever protocol asks."""
