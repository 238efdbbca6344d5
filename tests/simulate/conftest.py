"""The study drawn once, and the committed demo data."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import load_workbook

from immrecon.simulate import Study, simulate_study

DEMO = Path(__file__).parents[2] / "data" / "demo"


@pytest.fixture(scope="session")
def demo() -> Path:
    return DEMO


@pytest.fixture(scope="session")
def study() -> Study:
    return simulate_study()


@pytest.fixture(scope="session")
def truth() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEMO / "truth.yaml").read_text(encoding="utf-8"))
    return loaded


def sheet_rows(path: Path) -> list[tuple[str | None, ...]]:
    """Cells of the sheet "Resultaten" as text, None for a blank."""

    def text(value: object) -> str | None:
        if value is None or isinstance(value, str):
            return value
        return f"{value:.15g}" if isinstance(value, int | float) else str(value)

    sheet = load_workbook(path, data_only=True)["Resultaten"]
    return [tuple(map(text, row)) for row in sheet.iter_rows(values_only=True)]
