"""The draft: entries with their evidence, written as commented YAML. An open question is a value nobody accepts."""

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from immrecon.config.base import OPEN_QUESTION
from immrecon.quoting import safe

State = Literal["sure", "inferred", "question", "note"]
WIDTH = 118
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(?: [A-Za-z0-9_.-]+)*")
_NOT_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


@dataclass(frozen=True)
class Remark:
    state: State
    text: str


@dataclass(frozen=True)
class Entry:
    """One key of the draft: its value (with "???" where a question is open), why, and the value if every question in
    it is answered as suggested ("???" stays where nothing can be suggested).
    """

    value: Any
    remarks: tuple[Remark, ...] = ()
    suggested: Any = None

    @property
    def answer(self) -> Any:
        return self.value if self.suggested is None else self.suggested


def sure(value: Any, why: str) -> Entry:
    return Entry(value, (Remark("sure", why),))


def inferred(value: Any, why: str) -> Entry:
    return Entry(value, (Remark("inferred", why),))


def question(asked: str, suggested: Any = OPEN_QUESTION, value: Any = OPEN_QUESTION) -> Entry:
    return Entry(value, (Remark("question", asked),), suggested)


Tree = Mapping[str, "Entry | Tree"]


@dataclass(frozen=True)
class Draft:
    """The dialect as a tree of entries, in the order of the dialect's keys."""

    file: str
    tree: Tree

    @property
    def questions(self) -> list[str]:
        """The questions in the order of their numbers."""
        return [remark.text for entry in _entries(self.tree) for remark in entry.remarks if remark.state == "question"]

    def count(self, state: State) -> int:
        return sum(remark.state == state for entry in _entries(self.tree) for remark in entry.remarks)

    def suggested(self) -> dict[str, Any]:
        """The content with each question answered as suggested; "???" stays where nothing is suggested."""
        return _values(self.tree)

    def text(self) -> str:
        n = len(self.questions)
        head = (
            f"Draft dialect of {self.file}, to be read by a person before it is used. sure: the file admits nothing "
            f"else; inferred: from the cells that are named; QUESTION: not to be decided from the file. {n} of them: "
            f'each is answered by replacing its "{OPEN_QUESTION}", and until then the file is refused.'
        )
        numbers = iter(range(1, n + 1))
        return "\n".join([*_comment(head, 0), *_lines(self.tree, 0, numbers)]) + "\n"


def _entries(tree: Tree) -> Iterator[Entry]:
    for item in tree.values():
        if isinstance(item, Entry):
            yield item
        else:
            yield from _entries(item)


def _values(tree: Tree) -> dict[str, Any]:
    return {key: item.answer if isinstance(item, Entry) else _values(item) for key, item in tree.items()}


def _lines(tree: Tree, depth: int, numbers: Iterator[int]) -> Iterator[str]:
    indent = "  " * depth
    for key, item in tree.items():
        if not isinstance(item, Entry):
            if depth == 0:
                yield ""
            yield f"{indent}{scalar(key)}:"
            yield from _lines(item, depth + 1, numbers)
            continue
        for remark in item.remarks:
            label = f"QUESTION {next(numbers)}" if remark.state == "question" else remark.state
            yield from _comment(remark.text if remark.state == "note" else f"{label}: {remark.text}", depth)
        yield from _pair(key, item.value, depth)


def _pair(key: str, value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    line = f"{indent}{scalar(key)}: {flow(value)}"
    if isinstance(value, list) and value and (len(line) > WIDTH or isinstance(value[0], dict)):
        yield f"{indent}{scalar(key)}:"
        yield from (f"{indent}  - {flow(item)}" for item in value)
    else:
        yield line


def _comment(text: str, depth: int) -> Iterator[str]:
    lead = "  " * depth + "# "
    lines = textwrap.wrap(
        safe(text), WIDTH - len(lead), subsequent_indent="  ", break_long_words=True, break_on_hyphens=False
    )
    yield from (lead + line for line in lines)


def flow(value: Any) -> str:
    """A value on one line, as YAML."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:.12g}"
        case list() | tuple():
            return f"[{', '.join(map(flow, value))}]"
        case dict():
            return f"{{{', '.join(f'{scalar(key)}: {flow(item)}' for key, item in value.items())}}}"
        case _:
            return scalar(str(value))


def scalar(text: str) -> str:
    """A text as YAML reads it back: bare, in single quotes, or with escapes for what cannot be seen."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _NOT_TEXT:
        return text
    if "'" not in text and all(map(_visible, text)):
        return f"'{text}'" if "\\" in text or '"' in text else f'"{text}"'
    return '"' + "".join(map(_escaped, text)) + '"'


def _visible(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] not in "CZ"


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if _visible(character):
        return character
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
