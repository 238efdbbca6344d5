"""Named random streams: a new draw in one place never shifts the numbers of another."""

from zlib import crc32

import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """PCG64 generator of (seed, names); the same names give the same numbers on every machine."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=tuple(map(_key, names)))))


def _key(name: str) -> int:
    return crc32(name.encode("utf-8"))
