"""The study drawn once, and the committed demo data."""

from pathlib import Path
from typing import Any

import pytest
import yaml

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
