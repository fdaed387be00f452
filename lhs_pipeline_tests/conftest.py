"""No test sees a site of the machine that it runs on: the definitions read one when imported."""

import os
from pathlib import Path

os.environ["LHS_SITE"] = str(Path(__file__).parent / "no_site_here")
os.environ.pop("LHS_TODAY", None)
