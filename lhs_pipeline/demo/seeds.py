"""Random streams, one for each named purpose, so that changing one leaves every other as it was."""

from zlib import crc32

import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """The generator that belongs to these names under this seed."""
    keys = [seed, *(crc32(name.encode()) for name in names)]
    return np.random.default_rng(np.random.SeedSequence(keys))
