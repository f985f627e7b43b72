"""The tests. pytest runs several files at a time, so each process takes its share of the cores."""

import os

# Both before torch is loaded by any test: GNU's OpenMP reads them once, and the programs that tests start inherit them.
_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // _PROCESSES)))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
