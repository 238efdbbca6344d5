"""Contracts: the schema of every file that passes between two rules."""

import sys

# dataframely imports SQLAlchemy wherever it is installed, and Snakemake installs it: a fifth of a second of every step,
# for a feature that is not used here. It goes without where the import fails, and anyone else may import it later.
_unused = "sqlalchemy"
if _unused not in sys.modules:
    sys.modules[_unused] = None  # type: ignore[assignment]
    import dataframely

    del sys.modules[_unused]
    del dataframely
