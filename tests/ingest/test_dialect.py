"""What a dialect may say, and the dialects that are shipped."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from immrecon.config.base import build, read_yaml
from immrecon.config.dialect import Dialect
from immrecon.errors import ConfigError

from .lab_cases import LONG, dialect


def changed(**changes: Any) -> dict[str, Any]:
    return {**yaml.safe_load(LONG), **changes}


def columns(**changes: Any) -> dict[str, Any]:
    return {**yaml.safe_load(LONG)["columns"], **changes}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unit": "/uL"}, "unknown key"),
        ({"files": ["../other/lab.csv"]}, "outside the folder"),
        ({"files": ["/etc/passwd"]}, '"files.0": "/etc/passwd" names a file outside the folder.*expected.*Hint'),
        ({"files": ["labs/../../lab.csv"]}, "outside the folder"),
        ({"files": ["C:/exports/lab.csv"]}, "outside the folder"),
        ({"files": ["lab.csv", "."]}, '"files.1": .* no name of a file'),
        ({"files": [""]}, "no name of a file"),
        ({"files": ["labs\\lab.csv"]}, 'expected a path with "/"'),
        ({"files": ["lab\x00.csv"]}, "no name of a file"),
        ({"files": ["labs/**.csv"]}, "must be alone between slashes"),
        ({"columns": columns(test=None)}, "needs columns.test and columns.result"),
        ({"shape": "wide_by_analyte"}, "columns of the long shape only"),
        ({"columns": columns(unit=None)}, "every analyte needs a unit"),
        ({"columns": columns(status=None)}, "no status column"),
        ({"statuses": {}}, "not what its words mean"),
        ({"statuses": {"x": "Z"}}, "statuses"),
        ({"not_requested": ["CD4"]}, "both an analyte and not requested"),
        ({"duplicates": {"same_draw": ["accession"], "same_day": "mean"}}, "same_day"),
        ({"duplicates": {"same_draw": [], "same_day": "last"}}, "same_draw"),
        ({"columns": columns(visit=None), "duplicates": {"same_draw": ["visit"], "same_day": "last"}}, "names visit"),
        ({"columns": columns(collected={"column": "d", "as": "date"})}, "dates"),
        (
            {"columns": columns(collected={"column": "d", "as": "day_since_transplant", "dates": {"formats": ["%Y"]}})},
            "dates",
        ),
        ({"numbers": {"decimal": [","], "thousands": [","]}}, "at once"),
        ({"numbers": {"decimal": []}}, "decimal"),
        ({"checks": {"sums": []}}, "is missing"),
    ],
)
def test_dialects_that_contradict_themselves(tmp_path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(Dialect, changed(**changes), tmp_path / "lab.yaml")


def test_a_visit_rule_needs_its_day(tmp_path) -> None:
    content = changed()
    content["checks"]["visit"] = {"pattern": r"D(\d+)", "tolerance_days": 14}
    with pytest.raises(ConfigError, match="needs a group `day`"):
        build(Dialect, content, tmp_path / "lab.yaml")


def test_heads_are_normalised_once() -> None:
    lab = dialect(not_requested=["HGB\n (g/dL)"])
    assert lab.not_requested == ["HGB (g/dL)"]


def test_a_dialect_survives_its_own_dump() -> None:
    """Rules receive it as plain data."""
    lab = dialect()
    assert Dialect.model_validate(lab.model_dump(mode="json")) == lab
    assert Dialect.model_validate(lab.model_dump(mode="json", by_alias=True)) == lab


def test_every_field_is_described() -> None:
    def undescribed(schema: dict[str, Any]) -> list[str]:
        models = {"Dialect": schema, **schema["$defs"]}
        return [
            f"{model}.{name}"
            for model, content in models.items()
            for name, field in content.get("properties", {}).items()
            if not field.get("description")
        ]

    assert undescribed(Dialect.model_json_schema()) == []


def test_shipped_dialects_are_valid(repository: Path) -> None:
    paths = sorted([*(repository / "config" / "labs").glob("*.yaml"), *repository.glob("tests/studies/*/labs/*.yaml")])
    names = {path.stem: build(Dialect, read_yaml(path), path).name for path in paths}
    assert set(names) >= {"paris", "central", "utrecht", "lb", "actg315"}
    assert all(stem == name for stem, name in names.items())
