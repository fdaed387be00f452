"""Golden outputs of the reference packages, where they stand beside the project.

`LHS_SHARED`, else `../shared` next to the project root; without it the tests are skipped.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]


def golden_folder(package: str) -> Path:
    """The folder of one reference package's outputs."""
    return Path(os.environ.get("LHS_SHARED", ROOT.parent / "shared")) / "golden" / package


def needs(package: str) -> pytest.MarkDecorator:
    """Skip, with the reason, where the golden outputs are absent."""
    absent = not (golden_folder(package) / "cases.parquet").exists()
    return pytest.mark.skipif(absent, reason=f"no golden outputs of {package} (set LHS_SHARED)")


def read(package: str, table: str) -> pd.DataFrame:
    """One table of golden text, empty cells as missing."""
    return pd.read_parquet(golden_folder(package) / f"{table}.parquet")


def case_ids(package: str) -> list[str]:
    """The cases to run; none where the golden outputs are absent."""
    path = golden_folder(package) / "cases.parquet"
    return sorted(pd.read_parquet(path, columns=["case_id"])["case_id"]) if path.exists() else []


def numbers(column: pd.Series) -> np.ndarray:
    """Text with 17 digits as float64; NaN where empty."""
    return np.array([float(text) for text in column.fillna("nan")], dtype=np.float64)
