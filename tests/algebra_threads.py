"""One thread for numpy's and scipy's algebra, here and in the processes that tests start; torch's are set elsewhere.

Threads that wait for one another on a busy machine took nine times the CPU time.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
