"""Style, types, layers and the workflow's format, as `make lint` checks them."""

import json
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
    allowed = {
        "No package management definition": "one locked environment",
        "Specify a conda environment or container for each rule.": "one locked environment",
    }
    run = subprocess.run(
        [BIN / "snakemake", "--lint", "json", "--snakefile", REPOSITORY / "workflow" / "Snakefile",
         "--configfile", REPOSITORY / "config" / "config.yaml"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    text = run.stdout[run.stdout.index("{") :] if "{" in run.stdout else "{}"
    found = json.loads(text)
    titles = {lint["title"] for kind in found.values() for entry in kind for lint in entry["lints"]}
    assert titles <= set(allowed), titles
