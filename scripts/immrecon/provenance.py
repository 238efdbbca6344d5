"""What a result depends on: digests of code by import closure, of library versions, and of files."""

import functools
import hashlib
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGE = "immrecon"
SCRIPTS = Path(__file__).resolve().parents[1]
REPOSITORY = SCRIPTS.parent

DISTRIBUTION = {"yaml": "PyYAML", "importlib_metadata": "importlib-metadata"}
"""Import names whose distribution is called otherwise."""

# Import statements as they stand in a line of their own. Every job reads them in all modules it reaches, and a tree of
# each module's syntax would take longer than many a job's own work.
_DOCSTRING = re.compile(rb'"""(?:[^"\\]|\\.|"(?!""))*"""', re.DOTALL)
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\w[\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n]+)|import[ \t]+([^\n]+))", re.MULTILINE
)
_COMMENT = re.compile(rb"#[^\n]*")


def code_digest(script: str, scripts: Path | None = None) -> str:
    """Digest of a script and the modules of this package it reaches, and one of the versions of the libraries they use.

    Snakemake does not notice a change in an imported module; this digest, a parameter of every rule, does.
    Imports inside functions count. `scripts` is the folder that holds the scripts and the package.
    """
    scripts = scripts or SCRIPTS
    sources, libraries = import_closure(scripts / f"{script}.py", scripts)
    versions = "\n".join(f"{library}=={_version(library)}" for library in libraries)
    return f"{_digest_of_sources(sources, scripts)}-{text_digest(versions)[:12]}"


def source_digest(script: str, scripts: Path) -> str:
    """The part of `code_digest` that is of this project."""
    sources, _ = import_closure(scripts / f"{script}.py", scripts)
    return _digest_of_sources(sources, scripts)


def _digest_of_sources(sources: Iterable[Path], scripts: Path) -> str:
    digest = hashlib.sha256()
    for path in sources:
        digest.update(f"{path.relative_to(scripts).as_posix()} {_file_digest(path)}\n".encode())
    return digest.hexdigest()[:20]


def import_closure(entry: Path, scripts: Path) -> tuple[list[Path], list[str]]:
    """Source files of this package that `entry` reaches (itself included), and third-party import names."""
    sources: set[str] = set()
    libraries: set[str] = set()
    pending = {entry.relative_to(scripts).as_posix()}
    while pending:
        file = pending.pop()
        sources.add(file)
        if file.endswith(".py"):
            modules, outside = imports(scripts / file, scripts)
            libraries |= outside
            pending |= modules - sources
    return [scripts / file for file in sorted(sources)], sorted(libraries)


@functools.cache
def imports(path: Path, scripts: Path) -> tuple[frozenset[str], frozenset[str]]:
    """What a module imports: files below `scripts`, and third-party import names."""
    inside: set[str] = set()
    outside: set[str] = set()
    for module, members, modules in _IMPORT.findall(_DOCSTRING.sub(b"", path.read_bytes())):
        listed = [
            part.split()[0] for part in _COMMENT.sub(b"", members or modules).strip(b"() ").split(b",") if part.split()
        ]
        names = [name.decode() for name in ([module, *(module + b"." + name for name in listed)] if module else listed)]
        for name in names:
            top = name.partition(".")[0]
            if top == PACKAGE:
                inside |= _module_files(name, scripts)
            elif top not in sys.stdlib_module_names:
                outside.add(top)
    return frozenset(inside), frozenset(outside)


@functools.cache
def _module_files(name: str, scripts: Path) -> frozenset[str]:
    """Files that importing `immrecon.a.b` runs: every package on the way, and the module itself if it is one."""
    package, _, _ = name.rpartition(".")
    return _own_files(name, scripts) | (_module_files(package, scripts) if package else frozenset())


def _own_files(name: str, scripts: Path) -> frozenset[str]:
    known, base = _files(scripts), name.replace(".", "/")
    if f"{base}.py" in known:
        return frozenset({f"{base}.py"})
    if f"{base}/__init__.py" in known:
        return frozenset(
            file for file in known if file == f"{base}/__init__.py" or file.startswith(f"{base}/templates/")
        )
    return frozenset()


@functools.cache
def _files(scripts: Path) -> frozenset[str]:
    """Every file of the package, by its path below `scripts`."""
    return frozenset(
        f"{Path(folder).relative_to(scripts).as_posix()}/{file}"
        for folder, _, files in os.walk(scripts / PACKAGE)
        if not folder.endswith("__pycache__")
        for file in files
    )


@functools.cache
def _file_digest(path: Path) -> str:
    return file_digest(path)


@functools.cache
def _version(library: str) -> str:
    import importlib.metadata  # not needed in a job, and slow to import

    return importlib.metadata.version(DISTRIBUTION.get(library, library))


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file, as hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def text_digest(text: str) -> str:
    """SHA-256 of a text, as hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_files(paths: Iterable[Path], root: Path) -> str:
    """One digest of many files, independent of the order they are given in."""
    lines = [f"{path.relative_to(root).as_posix()} {file_digest(path)}" for path in sorted(paths)]
    return text_digest("\n".join(lines))
