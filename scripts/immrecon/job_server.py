"""Jobs start as forks of one process that has the libraries loaded: most steps need longer to load them than to work.

Snakemake runs a Python script as `python script`. Here that process loads nothing twice: a server, started with the
first job, loads what scripts import whenever nobody asks for a job, and forks for each of them. A fork reads the
script as `python` would, has the standard streams of Snakemake (its input is the lock of the run folder), and its exit
status is the job's. The server ends with the process that started it.

Run as `python -m immrecon.job_server FD`, where FD is the server's end of the channel.
"""

import contextlib
import gc
import importlib
import os
import runpy
import select
import shlex
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections import deque
from pathlib import Path
from typing import Any

from immrecon.provenance import SCRIPTS, imports

LIBRARIES = (
    "snakemake.script",
    "polars",
    "dataframely",
    "matplotlib.backends.backend_svg",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
)
"""What is loaded ahead of use beside the modules of this package that scripts import."""

_LEFT = "compiled"
"""How the names of modules end that are not: numba takes its time to load, and is for large lab exports only."""

_IDLE_THREADS = {"jemalloc_bg_thd", "polars-ooc-clea"}
"""Threads that polars starts when it is imported, and that a fork can do without: the allocator starts its own again,
and the other removes files that polars puts on a full machine's disk. Threads that work with locks start with the first
query; a fork made after that would wait for them for ever."""

_LONGEST_PATH_BYTES = 4096
_REFUSED = b"no"


class JobServer:
    """The side of Snakemake. Its threads may run scripts at the same time."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, script: str) -> int:
        """The exit status of a script, negative where a signal or the end of the server has ended it.

        Raises OSError: the server cannot be started, has ended, or must not fork.
        """
        reply, theirs = socket.socketpair()
        with reply, theirs:
            socket.send_fds(self._connected(), [os.fsencode(script)], [theirs.fileno()])
            theirs.close()
            status = reply.recv(len(_REFUSED))
        if status == _REFUSED:
            raise OSError("the server of jobs has threads at work, which forks would miss")
        return status[0] if status else -1

    def close(self) -> None:
        """End the server; scripts at work go on. It ends by itself when the process that started it does."""
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.wait()

    def _connected(self) -> socket.socket:
        with self._starting:
            if self._channel is None:
                self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    end = theirs.fileno()
                    interpreter = shlex.split(sys.executable)[0]  # quoted in Snakemake's process, for its shell
                    command = [interpreter, "-m", "immrecon.job_server", str(end)]
                    self._process = subprocess.Popen(command, pass_fds=[end])  # noqa: S603 - the command is ours
            return self._channel


def serve_jobs() -> None:
    """From now on the scripts of this Snakemake process start that way, but for those that want another environment."""
    if sys.platform != "linux":  # elsewhere libraries of the system do not survive a fork
        return
    from snakemake.script import PythonScript

    server, as_a_new_process = JobServer(), PythonScript.execute_script

    def execute_script(self: Any, fname: str, edit: bool = False) -> None:
        elsewhere = (self.conda_env, self.container_img, self.env_modules, self.shadow_dir, self.bench_record)
        if edit or any(elsewhere):
            as_a_new_process(self, fname, edit=edit)
            return
        try:
            status = server.run(fname)
        except OSError:
            as_a_new_process(self, fname)
            return
        if status:
            raise subprocess.CalledProcessError(status, [sys.executable, fname])

    PythonScript.execute_script = execute_script


def load(name: str) -> None:
    """Import a module ahead of use. One that cannot be imported concerns the script that needs it, and no other."""
    with contextlib.suppress(ImportError):
        importlib.import_module(name)


def modules_of_scripts() -> list[str]:
    """The modules of this package that scripts import by name, those of the first steps first."""
    files = set().union(*(imports(script, SCRIPTS)[0] for script in SCRIPTS.glob("*.py")))
    names = {
        file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files if file.endswith(".py")
    }
    names = {name for name in names if not name.endswith(_LEFT)}
    return sorted(names, key=lambda name: (not name.startswith("immrecon.ingest."), name))


def _serve(channel: socket.socket) -> None:
    """Fork for every script that is asked for, until the other side is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a job but the one who asked for it
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ahead = deque([*LIBRARIES, *modules_of_scripts()])
    while True:
        if ahead and not select.select([channel], [], [], 0)[0]:
            load(ahead.popleft())
            continue
        script, ends, _, _ = socket.recv_fds(channel, _LONGEST_PATH_BYTES, 1)
        if not script:
            return
        if threads_at_work():
            os.write(ends[0], _REFUSED)
        else:
            gc.freeze()  # forks need not look through what is loaded for what to delete
            if os.fork() == 0:
                channel.close()
                os._exit(_job(os.fsdecode(script), ends[0]))
        os.close(ends[0])


def threads_at_work() -> set[str]:
    """Names of this process's threads that a fork would miss."""
    threads = Path("/proc/self/task")
    names = set()
    for one in sorted(set(os.listdir(threads)) - {str(os.getpid())}):
        with contextlib.suppress(FileNotFoundError):  # it has ended
            names.add((threads / one / "comm").read_text().strip())
    return names - _IDLE_THREADS


def _job(script: str, end: int) -> int:
    """Run a script in this process, which is its own, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = 1
    try:
        sys.argv = [script]
        runpy.run_path(script, run_name="__main__")
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # as the interpreter itself would: nothing is above this frame
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(end, bytes([status % 256]))
    return status


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
