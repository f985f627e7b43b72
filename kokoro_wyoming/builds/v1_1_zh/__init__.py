"""Kokoro v1.1-zh: its values and its configuration file. `DescribedRelease` speaks it by these alone."""
