"""Drafts of exports, and their questions answered as a user would."""

from pathlib import Path
from typing import Any

import yaml

from immrecon.config.base import OPEN_QUESTION, build
from immrecon.config.dialect import Dialect
from immrecon.ingest.propose import Draft, propose


def drafted(folder: Path, content: str | bytes, name: str = "export.csv") -> Draft:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return propose(path)


def written(draft: Draft) -> dict[str, Any]:
    """The draft as its text says, read as any YAML."""
    content = yaml.safe_load(draft.text())
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
    """The content of the draft with each question answered as suggested, or as `answers` says by dotted path."""
    content = draft.suggested()
    agree(written(draft), content)
    for path, value in (answers or {}).items():
        place: Any = content
        *parents, last = path.split("/")
        for parent in parents:
            place = place[int(parent) if isinstance(place, list) else parent]
        place[int(last) if isinstance(place, list) else last] = value
    return content


def loaded(draft: Draft, answers: dict[str, Any] | None = None) -> Dialect:
    content = answered(draft, answers)
    assert not is_open(content), content
    return build(Dialect, content, Path("draft.yaml"))
