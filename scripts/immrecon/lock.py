"""One run at a time in a run folder, without ever locking out the run that takes over after a kill.

Two advisory locks, which end with the processes that hold them. `.lock` is the standard input of Snakemake, which
every job inherits: it is free when the last job of a killed run has ended. `.running` belongs to the living parent
alone: while it is held, a second run is refused; when only `.lock` is held, orphans are waited for.
"""

import fcntl
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from immrecon.errors import RunError, SourceError

_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class RunLock:
    """The locks of a run folder; free again when closed, and at the latest when the processes have ended."""

    jobs: IO[str]
    parent: IO[str]

    def close(self) -> None:
        self.jobs.close()
        self.parent.close()


def prepare(folder: Path) -> None:
    """Make the run folder.

    Raises SourceError: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").open("a").close()
    except OSError as error:
        raise SourceError(
            f"{folder}: results cannot be written there ({error.strerror}). "
            "Hint: make the folder writable, or set sources.results in the configuration to one that is."
        ) from None


def take(folder: Path) -> RunLock:
    """The locks of a run folder, after waiting for the orphans of a killed run.

    Raises SourceError: nothing can be written there. Raises RunError: another run is at work there.
    """
    prepare(folder)
    parent = (folder / ".running").open("a+", encoding="utf-8")
    if not _locked(parent):
        parent.seek(0)
        holder = parent.read().strip() or "unknown"
        parent.close()
        raise RunError(f"{folder}: another run (process {holder}) is working there. Wait for it to end.")
    parent.truncate(0)
    parent.write(str(os.getpid()))
    parent.flush()
    jobs = (folder / ".lock").open("a+", encoding="utf-8")
    if not _locked(jobs):
        print("Waiting for the last jobs of an earlier, killed run to end ...", file=sys.stderr)
        while not _locked(jobs):
            time.sleep(_POLL_SECONDS)
    return RunLock(jobs, parent)


def take_for_this_process(folder: Path) -> RunLock | None:
    """The same for a plain `snakemake` call: the lock becomes standard input, so that its jobs inherit it.

    None where the parent, `immrecon report`, has taken it already.
    """
    prepare(folder)
    if _inherited(folder):
        return None
    lock = take(folder)
    os.dup2(lock.jobs.fileno(), 0)
    return lock


def _inherited(folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(0), (folder / ".lock").stat())
    except OSError:
        return False  # standard input is closed


def _locked(stream: IO[str]) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
