"""How long the demonstration study takes: from scratch, from scratch without recovery kinetics, and with nothing to do.
Prints minimum, median and maximum.

python tests/benchmarks/demo_run.py [TIMES]

The runs take turns, so that a busy machine slows all of them. Without kinetics there are no areas, slopes and growth
curves, mixed models, landmark analyses, external controls, definition grid and limits by age, nor their figures and
tables; the rest (visit summaries and times to a fixed threshold among it) stays.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]

BY_AGE = ("cd4_age_limit", "CD4AGE")
"""Threshold and endpoint of the demonstration that need the limits by age."""


def timed(command: list[str], folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def copied(folder: Path, *, kinetics: bool) -> list[str]:
    """Copy the configuration into the folder; the command that runs it."""
    shutil.copytree(REPOSITORY / "config", folder / "study")
    config = folder / "study" / "config.yaml"
    content = yaml.safe_load(config.read_text())
    data = REPOSITORY / "data" / "demo"
    content["sources"]["data"] = str(data)
    for cut in content["cuts"].values():
        cut["checksums"] = None
        if cut["compared_with"]:
            cut["compared_with"]["queries"] = str(data / Path(cut["compared_with"]["queries"]).name)
    if not kinetics:
        _leave_out_kinetics(content, folder / "study" / "endpoints.yaml")
    config.write_text(yaml.safe_dump(content))
    return [sys.executable, "-m", "immrecon.cli", "report", "--config", str(config)]


def _leave_out_kinetics(content: dict[str, Any], endpoints: Path) -> None:
    content["kinetics"] = content["trajectory"] = None
    content["sources"] |= {"outcomes": None, "external": None, "reference_limits": None}
    found = {
        section: {code: one for code, one in declared.items() if code not in BY_AGE}
        for section, declared in yaml.safe_load(endpoints.read_text()).items()
    }
    endpoints.write_text(yaml.safe_dump(found | {"definition_grid": None}, sort_keys=False))


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    scratch, without, idle = [], [], []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            command = copied(folder, kinetics=True)
            scratch.append(timed(command, folder))
            idle.append(timed(command, folder))
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            without.append(timed(copied(folder, kinetics=False), folder))
    added = [one - other for one, other in zip(scratch, without, strict=True)]
    for what, seconds in (
        ("from scratch", scratch),
        ("without kinetics", without),
        ("kinetics add", added),
        ("nothing to do", idle),
    ):
        print(f"{what:16s} {min(seconds):5.1f} {statistics.median(seconds):5.1f} {max(seconds):5.1f} s")


if __name__ == "__main__":
    main()
