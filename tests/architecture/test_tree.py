"""The tree is the one that the design names; files stay small; nothing speaks of what is not the project."""

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    ".ci", ".gitattributes", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "config", "data", "environment.yml", "pyproject.toml", "requirements.lock", "results", "scripts", "tests",
    "workflow",
}  # fmt: skip


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [name for name in listing.stdout.splitlines() if (REPOSITORY / name).exists()]


def test_top_level_is_fixed(tracked):
    assert {name.split("/")[0] for name in tracked} == TOP_LEVEL


def test_package_files_are_small_and_well_named(tracked):
    for name in tracked:
        if name.startswith("scripts/") and name.endswith(".py"):
            assert len((REPOSITORY / name).read_text().splitlines()) <= 320, name
            assert not re.search(r"/(utils?|helpers?|common|misc)\.py$", name), name


def test_no_machine_path_and_no_registry_address(tracked):
    home = str(REPOSITORY.parent) + "/"
    for name in tracked:
        path = REPOSITORY / name
        if path.suffix in {".png", ".xlsx", ".pdf"} or name.startswith("data/"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert home not in text, name
        assert "pypi" + ".org" not in text, name


def test_results_are_not_tracked_but_their_dictionary_is(tracked):
    assert [name for name in tracked if name.startswith("results/")] == ["results/README.md"]
