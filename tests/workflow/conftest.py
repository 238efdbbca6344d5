"""Runs of the real workflow: the same command as `make report`, in a folder of their own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Checkout:
    """A repository (this one or a copy) and a working folder that holds the configuration and the results."""

    repository: Path
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "study" / "config.yaml"

    def results(self, study: str = "demo", cut: str = "2026-09-30") -> Path:
        return self.folder / "results" / study / cut

    def environment(self, **extra: str) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.repository / "scripts"), "PYTHONHASHSEED": "0"} | extra

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "immrecon.cli", "report", "--config", str(self.config), *arguments]

    def report(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.environment(**extra), capture_output=True, text=True
        )

    def planned(self, cwd: Path | None = None, **extra: str) -> set[str]:
        """Steps that a dry run would make, `all` left out."""
        run = subprocess.run(
            [
                sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "host", "--snakefile",
                str(self.repository / "workflow" / "Snakefile"), "--configfile", str(self.config),
            ],
            cwd=cwd or self.folder, env=self.environment(**extra), capture_output=True, text=True,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        steps = {line.split()[1].rstrip(":") for line in run.stdout.splitlines() + run.stderr.splitlines()
                 if line.startswith(("rule ", "localrule "))}  # fmt: skip
        return steps - {"all"}


def study_folder(source: Path, target: Path, **changes: object) -> None:
    """A copy of a configuration folder whose data stay where they are and whose results go beside the copy."""
    shutil.copytree(source, target)
    path = target / "config.yaml"
    content = yaml.safe_load(path.read_text())
    content["sources"]["data"] = str((source / content["sources"]["data"]).resolve())
    content["sources"]["results"] = "../results"
    for cut in content["cuts"].values():
        if cut["checksums"] is not None:
            cut["checksums"] = str((source / cut["checksums"]).resolve())
        if cut["compared_with"] is not None:
            cut["compared_with"]["queries"] = str((source / cut["compared_with"]["queries"]).resolve())
    content |= changes
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def lean(folder: Path) -> None:
    """Leave out of a copied configuration what costs time and is no matter to a test of how a run goes on."""
    path = folder / "endpoints.yaml"
    endpoints = yaml.safe_load(path.read_text())
    by_age = [name for name, rule in endpoints["occurrences"].items() if rule.get("value_per_ul") == "age lower limit"]
    for kind, column in (("first_events", "causes"), ("endpoints", "events")):
        endpoints[kind] = {name: item for name, item in endpoints[kind].items() if not set(by_age) & set(item[column])}
    endpoints["occurrences"] = {k: v for k, v in endpoints["occurrences"].items() if k not in by_age}
    for item in (*endpoints["endpoints"].values(), *endpoints["recurrent_events"].values()):
        item["figure"] = False
    path.write_text(yaml.safe_dump(endpoints | {"definition_grid": None, "multistate": {}}, sort_keys=False))
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["sources"] |= dict.fromkeys(("comparisons", "outcomes", "external", "reference_limits"))
    config |= {"kinetics": None, "trajectory": None}
    for analyte in config["analytes"]:
        analyte["summarised"] = analyte["drawn"] = analyte["code"] == "CD4"
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def contents(root: Path) -> dict[str, bytes]:
    """Every output by path, but `run.json`, which records commit, machine and time, and what begins with a dot."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "run.json" and not _hidden(path.relative_to(root))
    }


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def differing(left: dict[str, bytes], right: dict[str, bytes]) -> list[str]:
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


@pytest.fixture(scope="session")
def demo(made_once) -> Checkout:
    """The demo study, run once on two cores; tests must not change anything in its folder."""

    def run(folder: Path) -> None:
        study_folder(REPOSITORY / "config", folder / "study")
        run = Checkout(REPOSITORY, folder).report("--cores", "2")
        assert run.returncode == 0, run.stdout + run.stderr
        (folder / "stdout.txt").write_text(run.stdout)

    return Checkout(REPOSITORY, made_once("demo", run))


@pytest.fixture(scope="session")
def lean_demo(made_once) -> Checkout:
    """The demo study without what is costly, run once; tests must not change anything in its folder."""

    def run(folder: Path) -> None:
        study_folder(REPOSITORY / "config", folder / "study")
        lean(folder / "study")
        run = Checkout(REPOSITORY, folder).report("--cores", "2")
        assert run.returncode == 0, run.stdout + run.stderr

    return Checkout(REPOSITORY, made_once("lean_demo", run))


@pytest.fixture
def copy(tmp_path, demo) -> Checkout:
    """A copy of the repository with the finished demo run, for tests that edit code or outputs."""
    return copied(demo, tmp_path)


@pytest.fixture
def lean_copy(tmp_path, lean_demo) -> Checkout:
    """The same with the lean run, for tests that run most of it again."""
    return copied(lean_demo, tmp_path)


def copied(finished: Checkout, folder: Path) -> Checkout:
    for name in ("scripts", "workflow"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "requirements.lock", folder)
    shutil.copytree(finished.folder, folder / "work", symlinks=True)
    return Checkout(folder, folder / "work")


@pytest.fixture
def manifest():
    return lambda root: json.loads((root / "manifest.json").read_text())
