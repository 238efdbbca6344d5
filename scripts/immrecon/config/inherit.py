"""A dialect may extend another: what it says goes before what the other says, and only the whole is validated."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from immrecon.config.base import build, read_yaml
from immrecon.config.dialect import Dialect
from immrecon.errors import ConfigError

EXTENDS = "extends"


def read_dialect(path: Path) -> Dialect:
    """The dialect in a file, with what it inherits.

    Raises ConfigError: as `read_yaml` and `build` for any of the files, or files extending each other in a circle.
    """
    content, line = _inherited(path, [])
    whole = path if len(line) == 1 else Path(f"{path} (extends {', '.join(name.name for name in line[1:])})")
    return build(Dialect, content, whole)


def _inherited(path: Path, heirs: list[Path]) -> tuple[dict[str, Any], list[Path]]:
    """The merged content of a file and the files it came from, itself first."""
    places = [heir.resolve() for heir in heirs]
    if path.resolve() in places:
        circle = " -> ".join(str(file) for file in [*heirs[places.index(path.resolve()) :], path])
        raise ConfigError(f"{path}: dialects extend each other in a circle: {circle}.")
    content = _read(path, heirs)
    if EXTENDS not in content:
        return content, [path]
    other = content.pop(EXTENDS)
    if not isinstance(other, str) or not other or Path(other).is_absolute():
        raise ConfigError(
            f'{path}: "{EXTENDS}": expected the path of another dialect, relative to this file (found {other!r}).'
        )
    below, line = _inherited(path.parent / other, [*heirs, path])
    return merged(below, content), [path, *line]


def _read(path: Path, heirs: list[Path]) -> dict[str, Any]:
    if heirs and not path.is_file():
        present = sorted(file.name for file in path.parent.glob("*.y*ml"))
        close = difflib.get_close_matches(path.name, present, n=1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise ConfigError(f"{path}: no such dialect; {heirs[-1]} extends it.{hint}")
    return read_yaml(path)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged key by key, at any depth; anything else, lists too, is replaced by what is above."""
    result = dict(below)
    for key, value in above.items():
        known = result.get(key)
        result[key] = merged(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return result
