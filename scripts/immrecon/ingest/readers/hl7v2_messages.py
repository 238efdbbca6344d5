"""A file of HL7 v2 as messages of lines: segment ends, MLLP framing, batch headers and trailers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from immrecon.ingest.readers.grid import Remark
from immrecon.vocabulary import Severity

Line = tuple[int, str]
"""Number of the line in the file, and its text."""

SHOWN = 60
_NAMES_PEOPLE = ("PID", "NK1", "GT1", "IN1")


def excerpt(text: str) -> str:
    """The beginning of a line for a query; of a segment with names of people only which one it is."""
    return text[:3] if text[:3].upper() in _NAMES_PEOPLE else text[:SHOWN]


@dataclass
class _Batches:
    """What headers and trailers of batches promise, against what is there."""

    remarks: list[Remark] = field(default_factory=list)
    opened: int | None = None
    messages: int = 0

    def header(self, line: Line) -> None:
        self.close()
        self.opened, self.messages = line[0], 0

    def trailer(self, line: Line) -> None:
        promised = line[1][4:].split(line[1][3:4] or "|")[0].strip()
        counted = self.opened is not None and re.fullmatch("[0-9]{1,9}", promised) is not None
        if counted and int(promised) != self.messages:
            self._say(line[0], f"The batch says that it holds {promised} messages; {self.messages} are there.")
        self.opened = None

    def close(self) -> None:
        if self.opened is not None:
            self._say(self.opened, "The batch that begins here does not end: the file may be cut short.")
        self.opened = None

    def _say(self, row: int, message: str) -> None:
        self.remarks.append(Remark(row, "batch_incomplete", message, hint="Ask the sender for the file again."))


def split_messages(text: str) -> tuple[list[list[Line]], list[Remark]]:
    """Messages as their lines that are not blank, and remarks on lines outside of them and on incomplete batches."""
    messages: list[list[Line]] = []
    batches = _Batches()
    current: list[Line] | None = None
    outside: list[Remark] = []
    for line in _lines(text):
        match line[1][:3]:
            case "MSH":
                current = [line]
                messages.append(current)
                batches.messages += 1
            case "BHS":
                batches.header(line)
                current = None
            case "BTS":
                batches.trailer(line)
                current = None
            case "FHS" | "FTS":
                current = None
            case _ if current is not None:
                current.append(line)
            case _:
                outside.append(
                    Remark(
                        line[0],
                        "segment_unreadable",
                        "The line belongs to no message and is not read.",
                        Severity.ERROR,
                        "The line before it that begins with MSH may be damaged.",
                        excerpt(line[1]),
                    )
                )
    batches.close()
    return messages, [*outside, *batches.remarks]


def _lines(text: str) -> Iterator[Line]:
    """Lines that are not blank. CR, LF and CRLF end a line; MLLP puts its bytes before and after a message."""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        for piece in re.split("[\x0b\x1c]", line):
            if piece.strip():
                yield number, piece.strip()
