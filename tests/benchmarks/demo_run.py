"""How long the demonstration study takes: from scratch, and with nothing to do. Prints minimum, median and maximum.

python tests/benchmarks/demo_run.py [TIMES]
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]


def timed(command: list[str], folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    scratch, idle = [], []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shutil.copytree(REPOSITORY / "config", folder / "study")
            config = folder / "study" / "config.yaml"
            content = yaml.safe_load(config.read_text())
            content["sources"]["data"] = str(REPOSITORY / "data" / "demo")
            for cut in content["cuts"].values():
                cut["checksums"] = None
            config.write_text(yaml.safe_dump(content))
            command = [sys.executable, "-m", "immrecon.cli", "report", "--config", str(config)]
            scratch.append(timed(command, folder))
            idle.append(timed(command, folder))
    for what, seconds in (("from scratch", scratch), ("nothing to do", idle)):
        print(f"{what:14s} {min(seconds):5.1f} {statistics.median(seconds):5.1f} {max(seconds):5.1f} s")


if __name__ == "__main__":
    main()
