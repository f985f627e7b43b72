"""The benchmark: our server, plain `kokoro` and other Wyoming servers, side by side in one run on one machine.

Machines differ and are noisy, so what counts are ratios inside a run: repetitions of the contenders take turns.
"""
