"""Observations of FHIR R4 as rows: one per result, and one per component that has its own code and value.

The file is a Bundle, a single resource, or one resource per line (NDJSON). Numbers keep their text: 0.050 stays 0.050.
A row is numbered by the entry of the Bundle, or by the line. `value` is the result as text, whatever its type: what is
neither a number, a text nor a code can never be taken for one. Where there is no result, `value` is the reason for it.
Patients and Specimens in the file resolve references; other resources are counted and told.
"""

from pathlib import Path

from immrecon.config.source_format import Limits
from immrecon.errors import SourceError
from immrecon.ingest.readers.exchange import joined, listed, read_bounded, rows_of, unread_units
from immrecon.ingest.readers.fhir_elements import Json, codes, concept_text, identifiers, items, measured, part, text_of
from immrecon.ingest.readers.fhir_resources import Entry, References, read_entries
from immrecon.ingest.readers.grid import Grid, Remark
from immrecon.vocabulary import Severity

HEADS = (
    *("id", "meta.versionId", "meta.lastUpdated", "status", "category", "code.loinc", "code.other", "code.text"),
    *("component", "subject.reference", "subject.identifier", "subject.identifier.value", "effective", "issued"),
    *("value", "value.type", "unit", "dataAbsentReason", "interpretation", "method", "specimen.reference"),
    *("specimen.identifier", "specimen.collected", "specimen.received", "note"),
)
"""Columns of the grid."""

DELETED = "deleted"
"""Status of a result whose Observation the server has deleted since (an entry of a history with method DELETE)."""

_WITHDRAWN = frozenset({"cancelled", "entered-in-error", DELETED})
_WHAT = ("code.loinc", "code.other", "code.text", "component")

Record = dict[str, str]


def read_fhir(path: Path, file: str, limits: Limits | None = None) -> Grid:
    """All Observations of a file.

    Raises SourceError: no such file, too large, not UTF-8, neither a FHIR resource nor lines of them, no Observation.
    """
    entries, remarks = read_entries(file, read_bounded(path, file, "utf-8", limits or Limits()))
    references = References(entries)
    found: list[tuple[int, list[Record]]] = []
    unread: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.kind == "Observation":
            found.append((entry.row, _records(entry.resource, references)))
        elif entry.kind not in {"Patient", "Specimen"}:
            unread.setdefault(entry.kind, []).append(entry)
    records = _with_withdrawals(found, remarks)
    if not records:
        others = listed({kind: len(entries) for kind, entries in unread.items()}) or "none that can be read"
        raise SourceError(f"{file}: no Observation. Other resources: {others}.")
    remarks += [*unread_units(records), *(_not_read(kind, entries) for kind, entries in unread.items())]
    rows = rows_of(HEADS, (record for _, record in records))
    return Grid(file, None, [row for row, _ in records], rows, heads=HEADS, remarks=tuple(remarks))


def _records(observation: dict[str, Json], references: References) -> list[Record]:
    """The result of an Observation and those of its components; without components always one."""
    around = _around(observation, references)
    own = {**around, **measured(observation), "component": ""}
    results = [
        {**around, **measured(component), "component": str(number)}
        for number, component in enumerate(items(observation.get("component")), 1)
    ]
    return [own, *results] if own["value"] or not results else results


def _around(observation: dict[str, Json], references: References) -> Record:
    """What holds for all results of an Observation."""
    subject = references.subject(observation)
    sample = part(observation, "specimen")
    reference = text_of(part(sample, "reference"))
    specimens = references.find(observation, reference) if reference else []
    texts = {
        **{name: [observation.get(name)] for name in ("id", "status", "issued")},
        **{f"meta.{name}": [part(observation, "meta", name)] for name in ("versionId", "lastUpdated")},
        "specimen.collected": [part(specimen, "collection", "collectedDateTime") for specimen in specimens],
        "specimen.received": [specimen.get("receivedTime") for specimen in specimens],
        "note": [part(note, "text") for note in items(observation.get("note"))],
    }
    return {
        **{head: joined(text_of(text) for text in found) for head, found in texts.items()},
        "category": joined(codes(concept) for concept in items(observation.get("category"))),
        "method": concept_text(observation.get("method")),
        "subject.reference": text_of(part(observation, "subject", "reference")),
        "subject.identifier": joined(f"{system}|{value}" if system else value for system, value in subject),
        "subject.identifier.value": joined(value for _, value in subject),
        "effective": _effective(observation),
        "specimen.reference": reference,
        "specimen.identifier": joined(_names_of_specimens(sample, specimens)),
    }


def _names_of_specimens(sample: Json, specimens: list[dict[str, Json]]) -> list[str]:
    """Accession numbers; of a specimen without one, its identifiers."""
    own = identifiers([part(sample, "identifier")])
    theirs = [
        name
        for specimen in specimens
        for name in identifiers([specimen.get("accessionIdentifier")]) or identifiers(items(specimen.get("identifier")))
    ]
    return [value for _, value in own or theirs]


def _effective(observation: dict[str, Json]) -> str:
    """When it was measured: a date, an instant, or the start of a period."""
    found = [observation.get("effectiveDateTime"), observation.get("effectiveInstant")]
    timing = "a timing" if observation.get("effectiveTiming") else ""
    return joined([*(text_of(text) for text in found), text_of(part(observation, "effectivePeriod", "start")), timing])


def _with_withdrawals(found: list[tuple[int, list[Record]]], remarks: list[Remark]) -> list[tuple[int, Record]]:
    """All records, where an Observation withdrawn without its results withdraws each that the file gave it before.

    Servers strip an Observation that was entered in error, or only say that it was deleted.
    """
    known: dict[str, dict[tuple[str, ...], Record]] = {}
    for _, records in found:
        for record in records:
            if record["id"] and record["value.type"]:
                known.setdefault(record["id"], {})[tuple(record[head] for head in _WHAT)] = record
    result: list[tuple[int, Record]] = []
    for row, records in found:
        first = records[0]
        if first["status"] not in _WITHDRAWN or first["value.type"] or first["component"]:
            result += [(row, record) for record in records]
        elif first["id"] in known:
            said = {head: text for head, text in first.items() if text and head not in _WHAT}
            nothing = {"value": "", "value.type": "", "dataAbsentReason": ""}
            result += [(row, {**old, **nothing, **said}) for old in known[first["id"]].values()]
        elif first["status"] == DELETED:
            message = "The Observation was deleted by its server. The file has no result of it."
            remarks.append(Remark(row, "resource_deleted", message, Severity.NOTE, text=first["id"][:60]))
        else:
            result.append((row, first))
    return result


def _not_read(kind: str, entries: list[Entry]) -> Remark:
    held = [part(held, "resourceType") for entry in entries for held in items(entry.resource.get("contained"))]
    n = held.count("Observation")
    return Remark(
        entries[0].row,
        "resource_not_read",
        f"{len(entries)} resources {kind[:40]} with {n} Observations inside are not read: only Observations are.",
        Severity.WARNING if n else Severity.NOTE,
        "Row of the first.",
    )
