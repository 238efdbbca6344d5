"""Files made to exhaust their reader: bombs, false sizes, thousands of columns, endless nesting, entities."""

import io
import json
import zipfile
from collections.abc import Callable
from random import Random

from ..exports.common import Export
from .sheet import Sheet, head_index, kind
from .sheets import write

Mutation = Callable[[Random, Export, Sheet], bytes | None]
LIMITS = {"file_bytes": 5_000_000, "unpacked_bytes": 20_000_000, "rows": 20_000, "columns": 2_000, "cells": 400_000}
"""What the dialects of the run declare: small files, so that what is refused can be small too."""

_SHEET = {"xlsx": "xl/worksheets/sheet1.xml", "ods": "content.xml"}
_ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {name} "{f"&{former};" * 10}">' for former, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


def _repacked(content: bytes, changes: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name])
    return stream.getvalue()


def _part(export: Export) -> tuple[str, bytes] | None:
    name = _SHEET.get(kind(export))
    if name is None:
        return None
    with zipfile.ZipFile(io.BytesIO(export.content)) as archive:
        return name, archive.read(name)


def bomb(rng: Random, export: Export, _: Sheet) -> bytes | None:
    """A part of blanks, or of rows without end; in half of the files the archive lies about its size."""
    found = _part(export)
    if found is None:
        return None
    name, part = found
    rows = (
        b"<row><c><v>1</v></c></row>"
        if kind(export) == "xlsx"
        else b"<table:table-row><table:table-cell/></table:table-row>"
    )
    end = b"</sheetData>" if kind(export) == "xlsx" else b"</table:table>"
    size = rng.choice([2_000_000, 30_000_000])
    filler = rng.choice([b" ", rows])
    bombed = _repacked(export.content, {name: part.replace(end, filler * (size // len(filler)) + end, 1)})
    if rng.random() < 0.5:
        with zipfile.ZipFile(io.BytesIO(bombed)) as archive:
            true = archive.getinfo(name).file_size
        bombed = bombed.replace(true.to_bytes(4, "little"), rng.choice([len(part), 10]).to_bytes(4, "little"))
    return bombed


def false_size(rng: Random, export: Export, sheet: Sheet) -> bytes | None:
    """Repeats, places and counts beyond all measure."""
    huge = str(rng.choice([10**6, 10**9, 2**31, 2**63, 10**30, -1, 0]))
    match kind(export):
        case "ods":
            attribute = rng.choice(
                ["table:number-columns-repeated", "table:number-rows-repeated", "table:number-columns-spanned"]
            )
            tag = b"<table:table-row" if "rows" in attribute else b"<table:table-cell"
            name, part = _SHEET["ods"], _part(export)
            assert part is not None
            pieces = part[1].split(tag)
            at = rng.randrange(1, len(pieces))
            pieces[at] = f' {attribute}="{huge}"'.encode() + pieces[at]
            return _repacked(export.content, {name: tag.join(pieces)})
        case "xlsx":
            part = _part(export)
            assert part is not None
            places = [
                b'r="XFD1048576"',
                b'r="ZZZZ9"',
                b'r="A99999999999"',
                b'r="A0"',
                f'r="A{huge}"'.encode(),
                b'r="A19999"',
                b'r="BXX3"',
            ]
            name, xml = part
            new = (
                xml.replace(b'r="C4"', rng.choice(places), 1)
                if rng.random() < 0.6
                else xml.replace(b'<row r="4"', f'<row r="{huge}"'.encode(), 1)
            )
            if rng.random() < 0.3:
                new = xml.replace(
                    b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>', 1
                )
            return _repacked(export.content, {name: new})
        case "dataset_json":
            return export.content.replace(b'"records": ', b'"records": ' + huge.lstrip("-").encode(), 1)
        case "xpt":
            content = bytearray(export.content)
            at = content.find(b"NAMSTV8") + rng.randrange(28, 50)
            content[at : at + 8] = b"99999999"
            return bytes(content)
        case "hl7v2":
            return export.content.replace(b"OBX|1|", f"OBX|{huge}|".encode())
        case _:
            return None


def wide(rng: Random, export: Export, sheet: Sheet) -> bytes | None:
    """A sheet of 1,000 columns, which is read, or of more than the limit, which is refused."""
    if kind(export) in {"hl7v2", "fhir", "xpt"}:
        return None
    more = rng.choice([1_000, 1_000, 3_000])
    rows = [list(row) for row in sheet.rows]
    width = max(len(row) for row in rows)
    at = head_index(export, sheet)
    for index, row in enumerate(rows[:]):
        if index >= at and row:
            new = (
                [f"X{n}" for n in range(more)] if index == at else [rng.choice(["", "", "", "7"]) for _ in range(more)]
            )
            rows[index] = row + [""] * (width - len(row)) + new
    return write(export, sheet.with_rows(rows))


def nested(rng: Random, export: Export, _: Sheet) -> bytes | None:
    depth = rng.choice([500, 5_000, 200_000])
    if kind(export) in {"fhir", "dataset_json"}:
        one = rng.choice([b"[", b'{"a":'])
        closed = one * depth + b"1" + (b"]" if one == b"[" else b"}") * depth
        value = rng.choice([closed, one * depth])
        if kind(export) == "fhir" and rng.random() < 0.5:
            return export.content.replace(b'"status": "final"', b'"note": ' + value + b', "status": "final"', 1)
        return value if rng.random() < 0.3 else export.content.replace(b"{", b'{"extra": ' + value + b", ", 1)
    found = _part(export)
    if found is None:
        return None
    name, part = found
    tag = rng.choice([b"x", b"text:p" if kind(export) == "ods" else b"is"])
    inside = (b"<" + tag + b">") * depth + b"5" + (b"</" + tag + b">") * depth
    place = rng.choice(
        [b"</table:table-cell>", b"</table:table>", b"</text:p>"]
        if kind(export) == "ods"
        else [b"</c>", b"</sheetData>", b"</row>"]
    )
    return _repacked(export.content, {name: part.replace(place, inside + place, 1)})


def entities(rng: Random, export: Export, _: Sheet) -> bytes | None:
    """Billion laughs, and an entity that names a file."""
    found = _part(export)
    if found is None:
        return None
    name, part = found
    doctype = rng.choice([_ENTITIES, '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>']).encode()
    start = part.find(b"?>") + 2 if part.startswith(b"<?xml") else 0
    body = part[start:]
    body = body.replace(b"<text:p>", b"<text:p>&i;", 3) if kind(export) == "ods" else body.replace(b"<v>", b"<v>&i;", 3)
    return _repacked(export.content, {name: part[:start] + doctype + body})


def long_document(rng: Random, export: Export, sheet: Sheet) -> bytes | None:
    """More rows than the limit."""
    if kind(export) in {"hl7v2", "xpt", "xlsx", "ods"}:
        return None
    if kind(export) == "dataset_json":
        found = json.loads(export.content)
        found["rows"] = found["rows"] * 150
        found["records"] = len(found["rows"])
        return json.dumps(found).encode()
    return export.content * (LIMITS["file_bytes"] // len(export.content) + rng.choice([-1, 2]))


ARCHIVES: dict[str, Mutation] = {
    "archives: bomb": bomb,
    "archives: false sizes": false_size,
    "archives: 1,000 columns": wide,
    "archives: nested deeply": nested,
    "archives: entities": entities,
    "archives: very long": long_document,
}
