"""Drafts of exports, and their questions answered as a user would."""

import tempfile
from pathlib import Path
from typing import Any

import yaml

from immrecon.config.base import OPEN_QUESTION
from immrecon.config.dialect import Dialect
from immrecon.config.inherit import read_dialect
from immrecon.ingest.propose import Draft, propose

REMOVED = object()
"""The answer that takes a key away."""


def drafted(folder: Path, content: str | bytes, name: str = "export.csv") -> Draft:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return propose(path)


def written(draft: Draft) -> dict[str, Any]:
    """The draft as its text says, read as any YAML."""
    content = yaml.load(draft.text(), Loader=yaml.CSafeLoader)
    assert isinstance(content, dict)
    return content


def is_open(content: object) -> bool:
    if isinstance(content, dict):
        return any(is_open(key) or is_open(value) for key, value in content.items())
    return content == OPEN_QUESTION or (isinstance(content, list) and any(map(is_open, content)))


def agree(text: Any, suggested: Any) -> None:
    """What the text says is what the draft holds, but for the questions."""
    if isinstance(text, dict):
        for key in text:
            if key != OPEN_QUESTION and (not is_open(text[key]) or isinstance(text[key], dict)):
                if isinstance(suggested, dict) and key in suggested:
                    agree(text[key], suggested[key])
                else:
                    assert is_open(text), key
    elif not is_open(text):
        assert text == suggested


def answered(draft: Draft, answers: dict[str, Any] | None = None) -> dict[str, Any]:
    """The content of the draft with each question answered as suggested, or as `answers` says by path, "/" in a key as "~1"."""
    content = draft.suggested()
    agree(written(draft), content)
    for path, value in (answers or {}).items():
        place: Any = content
        *parents, last = (part.replace("~1", "/") for part in path.split("/"))
        for parent in parents:
            place = place[int(parent) if isinstance(place, list) else parent]
        if value is REMOVED:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return content


def loaded(draft: Draft, answers: dict[str, Any] | None = None) -> Dialect:
    content = answered(draft, answers)
    assert not is_open(content), content
    return read_as_file(content)


def read_as_file(content: dict[str, Any]) -> Dialect:
    """The dialect as any study reads it, from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft.yaml"
        path.write_text(
            yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        return read_dialect(path)
