"""The tests. pytest runs several files at a time, so each process takes its share of the cores."""

import os

# Both before torch is loaded by any test: GNU's OpenMP reads them once, and the programs that tests start inherit them.
# So do pytest's worker processes, from the one that starts them, which does not know how many there will be.
_CORES, _PROCESSES = os.cpu_count() or 1, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_THREADS = min(int(os.environ.get("OMP_NUM_THREADS", str(_CORES)).partition(",")[0]), max(1, _CORES // _PROCESSES))
os.environ["OMP_NUM_THREADS"] = str(_THREADS)
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
