"""What R says: cases of the validation folder beside the repository, and golden numbers kept in it."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import ArrayLike, NDArray

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "stats"
# Beside the repository, or beside a folder that holds several checkouts of it.
VALIDATION = next(
    (p / "shared/validation" for p in ROOT.parents if (p / "shared/validation").is_dir()),
    ROOT.parent / "shared/validation",
)
Columns = dict[str, NDArray[np.float64]]


def agree(actual: ArrayLike, expected: ArrayLike, tol: Mapping[str, float], what: str = "") -> None:
    """|x - y| <= abs + rel |y| for every number; R's NA (null) only matches NaN."""
    wanted = np.array([[np.nan if v is None else v for v in np.ravel(np.array(expected, dtype=object))]])
    assert_allclose(
        np.ravel(np.asarray(actual, dtype=float)),
        wanted[0].astype(float),
        rtol=tol["rel"],
        atol=tol["abs"],
        equal_nan=True,
        err_msg=what,
    )


def read_columns(path: Path) -> Columns:
    """A CSV of numbers as arrays; an empty cell is NaN."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


@dataclass(frozen=True)
class Case:
    """One case of reference.json: its data, its parameters, what R answered and how closely to agree."""

    id: str
    data: str | None
    params: dict[str, Any]
    expected: dict[str, Any]
    tol: dict[str, float]
    note: str | None

    def columns(self) -> Columns:
        """The data set with the columns and the row subset that the R script derives before it calls R."""
        assert self.data is not None
        d = read_columns(VALIDATION / self.data)
        if self.note == "rows with group==1 only":
            d = {name: values[d["group"] == 1] for name, values in d.items()}
        if "trt" in d:
            d["a"] = d["trt"] - 1
        return d

    def groups(self) -> Iterator[tuple[dict[str, Any], Columns]]:
        """Expected values and rows of each group."""
        d = self.columns()
        for label, expected in self.expected.items():
            rows = slice(None) if label == "all" else d[self.params["group"]] == float(label)
            yield expected, {name: values[rows] for name, values in d.items()}

    def options(self, d: Columns) -> dict[str, Any]:
        """Delayed entry and weights, if the case has them."""
        names = {"entry": self.params.get("start"), "weights": self.params.get("weights")}
        return {option: d[column] for option, column in names.items() if column}


def _cases(method: str) -> list[Any]:
    path = VALIDATION / "reference.json"
    if not path.exists():
        reason = f"R validation cases are not here: {path}"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id=method)]
    fields = ("id", "data", "params", "expected", "tol", "note")
    found = [c for c in json.loads(path.read_text())["cases"] if c["method"] == method]
    assert found, f"no case of method {method} in {path}"
    return [pytest.param(Case(**{f: c[f] for f in fields}), id=c["id"]) for c in found]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "r_method(name): runs once per R validation case of that method")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "r_case" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("r_method")
        assert marker is not None, f"{metafunc.definition.nodeid} uses 'r_case' without r_method"
        metafunc.parametrize("r_case", _cases(marker.args[0]))


@pytest.fixture(name="agree")
def _agree() -> Any:
    return agree


@pytest.fixture(scope="session")
def golden() -> dict[str, Any]:
    """Output of tests/golden/stats/golden.R."""
    numbers: dict[str, Any] = json.loads((GOLDEN / "golden.json").read_text())
    return numbers


@pytest.fixture(scope="session")
def trial36() -> Columns:
    """36 invented participants: entry, time, cause (0-3), weight; ties on purpose."""
    return read_columns(GOLDEN / "trial36.csv")


@pytest.fixture(scope="session")
def rising13() -> Columns:
    """13 invented participants whose upper limit of survival rises again after it has crossed 0.75."""
    return read_columns(GOLDEN / "rising13.csv")


@pytest.fixture(scope="session")
def tied8() -> Columns:
    """8 invented participants: an event on day 0, ties, and an event as last observation."""
    return read_columns(GOLDEN / "tied8.csv")
