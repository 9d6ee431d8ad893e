"""What holds for all tests."""

import os

# Before numpy is imported: the fit solves thousands of small systems, which threads slow down.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
