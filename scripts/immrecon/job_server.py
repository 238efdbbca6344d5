"""Jobs start as forks of one process that has the libraries loaded: most steps need longer to load them than to work.

Snakemake runs a Python script as `python script`. Here that process loads nothing twice: a server, started with the
first job, loads what most scripts import and forks for each of them. A fork reads the script as `python` would, has
the standard streams of Snakemake (its input is the lock of the run folder), and its exit status is the job's.
The server ends with the process that started it.

Run as `python -m immrecon.job_server FD`, where FD is the server's end of the channel.
"""

import contextlib
import importlib
import os
import runpy
import shlex
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterable
from typing import Any

PRELOADED = (
    "snakemake.script",
    "immrecon.jobs",
    "immrecon.config.display",
    "immrecon.config.specs",
    "matplotlib.figure",
    "matplotlib.style",
    "matplotlib.backends.backend_svg",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    # dataframely loads them if they are there, which they are with Snakemake
    "sqlalchemy.dialects.mssql",
    "sqlalchemy.dialects.postgresql",
)
"""What many scripts import and starts no thread: a fork has none but its own, and would miss the locks of the others.
So polars, which starts some when it is imported, is loaded by each script."""

_LONGEST_PATH_BYTES = 4096


class JobServer:
    """The side of Snakemake. Its threads may run scripts at the same time."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, script: str) -> int:
        """The exit status of a script, negative where a signal or the end of the server has ended it.

        Raises OSError: the server cannot be started, or has ended.
        """
        reply, theirs = socket.socketpair()
        with reply, theirs:
            socket.send_fds(self._connected(), [os.fsencode(script)], [theirs.fileno()])
            theirs.close()
            status = reply.recv(1)
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


def load(names: Iterable[str]) -> None:
    """Import modules ahead of use. One that cannot be imported concerns the script that needs it, and no other."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _serve(channel: socket.socket) -> None:
    """Fork for every script that is asked for, until the other side is gone."""
    load(PRELOADED)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a job but the one who asked for it
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        script, ends, _, _ = socket.recv_fds(channel, _LONGEST_PATH_BYTES, 1)
        if not script:
            return
        if os.fork() == 0:
            channel.close()
            os._exit(_job(os.fsdecode(script), ends[0]))
        os.close(ends[0])


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
