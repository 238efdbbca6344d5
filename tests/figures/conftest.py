"""Result tables of a study that never was."""

from typing import Any

import polars as pl
import pytest

from immrecon.config.display import DisplaySpec

from .synthetic import make_accrual, make_people, make_profiles, make_timelines, make_tte, make_visit_summary
from .synthetic_spec import make_spec


@pytest.fixture(scope="session")
def spec() -> DisplaySpec:
    return make_spec()


@pytest.fixture(scope="session")
def people() -> list[dict[str, Any]]:
    return make_people(36)


@pytest.fixture(scope="session")
def accrual() -> pl.DataFrame:
    return make_accrual()


@pytest.fixture(scope="session")
def timelines(people: list[dict[str, Any]]) -> pl.DataFrame:
    return make_timelines(people)


@pytest.fixture(scope="session")
def profiles(people: list[dict[str, Any]]) -> pl.DataFrame:
    return make_profiles(people)


@pytest.fixture(scope="session")
def visit_summary(profiles: pl.DataFrame) -> pl.DataFrame:
    return make_visit_summary(profiles)


@pytest.fixture(scope="session")
def tte(spec: DisplaySpec, people: list[dict[str, Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    return make_tte(spec, people)


@pytest.fixture(scope="session")
def curves(tte: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    return tte[0]


@pytest.fixture(scope="session")
def risk_table(tte: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    return tte[1]
