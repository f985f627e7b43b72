"""The tests. Two files run at a time on two cores, so that OpenMP's threads must not spin for each other."""

import os

# Before torch is loaded, by any test: GNU's OpenMP reads it once.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
