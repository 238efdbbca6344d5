"""Lab exports harmonised by several jobs give what one job gives: LB, queries and the account of cells, byte for byte."""

import subprocess
import sys
from pathlib import Path

from .conftest import REPOSITORY, Checkout, contents, differing, study_folder

CUT = "2026-09-30"
TARGETS = [f"harmonised/lb/{part:04d}.parquet" for part in range(3)]
TARGETS += ["harmonised/queries_lab.parquet", "harmonised/cells.parquet"]


def snakemake(checkout: Checkout, *arguments: str) -> str:
    """What Snakemake says when it makes the targets."""
    command = [
        sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(REPOSITORY / "workflow" / "Snakefile"),
        "--configfile", str(checkout.config), *arguments, "--", *TARGETS,
    ]  # fmt: skip
    run = subprocess.run(command, cwd=checkout.folder, env=checkout.environment(), capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def harmonised(folder: Path, chunks: int) -> tuple[dict[str, bytes], str]:
    """Contents of the harmonised layer of the demo study in three parts, and what Snakemake said."""
    study_folder(REPOSITORY / "config", folder / "study", parts=3, chunks=chunks)
    checkout = Checkout(REPOSITORY, folder)
    said = snakemake(checkout)
    assert "Nothing to be done" in snakemake(checkout, "--dry-run")
    return contents(checkout.results(cut=CUT) / "harmonised"), said


def test_three_jobs_give_what_one_gives_and_leave_nothing_else(tmp_path):
    once, said_once = harmonised(tmp_path / "once", 1)
    chunked, said = harmonised(tmp_path / "chunked", 3)
    assert set(map(Path, TARGETS)) <= {Path("harmonised") / name for name in once}
    assert not differing(once, chunked)
    assert "harmonise_lab_chunk" in said
    assert "gather_lab" in said
    assert "harmonise_lab_chunk" not in said_once
