"""Immune reconstitution after T-cell-depleted allogeneic HSCT: from lab export to DSMB report."""

import os

# How polars' allocator (jemalloc) gives memory back, which it asks the environment when polars is loaded: within a
# minute, not after half a second. A large export takes and leaves the same memory again and again; otherwise the system
# spends a tenth of the time on fetching and clearing it.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:60000")
