"""Has the model speak: which release is loaded, who waits, and weights that learn their own sound."""
