"""Style, types, layers and the workflow's format, as `make lint` checks them."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy --strict": ["mypy"],
    "import-linter": ["lint-imports", "--no-cache"],
    "snakefmt": ["snakefmt", "--check", "workflow"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_check_is_clean(name):
    tool, *arguments = CHECKS[name]
    run = subprocess.run([BIN / tool, *arguments], cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]


def test_snakemake_lint_finds_nothing_but_what_is_allowed(tmp_path):
    """Allowed: no conda or container directive, because users activate one locked environment for the whole run."""
    run = subprocess.run(
        [BIN / "snakemake", "--lint", "--snakefile", REPOSITORY / "workflow" / "Snakefile",
         "--configfile", REPOSITORY / "config" / "config.yaml"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    found = {line.strip() for line in (run.stdout + run.stderr).splitlines() if line.startswith("    * ")}
    assert found == {"* Specify a conda environment or container for each rule.:"}
