"""The record of a run: files as received, what it was made from, and the digest of every output."""

import json
import os
import platform
import posixpath
import re
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from immrecon.contracts.io import write_text
from immrecon.errors import SourceError
from immrecon.provenance import REPOSITORY, file_digest, text_digest

_CHECKSUM = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9a-fA-F]{64})(?: [ *]|\s)(?P<name>\s*\S.*)")
"""A line of `sha256sum`. A backslash before it says that backslashes and line breaks in the name are escaped."""


def write_json(content: object, path: str | Path) -> None:
    """Indented JSON with sorted keys: the same content gives the same bytes."""
    write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", path)


def read_json(path: str | Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def verify_sources(files: Iterable[str], folder: str, checksums: str | None) -> list[dict[str, str]]:
    """Path within the cut's folder and SHA-256 of every file as received.

    Raises SourceError where the cut is frozen and a file changed, is missing, or is not listed.
    """
    found = {Path(os.path.relpath(file, folder)).as_posix(): file_digest(file) for file in files if file != checksums}
    if checksums is not None:
        _refuse_changes(found, _read_checksums(checksums), Path(folder), checksums)
    return [{"path": path, "sha256": found[path]} for path in sorted(found)]


def _read_checksums(path: str) -> dict[str, str]:
    """SHA-256 by path within the cut's folder, as `sha256sum` lists them: "./name" is "name", "*" marks binary."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise SourceError(
            f"{path}: the list of checksums of the frozen cut cannot be read ({error.strerror})."
        ) from None
    except UnicodeDecodeError:
        raise SourceError(f"{path}: the list of checksums of the frozen cut is not UTF-8 text.") from None
    digests: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, digest = _checksum(line.removesuffix("\r"), f"{path}, line {number}")
        if digests.setdefault(name, digest) != digest:
            raise SourceError(f'{path}, line {number}: "{name}" is listed before with another checksum.')
    return digests


def _checksum(line: str, where: str) -> tuple[str, str]:
    match = _CHECKSUM.fullmatch(line)
    if match is None:
        raise SourceError(
            f'{where}: expected 64 hexadecimal digits, two blanks and the name of a file, found "{line[:80]}". '
            "Hint: make the list with sha256sum, in the folder of the cut."
        )
    name = match["name"]
    if match["escaped"]:
        name = re.sub(r"\\([\\nr])", lambda sign: {"\\": "\\", "n": "\n", "r": "\r"}[sign[1]], name)
    return posixpath.normpath(name), match["digest"].lower()


def _refuse_changes(found: Mapping[str, str], frozen: Mapping[str, str], folder: Path, checksums: str) -> None:
    """Every listed file must be there unchanged, used or not; every used file must be listed."""
    there = {name: file_digest(folder / name) for name in frozen if (folder / name).is_file()}
    changed = [name for name, digest in there.items() if frozen[name] != digest]
    present = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.resolve() != Path(checksums).resolve()
    }
    added = sorted((present | found.keys()) - frozen.keys())
    missing = [name for name in frozen if name not in there]
    problems = [
        f"{what}: {', '.join(sorted(names)[:5])}"
        for what, names in (("changed", changed), ("not listed", added), ("missing", missing))
        if names
    ]
    if problems:
        raise SourceError(
            f"The cut is frozen by {checksums}, but its files are not the same any more ({'; '.join(problems)}). "
            "Hint: restore the files as received; if they were meant to change, make a new cut."
        )


def record_inputs(sources: str, params: Any) -> dict[str, object]:
    """What the report prints: everything that decides its numbers."""
    return {
        "study": params.study,
        "data_cut": params.data_cut,
        "immrecon_version": params.version,
        "inputs": [*read_json(sources), *params.compared_with],
        "config_sha256": text_digest(params.run_config),
        "code_sha256": params.all_code,
        "lock_sha256": params.lock,
    }


def manifest(files: Iterable[str]) -> dict[str, str]:
    """SHA-256 of every output, by path within the run folder; of a folder, of every file in it.

    The manifest itself and `run.json` are left out.
    """
    paths = [Path(file) for file in files]
    inside = [found for path in paths if path.is_dir() for found in path.rglob("*")]
    outputs = [path for path in (*paths, *inside) if path.is_file() and not path.name.startswith(".")]
    return {path.as_posix(): file_digest(path) for path in outputs}


def run_record() -> dict[str, str]:
    """The one output that differs between runs: commit, machine, time."""
    return {
        "commit": _commit(),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def _commit() -> str:
    try:
        run = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40"],  # noqa: S607
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return "not a git checkout"
    return run.stdout.strip()
