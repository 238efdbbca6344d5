"""Reference limits in an export: in the unit of the result, converted with it, asked about where they cannot be read."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from immrecon.ingest.lab import LabTables

from .lab_cases import LONG, account, dialect, kinds, long

LIMITED = LONG.replace("  loinc: code\n", "  loinc: code\n  reference_low: low\n  reference_high: high\n")


def limited(folder: Path, *rows: dict[str, Any]) -> LabTables:
    return long(folder, *rows, text=LIMITED)
