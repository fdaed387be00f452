"""No test sees a site of the machine that it runs on: the definitions read one when imported."""

import os
from pathlib import Path

os.environ["LHS_SITE"] = str(Path(__file__).parent / "no_site_here")
os.environ.pop("LHS_TODAY", None)
# As the commands do: with more BLAS threads small matrices take many times longer.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
