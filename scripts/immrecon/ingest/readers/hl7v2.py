"""Messages ORU^R01 of HL7 v2 as rows: one per observation (OBX), under fixed heads named after the fields.

A head names segment, field and component (`OBX-3.1`); without a component it is the whole field, with repetitions
joined by ~ and components by ^. Further heads: `LOINC` (the identifier of OBX-3 whose coding system is LN), `OBX-5`
(the result as text, see `hl7v2_fields.observed`), `OBX-6` (the code of the unit, or its text), `OBR NTE`, `OBX NTE`
and `SPM NTE` (comments). Segments are split by python-hl7; escape sequences are not left to it, because it drops what
it does not know. A row is numbered by the line on which its OBX begins.

What cannot be read is a remark, and what it may have changed (whose sample, which order) is blank in the rows after
it: a result is never given to a participant whose PID is in doubt.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from immrecon.config.source_format import Limits
from immrecon.errors import SourceError
from immrecon.ingest.readers.exchange import (
    UNREAD_UNIT,
    agreed_unit,
    joined,
    listed,
    read_bounded,
    rows_of,
    unread_unit,
    unread_units,
)
from immrecon.ingest.readers.grid import Grid, Remark
from immrecon.ingest.readers.hl7v2_fields import (
    Delimiters,
    character_set,
    component,
    delimiters,
    leaves,
    loinc,
    observed,
    same_encoding,
    unit,
    whole,
)
from immrecon.ingest.readers.hl7v2_messages import Line, excerpt, split_messages
from immrecon.vocabulary import Severity

_FIELDS = {
    "MSH": ("3", "4", "7", "10", "11"),
    "PID": ("2", "3", "3.1", "4"),
    "OBR": ("2", "3", "4.1", "4.2", "7", "14", "22", "25"),
    "SPM": ("2", "4", "17", "18"),
    "OBX": ("1", "2", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "4", "7", "8", "11", "14", "19"),
}
_COMPUTED = ("LOINC", "OBX-5", "OBX-6", "OBR NTE", "OBX NTE", "SPM NTE")
HEADS = (*(f"{segment}-{place}" for segment, places in _FIELDS.items() for place in places), *_COMPUTED)
"""Columns of the grid."""
_SPECIMEN = [head for head in HEADS if head.startswith("SPM")]

_ELSEWHERE = frozenset(
    [
        *["SFT", "UAC", "PD1", "PRT", "NK1", "ARV", "AL1", "PV1", "PV2", "TQ1", "TQ2", "CTD", "FT1", "CTI", "SAC"],
        *["IN1", "IN2", "IN3", "GT1", "DG1", "ROL", "ACC", "BLG", "OH1", "OH2", "OH3", "OH4", "IPC", "DEV", "EVN"],
    ]
)
"""Segments that may stand in a message and change nothing in the rows, as those of a site (Z..) do."""

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_RESULTS = ("ORU^R01", "ORU")


class _Fields:
    """The fields of one segment as text."""

    def __init__(self, segment: Any, marks: Delimiters) -> None:
        self._segment, self._marks = segment, marks
        self._read: dict[int, list[list[str]]] = {}
        self.name = str(segment[0])

    def __getitem__(self, number: int) -> list[list[str]]:
        """Field `number` as HL7 counts: repetitions of components."""
        if number not in self._read:
            self._read[number] = leaves(self._segment[number], self._marks) if number < len(self._segment) else []
        return self._read[number]

    def columns(self) -> dict[str, str]:
        found = {}
        for place in _FIELDS[self.name]:
            number, _, part = place.partition(".")
            field = self[int(number)]
            found[f"{self.name}-{place}"] = component(field, int(part)) if part else whole(field)
        return found


class _Message:
    """Rows of one message, segment by segment. What a segment does not say is never taken from an earlier message."""

    def __init__(self, header: dict[str, str]) -> None:
        self.records: list[tuple[int, dict[str, str]]] = []
        self.remarks: list[Remark] = []
        self._header = header
        self._patient: dict[str, str] = {}
        self._specimens: list[dict[str, str]] = []
        self._first = 0
        self._begin_order({})

    def _begin_order(self, order: dict[str, str]) -> None:
        """The segments of an order are over: its specimens belong to all its results."""
        for _, record in self.records[self._first :]:
            for head in _SPECIMEN:
                record[head] = joined(specimen.get(head, "") for specimen in self._specimens)
        self._order = order
        self._noted = order, "OBR NTE"
        self._specimens = []
        self._first = len(self.records)
        self._last: tuple[int, str] | None = None

    def take(self, number: int, fields: _Fields) -> None:
        match fields.name:
            case "PID":
                self._begin_order({})
                self._patient = fields.columns()
            case "ORC":
                self._begin_order({})
            case "OBR":
                self._begin_order(fields.columns())
            case "SPM":
                self._specimens.append(fields.columns())
                self._noted = self._specimens[-1], "SPM NTE"
                self._last = None
            case "OBX":
                self._observation(number, fields)
            case "NTE":
                record, head = self._noted
                record[head] = f"{record.get(head, '')} {whole(fields[3])}".strip()
            case name if name in _ELSEWHERE or name.startswith("Z"):
                self._noted = {}, ""  # a comment on something else
            case _:
                self.doubt(number, fields.name)

    def _observation(self, number: int, fields: _Fields) -> None:
        columns = fields.columns()
        set_id, sub_id = columns["OBX-1"].strip(), columns["OBX-4"]
        if re.fullmatch("[0-9]{1,9}", set_id):
            if self._last is not None and sub_id == self._last[1] and int(set_id) < self._last[0]:
                message = f"The numbers of the results (OBX-1) begin again at {set_id} without a new order (OBR)."
                hint = "An OBR may be missing. The results from here on are read without their order."
                self.remarks.append(Remark(number, "order_missing", message, Severity.ERROR, hint))
                self._begin_order({})
            self._last = int(set_id), sub_id
        record = {
            **self._header,
            **self._patient,
            **self._order,
            **columns,
            "LOINC": loinc(fields[3]),
            "OBX-5": observed(columns["OBX-2"].strip(), fields[5]),
            "OBX-6": agreed_unit(*unit(fields[6])),
            UNREAD_UNIT: unread_unit(*unit(fields[6])),
        }
        self.records.append((number, record))
        self._noted = record, "OBX NTE"

    def doubt(self, number: int, text: str) -> None:
        """A line that may have said whose sample follows, or which order."""
        self._begin_order({})
        self._patient = {}
        message = "The line begins with no segment that is known in a message of results."
        hint = "It may have named the participant or the order: the results after it in the message have neither."
        self.remarks.append(Remark(number, "segment_unreadable", message, Severity.ERROR, hint, text))

    def end(self) -> None:
        self._begin_order({})


def read_hl7v2(path: Path, file: str, encoding: str, limits: Limits | None = None) -> Grid:
    """All observations of a file with one or many messages, with or without batch headers and MLLP framing.

    Raises SourceError: no such file, too large, not text in the declared encoding, a message that declares another
    encoding (MSH-18), no message, no observation.
    """
    messages, remarks = split_messages(read_bounded(path, file, encoding, limits or Limits()))
    if not messages:
        raise SourceError(f"{file}: no line begins with MSH, so it holds no HL7 message.")
    records: list[tuple[int, dict[str, str]]] = []
    others: dict[str, list[list[Line]]] = {}
    unknown_sets: dict[str, int] = {}
    for lines in messages:
        marks = delimiters(lines[0][1], encoding)
        parsed = None if marks is None else _parse(_whole_segments(lines, marks))
        if marks is None or parsed is None:
            remarks.append(_unreadable(lines))
            continue
        header = _Fields(parsed[0][2], marks)
        _check_character_set(file, lines, header, encoding, unknown_sets)
        kind = "^".join(text for text in (component(header[9], 1), component(header[9], 2)) if text)
        if kind not in _RESULTS:
            others.setdefault(kind or "of no type", []).append(lines)
            continue
        message = _Message(header.columns())
        for number, text, segment in parsed[1:]:
            _take(message, number, text, segment, marks)
        message.end()
        records += message.records
        remarks += message.remarks
    if not records:
        found = listed({kind: len(found) for kind, found in others.items()}) or "none that can be read"
        raise SourceError(f"{file}: no result (OBX) in a message ORU^R01. Other messages: {found}.")
    remarks += [*unread_units(records), *(_not_read(kind, found) for kind, found in others.items())]
    remarks += [_unknown_set(name, number) for name, number in unknown_sets.items()]
    rows = rows_of(HEADS, (record for _, record in records))
    return Grid(file, None, [number for number, _ in records], rows, heads=HEADS, remarks=tuple(remarks))


def _whole_segments(lines: Iterable[Line], marks: Delimiters) -> list[Line]:
    """Segments, each with the lines after it that begin with none: a text with a line break, or damage."""
    segments: list[Line] = []
    for number, text in lines:
        if _SEGMENT.fullmatch(text[:3]) and text[3:4] in {"", marks.field}:
            segments.append((number, text))
        else:
            first, before = segments[-1]
            segments[-1] = (first, f"{before}\n{text}")
    return segments


def _parse(segments: list[Line]) -> list[tuple[int, str, Any]] | None:
    """Each segment with its line and its fields, or None where they cannot be told apart."""
    import hl7

    try:
        message = hl7.parse("\r".join(text for _, text in segments))
    except (hl7.HL7Exception, AssertionError, IndexError, ValueError):
        return None
    if len(message) != len(segments):
        return None
    return [(number, text, fields) for (number, text), fields in zip(segments, message, strict=True)]


def _take(message: _Message, number: int, text: str, segment: Any, marks: Delimiters) -> None:
    message.take(number, _Fields(segment, marks))
    first, broken, rest = text.partition("\n")
    if not broken:
        return
    if marks.field in rest:
        message.doubt(number + 1, excerpt(rest))
        return
    message.remarks.append(
        Remark(
            number,
            "segment_broken",
            "A line break stands within the segment: the lines after it are read as its continuation.",
            hint="A text may hold one; a number or a date may not.",
            text=excerpt(first),
        )
    )


def _unreadable(lines: list[Line]) -> Remark:
    n = sum(text.startswith("OBX") for _, text in lines)
    return Remark(
        lines[0][0],
        "message_unreadable",
        f"The message does not declare its separators (MSH-1, MSH-2) as HL7 wants. Its {n} results are not read.",
        Severity.ERROR,
        "Ask the sender for the message again.",
        excerpt(lines[0][1]),
    )


def _not_read(kind: str, messages: list[list[Line]]) -> Remark:
    n = sum(text.startswith("OBX") for lines in messages for _, text in lines)
    return Remark(
        messages[0][0][0],
        "message_not_read",
        f"{len(messages)} messages {kind[:20]} with {n} results are not read: only ORU^R01 is.",
        Severity.WARNING if n else Severity.NOTE,
        "The first begins in this line.",
    )


def _check_character_set(file: str, lines: list[Line], header: _Fields, encoding: str, unknown: dict[str, int]) -> None:
    """Raise SourceError where the message says that it is written in another encoding, and that matters."""
    said = component(header[18], 1).strip()
    if said.upper() in {"", "ASCII"} or all(text.isascii() for _, text in lines):
        return
    meant = character_set(said)
    if meant is None:
        unknown.setdefault(said, lines[0][0])
    elif not same_encoding(meant, encoding):
        raise SourceError(
            f"{file}: the message in line {lines[0][0]} says that it is written in {said} (MSH-18), which is {meant}; "
            f"the dialect declares {encoding}."
        )


def _unknown_set(name: str, number: int) -> Remark:
    message = "The message names a character set that is not known (MSH-18). The declared encoding is used."
    return Remark(number, "character_set_unknown", message, text=name[:60])
