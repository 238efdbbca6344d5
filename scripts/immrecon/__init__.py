"""Immune reconstitution after T-cell-depleted allogeneic HSCT: from lab export to DSMB report."""

import os

# How polars' allocator (jemalloc) keeps memory, which it asks the environment when polars is loaded. A large export
# takes and leaves the same memory again and again; otherwise the system spends a fifth of the time on fetching and
# clearing it. What is given back is kept for a minute, not half a second; pieces above 8 MB too, which would be given
# back at once; and where any thread of a core finds it again, not in four places for each core.
os.environ.setdefault("_RJEM_MALLOC_CONF", f"dirty_decay_ms:60000,oversize_threshold:0,narenas:{os.cpu_count() or 1}")
