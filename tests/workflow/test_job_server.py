"""Scripts that run as forks of the job server end, fail and print as they would under the interpreter itself."""

import importlib.util
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from immrecon.job_server import PRELOADED, JobServer, load

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux only")


@pytest.fixture(scope="module")
def server() -> Iterator[JobServer]:
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", POLARS_MAX_THREADS="1")
    server = JobServer()
    yield server
    server.close()


@pytest.fixture
def status(server: JobServer, tmp_path: Path):
    def run(text: str) -> int:
        script = tmp_path / "step.py"
        script.write_text(textwrap.dedent(text))
        return server.run(str(script))

    return run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pass", 0),
        ("import sys; sys.exit()", 0),
        ("import sys; sys.exit(3)", 3),
        ("import sys; sys.exit('words')", 1),
        ("1 / 0", 1),
        ("raise KeyboardInterrupt", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -1),
    ],
)
def test_exit_status(status, text: str, expected: int) -> None:
    assert status(text) == expected


def test_what_a_script_prints_and_its_trace_are_seen(tmp_path: Path) -> None:
    (tmp_path / "step.py").write_text("print('said')\nraise ValueError('a reason')\n")
    command = "from immrecon.job_server import JobServer; JobServer().run('step.py')"
    ran = subprocess.run(
        [sys.executable, "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "said\n"
    assert "ValueError: a reason" in ran.stderr
    assert "step.py" in ran.stderr


def test_a_script_has_its_name_and_the_standard_input_and_can_start_processes(status, tmp_path: Path) -> None:
    told = tmp_path / "told"
    assert (
        status(f"""
        import os, subprocess, sys
        assert __name__ == "__main__"
        assert sys.argv == [__file__]
        done = subprocess.run(["true"], check=True)
        open({str(told)!r}, "w").write(repr(os.fstat(0).st_ino))
        """)
        == 0
    )
    assert told.read_text() == repr(os.fstat(0).st_ino)


def test_libraries_are_loaded_and_no_thread_is_at_work_when_a_script_starts(status) -> None:
    """A fork has one thread; one that was at work in the server would be missing, with the locks it held."""
    loaded = """
        import os, sys
        assert {"matplotlib.figure", "scipy.stats", "immrecon.config.display"} <= set(sys.modules)
        assert "polars" not in sys.modules
        threads = os.listdir(f"/proc/{os.getppid()}/task")
        assert len(threads) == 1, threads
        """
    assert status(loaded) == 0


def test_one_script_leaves_nothing_to_the_next(status) -> None:
    assert status("import builtins, polars; builtins.left = 1; polars.Series([1, 2]).sum()") == 0
    assert status("import builtins; assert not hasattr(builtins, 'left')") == 0


def test_the_server_ends_with_its_owner(tmp_path: Path) -> None:
    (tmp_path / "step.py").write_text("import os; open('server', 'w').write(str(os.getppid()))\n")
    command = (
        "import os; from immrecon.job_server import JobServer; JobServer().run('step.py'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", command], cwd=tmp_path, check=False, timeout=60)
    server = Path("/proc") / (tmp_path / "server").read_text()
    deadline = time.monotonic() + 10
    while server.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not server.exists()


def test_a_server_that_cannot_be_reached_is_an_error_that_the_caller_can_meet(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(OSError, match="none"):
        JobServer().run("step.py")


def test_a_library_that_is_not_there_is_left_to_the_script_that_needs_it(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    load(("no_such_library", "this"))
    assert "this" in sys.modules


def test_everything_that_is_loaded_ahead_is_installed() -> None:
    """Otherwise nothing would be gained, and nobody would see it."""
    assert [name for name in PRELOADED if importlib.util.find_spec(name) is None] == []
