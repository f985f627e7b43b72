"""One text in, its sound out, for every protocol."""
