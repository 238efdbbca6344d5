"""The made-up run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from made_up_fixtures import empty_run, hostile, run, spec  # noqa: F401 - fixtures, found by their names
