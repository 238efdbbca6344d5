"""What a result depends on: digests of code by import closure, of library versions, and of files."""

import ast
import functools
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = "immrecon"
SCRIPTS = Path(__file__).resolve().parents[1]
REPOSITORY = SCRIPTS.parent

DISTRIBUTION = {"yaml": "PyYAML", "importlib_metadata": "importlib-metadata"}
"""Import names whose distribution is called otherwise."""


def code_digest(script: str, scripts: Path | None = None) -> str:
    """Digest of a script, the modules of this package it reaches, and the versions of the libraries among them.

    Snakemake does not notice a change in an imported module; this digest, a parameter of every rule, does.
    Imports inside functions count. `scripts` is the folder that holds the scripts and the package.
    """
    scripts = scripts or SCRIPTS
    sources, libraries = import_closure(scripts / f"{script}.py", scripts)
    digest = hashlib.sha256()
    for path in sources:
        digest.update(f"{path.relative_to(scripts).as_posix()} {_file_digest(path)}\n".encode())
    for library in libraries:
        digest.update(f"{library}=={_version(library)}\n".encode())
    return digest.hexdigest()[:20]


def import_closure(entry: Path, scripts: Path) -> tuple[list[Path], list[str]]:
    """Source files of this package that `entry` reaches (itself included), and third-party import names."""
    sources: set[Path] = set()
    libraries: set[str] = set()
    pending = [entry]
    while pending:
        path = pending.pop()
        if path in sources:
            continue
        sources.add(path)
        if path.suffix != ".py":
            continue
        modules, outside = _imports(path, scripts)
        libraries |= outside
        pending += [module for module in modules if module not in sources]
    return sorted(sources), sorted(libraries)


@functools.cache
def _imports(path: Path, scripts: Path) -> tuple[frozenset[Path], frozenset[str]]:
    inside: set[Path] = set()
    outside: set[str] = set()
    for node in _statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            top = name.split(".")[0]
            if top == PACKAGE:
                inside |= _module_files(name, scripts)
            elif top not in sys.stdlib_module_names:
                outside.add(top)
    return frozenset(inside), frozenset(outside)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Every statement, also of functions and blocks: imports are statements, and expressions are most of a tree."""
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        yield node
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            pending += getattr(node, block, ())


@functools.cache
def _module_files(name: str, scripts: Path) -> frozenset[Path]:
    """Files that importing `immrecon.a.b` runs: every package on the way, and the module itself if it is one."""
    files: set[Path] = set()
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        base = scripts.joinpath(*parts[:depth])
        if base.with_suffix(".py").is_file():
            files.add(base.with_suffix(".py"))
        elif (base / "__init__.py").is_file():
            files.add(base / "__init__.py")
            files |= set((base / "templates").glob("*"))
    return frozenset(files)


@functools.cache
def _file_digest(path: Path) -> str:
    return file_digest(path)


@functools.cache
def _version(library: str) -> str:
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
