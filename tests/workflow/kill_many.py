"""Kill a run at random moments, start it again, compare bytes: 20 times the parent alone, 20 times the whole group.

    python tests/workflow/kill_many.py [TIMES] [SEED]

Needs about TIMES minutes. Ends with exit code 1 at the first difference.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def kill_once(
    command: list[str], folder: Path, environment: dict[str, str], whole_group: bool, after_seconds: float
) -> bool:
    """Start the command and kill -9 its Snakemake (alone), or everything it started; False if it ended before."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after_seconds)
        return False
    except subprocess.TimeoutExpired:
        pass
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        for child in _children(process.pid):
            os.kill(child, signal.SIGKILL)
        process.kill()
    process.wait()
    return True


def _children(parent: int) -> list[int]:
    listing = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False)
    return [int(line) for line in listing.stdout.split()]


def main() -> int:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from workflow.conftest import REPOSITORY, Checkout, contents, differing, study_folder

    times, seed = (int(value) for value in (*sys.argv[1:], *("20", "1")[len(sys.argv) - 1 :]))
    moments = random.Random(seed)
    with tempfile.TemporaryDirectory() as reference_folder:
        study_folder(REPOSITORY / "config", Path(reference_folder) / "study")
        reference = Checkout(REPOSITORY, Path(reference_folder))
        started = time.monotonic()
        run = reference.report()
        assert run.returncode == 0, run.stderr
        length = time.monotonic() - started
        expected = contents(reference.results())
        for attempt in range(2 * times):
            whole_group = attempt % 2 == 1
            with tempfile.TemporaryDirectory() as folder:
                study_folder(REPOSITORY / "config", Path(folder) / "study")
                checkout = Checkout(REPOSITORY, Path(folder))
                after = moments.uniform(0.2, length)
                killed = kill_once(checkout.command(), Path(folder), checkout.environment(), whole_group, after)
                run = checkout.report()
                bad = differing(expected, contents(checkout.results())) if run.returncode == 0 else [run.stderr]
                what = "group" if whole_group else "parent"
                print(
                    f"{attempt + 1:3d} {what:6s} after {after:5.1f} s, killed: {killed}, differing: {bad}", flush=True
                )
                if bad:
                    return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
