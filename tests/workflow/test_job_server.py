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

from immrecon.job_server import LIBRARIES, JobServer, load, modules_of_scripts

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


def test_libraries_and_what_scripts_import_are_loaded(server: JobServer, status, tmp_path: Path) -> None:
    """Whenever nobody asks for a job; so it is asked again for a while."""
    (tmp_path / "step.py").write_text(
        "import sys\n"
        f"wanted = set({[*LIBRARIES, *modules_of_scripts()]!r})\n"
        "sys.exit(len(wanted - set(sys.modules)) > 0)\n"
    )
    deadline = time.monotonic() + 60
    while server.run(str(tmp_path / "step.py")) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert server.run(str(tmp_path / "step.py")) == 0


def test_no_thread_that_a_fork_would_miss_is_at_work_when_everything_is_loaded(status) -> None:
    """A fork has one thread; one that was at work in the server would be missing, with the locks it held."""
    loaded = """
        import os
        threads = f"/proc/{os.getppid()}/task"
        names = {open(f"{threads}/{one}/comm").read().strip() for one in os.listdir(threads) if int(one) != os.getppid()}
        assert names <= {"jemalloc_bg_thd", "polars-ooc-clea"}, names
        """
    assert status(loaded) == 0


def test_queries_of_polars_work_in_forks(status) -> None:
    assert (
        status("""
        import polars as pl
        frame = pl.DataFrame({"a": [3, 1, 2] * 50_000}).lazy().group_by("a").agg(pl.len()).sort("a").collect()
        assert frame["len"].to_list() == [50_000] * 3
        frame.lazy().sink_parquet(__file__ + ".parquet")
        """)
        == 0
    )


def test_a_server_with_a_thread_at_work_forks_no_more(tmp_path: Path) -> None:
    """A fork that came after it could wait for ever."""
    (tmp_path / "step.py").write_text("pass\n")
    code = """
        import socket, threading
        from immrecon import job_server

        def ask():
            try:
                server.run("step.py")
            except OSError as error:
                print(error)
            here.close()

        job_server.LIBRARIES, job_server.modules_of_scripts = (), list
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server = job_server.JobServer()
        server._channel = here
        threading.Thread(target=ask).start()
        job_server._serve(there)
        """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "threads at work" in ran.stdout


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
    load("no_such_library")
    load("this")
    assert "this" in sys.modules


def test_everything_that_is_loaded_ahead_is_installed() -> None:
    """Otherwise nothing would be gained, and nobody would see it."""
    assert len(modules_of_scripts()) > 40
    assert [name for name in (*LIBRARIES, *modules_of_scripts()) if importlib.util.find_spec(name) is None] == []
