"""Figures select, scale and label. What they import and call is checked in their source."""

import ast
from pathlib import Path

import pytest

import immrecon.figures

MODULES = sorted(Path(immrecon.figures.__file__).parent.glob("*.py"))
ALLOWED = ("immrecon.config", "immrecon.contracts", "immrecon.errors", "immrecon.exhibits", "immrecon.figures", "immrecon.typeface",
           "immrecon.vocabulary",
           "matplotlib", "numpy", "polars", "typst")  # fmt: skip
STANDARD = (
    "collections.abc",
    "contextlib",
    "dataclasses",
    "functools",
    "io",
    "itertools",
    "pathlib",
    "re",
    "textwrap",
    "typing",
)
STATISTICS = {
    "mean", "nanmean", "average", "median", "nanmedian", "quantile", "nanquantile", "percentile", "std", "var",
    "interp", "interpolate", "polyfit", "group_by", "agg", "cumprod", "cum_prod", "rolling_mean", "ewm_mean",
}  # fmt: skip


@pytest.fixture(params=MODULES, ids=lambda path: path.stem)
def tree(request: pytest.FixtureRequest) -> ast.Module:
    return ast.parse(Path(request.param).read_text())


def test_there_are_modules_to_check() -> None:
    assert {"style", "disposition", "recovery", "tte"} <= {path.stem for path in MODULES}


def test_imports_stay_within_the_layer(tree: ast.Module) -> None:
    names = [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    names += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    strange = [n for n in names if n not in STANDARD and not any(n == a or n.startswith(f"{a}.") for a in ALLOWED)]
    assert strange == []
    assert [name for name in names if "pyplot" in name or "pylab" in name] == []


def test_no_statistics_are_called(tree: ast.Module) -> None:
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert called & STATISTICS == set()
