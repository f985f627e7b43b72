"""The benchmark: our server beside plain `kokoro`, in one run on one machine.

Machines differ and are noisy, so what counts are ratios inside a run: repetitions of the contenders take turns.
`scripts/bench` measures more, for developers.
"""
