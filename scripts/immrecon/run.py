"""`make report`: one run at a time, a progress display, and three lines at the end."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from immrecon.config.load import load_study
from immrecon.config.study import Study
from immrecon.errors import RunError
from immrecon.lock import take
from immrecon.provenance import REPOSITORY

_DONE = re.compile(r"^(\d+) of (\d+) steps \((\d+)%\) done")
_STARTED = re.compile(r"^(?:local)?rule (\w+):")
_FORESEEN = re.compile(r"^immrecon error in \w+: (?P<sentence>.+)")
_FAULT = re.compile(r"^immrecon fault in (?P<step>\w+): (?P<error>.+)")
_REFUSED = re.compile(r"WorkflowError[^\n]*\n(?P<sentence>(?!At least one job).+)")


def run_report(config: Path, data_cut: str | None, cores: int) -> None:
    """Run the pipeline of one study and cut and print where the report is.

    Raises ConfigError or SourceError before anything runs, RunError when a step fails.
    """
    started = time.monotonic()
    study = load_study(config, data_cut)
    root = study.results_folder
    with closing(take(root)) as lock:
        _snakemake(study, config, cores, lock.jobs)
    report = root / "report" / "closed" / "report.html"
    print(f"Report:    {report.relative_to(Path.cwd()) if report.is_relative_to(Path.cwd()) else report}")
    print(f"Lab cells: {_cells(root)}")
    print(f"Time:      {time.monotonic() - started:.1f} s")


def _snakemake(study: Study, config: Path, cores: int, lock: IO[str]) -> None:
    command = [
        sys.executable, "-m", "snakemake", "--cores", str(cores),
        "--snakefile", str(REPOSITORY / "workflow" / "Snakefile"),
        "--configfile", str(config), "--config", f"data_cut={study.file.data_cut}",
    ]  # fmt: skip
    tail: deque[str] = deque(maxlen=60)
    errors: list[str] = []
    with (
        _progress() as show,
        subprocess.Popen(  # noqa: S603 - the command is ours, its arguments are paths
            command,
            stdin=lock,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=_environment(study.results_folder),
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(line)
            if match := _FORESEEN.match(line):
                errors.append(match["sentence"].strip())
            elif match := _FAULT.match(line):
                errors.append(_fault(match, study.results_folder))
            show(line)
    if process.returncode != 0:
        raise RunError("\n".join(errors) if errors else _other_failure("".join(tail).strip()))


def _environment(root: Path) -> dict[str, str]:
    """The environment, with a place for caches where the user has none (a container without a home, say)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache).close()
    except OSError:
        return os.environ | {"XDG_CACHE_HOME": str(root / ".cache")}
    return dict(os.environ)


def _fault(match: re.Match[str], root: Path) -> str:
    log = root / "logs" / f"{match['step']}.log"
    return (
        f"{match['step']} failed in a way that was not foreseen: {match['error'].strip()}. "
        f"Hint: this is a fault in immrecon; please report it with the end of {log}, after removing patient data."
    )


def _other_failure(output: str) -> str:
    """What Snakemake itself refused, or the end of the output of a job that could not say why it died."""
    if match := _REFUSED.search(output):
        return match["sentence"].strip()
    return f"a step failed in a way that was not foreseen. The end of its output:\n{output}"


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A function that reads Snakemake's lines and keeps a bar on the terminal, or a line per step elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("planning", total=None)

        def show(line: str) -> None:
            if started := _STARTED.match(line):
                bar.update(task, description=started.group(1))
            elif done := _DONE.match(line):
                bar.update(task, completed=int(done.group(1)), total=int(done.group(2)))
                if not console.is_terminal:
                    console.print(f"{done.group(1)} of {done.group(2)} steps done", highlight=False)

        yield show


def _cells(root: Path) -> str:
    import polars as pl

    cells = pl.read_parquet(root / "harmonised" / "cells.parquet", glob=False)
    total = {name: int(cells[name].sum()) for name in cells.columns if name.startswith("n_")}
    used = total["n_value"] + total["n_censored"]
    other = total["n_not_done"] + total["n_superseded"] + total["n_excluded"] + total["n_not_requested"]
    return (
        f"{total['n_read']:,} read = {used:,} used ({total['n_censored']:,} below or above a limit) + "
        f"{total['n_queried']:,} queried + {other:,} not done, superseded, excluded or not requested"
    )
