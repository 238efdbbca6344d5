"""A dialect that extends another says only what differs; the study configuration inherits nothing."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from immrecon.config.base import build, read_yaml
from immrecon.config.dialect import Dialect
from immrecon.config.inherit import merged, read_dialect
from immrecon.config.load import load_study
from immrecon.errors import ConfigError

LABS = Path(__file__).resolve().parents[2] / "config" / "labs"


def write(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def base(tmp_path: Path) -> dict[str, Any]:
    content = yaml.safe_load((LABS / "central.yaml").read_text(encoding="utf-8"))
    write(tmp_path / "base.yaml", content)
    return content


def test_mappings_are_merged_and_lists_replaced(tmp_path, base) -> None:
    path = write(
        tmp_path / "lab.yaml",
        {
            "extends": "base.yaml",
            "name": "other",
            "layout": {"delimiter": ";"},
            "analytes": {"CD8": {"lloq": 10}, "RTE": {"code": "RTE", "unit": "/uL"}},
            "numbers": {"decimal": [","], "thousands": ["."]},
            "checks": {"visit": None},
        },
    )
    lab, before = read_dialect(path), build(Dialect, base, tmp_path / "base.yaml")
    assert (lab.name, lab.layout.delimiter, lab.layout.encoding) == ("other", ";", "utf-8")
    assert (lab.numbers.decimal, lab.numbers.thousands, lab.numbers.flags) == ([","], ["."], ["H", "L", "*"])
    assert lab.analytes["CD8"].lloq == 10
    assert lab.analytes["CD8"].loinc == "14135-8"
    assert list(lab.analytes) == [*before.analytes, "RTE"]
    assert lab.checks.visit is None
    assert lab.checks.sums == before.checks.sums
    assert lab.participant == before.participant


def test_a_dialect_without_extends_is_as_it_was() -> None:
    for path in sorted(LABS.glob("*.yaml")):
        assert read_dialect(path) == build(Dialect, read_yaml(path), path)


def test_a_line_of_three_files_in_two_folders(tmp_path, base) -> None:
    """Each path is relative to the file that names it; a file in between need not be complete."""
    write(tmp_path / "shared" / "flow.yaml", {"extends": "../base.yaml", "layout": {"encoding": "cp1252"}})
    path = write(tmp_path / "labs" / "lab.yaml", {"extends": "../shared/flow.yaml", "name": "third"})
    lab = read_dialect(path)
    assert (lab.name, lab.layout.encoding, lab.description) == ("third", "cp1252", base["description"])


def test_what_is_merged_is_not_shared() -> None:
    below = {"a": {"x": [1], "y": 2}, "b": 3}
    assert merged(below, {"a": {"x": [4]}, "b": {"z": 5}}) == {"a": {"x": [4], "y": 2}, "b": {"z": 5}}
    assert below == {"a": {"x": [1], "y": 2}, "b": 3}


@pytest.mark.parametrize("files", [["lab"], ["lab", "two"], ["lab", "two", "three"]])
def test_a_circle_is_told(tmp_path, files: list[str]) -> None:
    for name, other in zip(files, [*files[1:], files[0]], strict=True):
        write(tmp_path / f"{name}.yaml", {"extends": f"{other}.yaml"})
    with pytest.raises(ConfigError, match=r"in a circle: .*lab\.yaml -> .*lab\.yaml\.$"):
        read_dialect(tmp_path / "lab.yaml")


def test_a_missing_file_is_told_with_the_likely_one(tmp_path, base) -> None:
    path = write(tmp_path / "lab.yaml", {"extends": "bsae.yaml"})
    with pytest.raises(ConfigError, match=r'bsae\.yaml: no such dialect; .*lab\.yaml extends it\. Did you mean "base'):
        read_dialect(path)


@pytest.mark.parametrize("other", [None, "", ["base.yaml"], 5, "/etc/base.yaml"])
def test_extends_is_a_relative_path(tmp_path, base, other: object) -> None:
    path = write(tmp_path / "lab.yaml", {"extends": other})
    with pytest.raises(ConfigError, match=r"expected the path of another dialect, relative to this file"):
        read_dialect(path)


@pytest.mark.parametrize("where", ["base.yaml", "lab.yaml"])
def test_an_unknown_key_of_either_file_is_refused(tmp_path, base, where: str) -> None:
    wrong = {"layout": {"delimeter": ";"}}
    write(tmp_path / "base.yaml", merged(base, wrong) if where == "base.yaml" else base)
    path = write(tmp_path / "lab.yaml", {"extends": "base.yaml", **(wrong if where == "lab.yaml" else {})})
    said = r'lab\.yaml \(extends base\.yaml\): unknown key "layout\.delimeter"\. Did you mean "delimiter"\?'
    with pytest.raises(ConfigError, match=said):
        read_dialect(path)


def test_the_study_reads_the_whole_dialect_and_inherits_nothing_itself(tmp_path) -> None:
    folder = tmp_path / "config"
    for source in sorted(LABS.parent.rglob("*.yaml")):
        write(folder / source.relative_to(LABS.parent), read_yaml(source))
    shutil.copy(LABS.parent / "reference_limits.csv", folder)
    central = read_yaml(LABS / "central.yaml")
    write(folder / "labs" / "base.yaml", central)
    write(folder / "labs" / "central.yaml", {"extends": "base.yaml"})
    assert load_study(folder / "config.yaml").labs == load_study(LABS.parent / "config.yaml").labs
    dumped = load_study(folder / "config.yaml").labs["central"].model_dump(mode="json")
    assert "extends" not in dumped
    assert dumped["layout"]["delimiter"] == ","
    for name in ("config.yaml", "endpoints.yaml", "clinical.yaml"):
        content = read_yaml(folder / name)
        write(folder / name, {**content, "extends": "other.yaml"})
        with pytest.raises(ConfigError, match=rf'{name}: unknown key "extends"'):
            load_study(folder / "config.yaml")
        write(folder / name, content)
