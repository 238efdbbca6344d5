"""One run at a time; the orphans of a killed run are waited for, whatever has become of their parent's number."""

import subprocess
import sys
import time
from contextlib import closing

import pytest

from immrecon.errors import RunError, SourceError
from immrecon.lock import take


def test_a_second_parent_is_refused(tmp_path):
    with closing(take(tmp_path)), pytest.raises(RunError, match="another run"):
        take(tmp_path)
    take(tmp_path).close()


def test_orphans_are_waited_for_and_not_mistaken_for_a_run(tmp_path):
    lock = take(tmp_path)
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1.5)"], stdin=lock.jobs)
    lock.close()
    started = time.monotonic()
    take(tmp_path).close()
    assert time.monotonic() - started > 0.5
    assert orphan.wait() == 0


def test_a_job_of_the_parent_takes_no_second_lock(tmp_path):
    with closing(take(tmp_path)) as lock:
        code = (
            "from pathlib import Path; from immrecon.lock import take_for_this_process; "
            f"print(take_for_this_process(Path({str(tmp_path)!r})))"
        )
        run = subprocess.run([sys.executable, "-c", code], stdin=lock.jobs, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "None"


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="results cannot be written there"):
        take(tmp_path / "file")


def test_standard_input_of_this_process_is_no_lock(tmp_path):
    """Taken by a plain call: the lock becomes standard input, so this is tried in a process of its own."""
    code = (
        "from pathlib import Path; from immrecon.lock import take_for_this_process; "
        f"print(take_for_this_process(Path({str(tmp_path)!r})) is not None)"
    )
    run = subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert run.stdout.strip() == "True", run.stderr
