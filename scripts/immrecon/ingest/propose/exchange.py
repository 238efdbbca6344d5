"""HL7 v2 and FHIR: the columns are fixed, and the standards say which of them is what."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from immrecon.config.base import OPEN_QUESTION
from immrecon.config.source_format import DateStyle, Format, Layout
from immrecon.ingest.dates import parse_dates
from immrecon.ingest.propose.columns import Column
from immrecon.ingest.propose.draft import Entry, Remark, inferred, question, sure
from immrecon.ingest.propose.formats import Source, beginning
from immrecon.ingest.propose.roles import LONGEST_WORD, Roles
from immrecon.ingest.propose.text import encoding_of
from immrecon.ingest.readers import read_grids
from immrecon.ingest.readers.hl7v2_fields import character_set
from immrecon.quoting import quoted


@dataclass(frozen=True)
class _Standard:
    """Where a standard puts things: of several places, the first is the usual one."""

    places: Mapping[str, tuple[str, ...]]
    dates: Mapping[str, tuple[str, ...]]
    formats: tuple[str, ...]
    timed: re.Pattern[str]
    comments: tuple[str, ...]
    statuses: Mapping[str, str]
    further: Mapping[str, str]
    """Statuses that are no plain P, F, C, X or D: what each would most likely be."""
    about: str


_HL7 = _Standard(
    places={
        "participant": ("PID-3.1", "PID-2", "PID-4"), "accession": ("OBR-3", "OBR-2", "SPM-2"), "status": ("OBX-11",),
        "test": ("OBX-3.2", "OBX-3.5", "OBX-3.1", "LOINC"), "result": ("OBX-5",), "unit": ("OBX-6",),
        "loinc": ("LOINC",),
    },
    dates={"collected": ("OBR-7", "SPM-17", "OBX-14"), "received": ("OBR-14", "SPM-18"), "reported": ("OBR-22",)},
    formats=("%Y%m%d%H%M%S%z", "%Y%m%d%H%M%S", "%Y%m%d%H%M%z", "%Y%m%d%H%M", "%Y%m%d"),
    timed=re.compile("[0-9]{10}.*"),
    comments=("OBX NTE", "OBR NTE", "SPM NTE", "SPM-4"),
    statuses={"P": "P", "F": "F", "C": "C", "X": "X", "D": "D", "W": "W"},
    further={"R": "P", "S": "P", "I": "P", "U": "F", "N": "X", "O": "X"},
    about="HL7 table 0085",
)  # fmt: skip
_FHIR = _Standard(
    places={
        "participant": ("subject.identifier.value", "subject.reference"), "accession": ("id", "specimen.identifier"),
        "status": ("status",), "test": ("code.text", "code.other", "code.loinc"), "result": ("value",),
        "unit": ("unit",), "loinc": ("code.loinc",),
    },
    dates={
        "collected": ("effective", "specimen.collected"), "received": ("specimen.received",), "reported": ("issued",),
    },
    formats=("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"),
    timed=re.compile(".*T.*"),
    comments=("note",),
    statuses={
        "preliminary": "P", "final": "F", "amended": "C", "corrected": "C", "cancelled": "X", "entered-in-error": "D",
        "deleted": "D",
    },
    further={"registered": "P"},
    about="the code system ObservationStatus of FHIR",
)  # fmt: skip


def study_exchange(path: Path, form: Format) -> Source:
    """Raises SourceError: not readable, or without an observation."""
    layout: dict[str, Entry] = {}
    if form == "hl7v2":
        layout = {"format": sure(form, "the file holds HL7 v2 messages"), "encoding": _encoding(path.read_bytes())}
    else:
        layout = {"format": sure(form, "the file holds FHIR resources")}
    declared = Layout.model_validate({key: entry.answer for key, entry in layout.items()})
    grids, _ = read_grids(path.parent, path.name, declared)
    grid, notes = beginning(grids[0])
    told = [f"{remark.message} (row {remark.row}: {remark.kind})" for remark in grid.remarks[:5]]
    return Source(form, layout, grid, notes=(*notes, *told))


def _encoding(content: bytes) -> Entry:
    """As the messages say (MSH-18), otherwise as their bytes show."""
    said = {}
    for line in re.split(rb"[\r\n\x0b]+", content.removeprefix(b"\xef\xbb\xbf")):
        fields = line.split(line[3:4]) if line[:3] == b"MSH" and len(line) > 3 else []
        name = re.split("[^A-Za-z0-9/ _-]", fields[17].decode("latin-1"))[0] if len(fields) > 17 else ""
        if name and (meant := character_set(name)) is not None:
            said[name] = meant
    if len(set(said.values())) == 1:
        name, meant = next(iter(said.items()))
        return sure(meant, f"the messages say so: {quoted(name)} (MSH-18)")
    return encoding_of(content, whole=True)


def exchange_roles(form: Format, columns: Mapping[str, Column]) -> Roles:
    """The standard's mapping, over the columns that hold anything."""
    standard = _HL7 if form == "hl7v2" else _FHIR
    roles = Roles(comments=[name for name in standard.comments if columns[name].n])
    for role, places in standard.places.items():
        _place(role, places, columns, roles)
    for role, places in standard.dates.items():
        filled = [name for name in places if columns[name].n]
        if not filled and role != "collected":
            continue
        name = roles.chosen[role] = _fullest(filled or places[:1], columns)
        style = _dates(columns[name], standard.formats)
        if role == "collected":
            entry = {"column": _entry(name, filled, columns), "as": Entry("date"), "dates": style}
            roles.timed = columns[name].share(standard.timed.fullmatch) > 0
            roles.entries[role] = entry
        else:
            roles.entries[role] = {"column": _entry(name, filled, columns), "dates": style}
    _ask_which_identifier(form, columns, roles)
    return roles


def _fullest(names: Sequence[str], columns: Mapping[str, Column]) -> str:
    """The usual place, unless another is filled in far more rows."""
    most = max(columns[name].n for name in names)
    return next(name for name in names if columns[name].n >= 0.9 * most)


def _place(role: str, places: Sequence[str], columns: Mapping[str, Column], roles: Roles) -> None:
    filled = [name for name in places if columns[name].n]
    if not filled and role not in {"participant", "test", "result"}:
        return
    name = roles.chosen[role] = _fullest(filled or places[:1], columns)
    roles.entries[role] = _entry(name, filled, columns)


def _entry(name: str, filled: Sequence[str], columns: Mapping[str, Column]) -> Entry:
    if not filled:
        return question(f"{quoted(name)} is blank throughout, and so are the other places of it. Where is it?", name)
    rest = [other for other in filled if other != name and columns[other].texts.keys() != columns[name].texts.keys()]
    also = f"; filled too: {', '.join(f'{quoted(other)} ({columns[other].examples(1)})' for other in rest)}"
    return inferred(name, f"as the standard has it; e.g. {columns[name].examples()}" + (also if rest else ""))


def _ask_which_identifier(form: Format, columns: Mapping[str, Column], roles: Roles) -> None:
    """Several identifiers of one person: which is the study's cannot be known."""
    name = roles.chosen["participant"]
    whole = columns["PID-3"] if form == "hl7v2" else columns["subject.identifier.value"]
    several = whole.where(lambda text: "~" in text)
    if several.n and name in {"PID-3.1", "subject.identifier.value"}:
        field = "PID-3" if form == "hl7v2" else "subject.identifier"
        asked = (
            f"participants come with several identifiers ({several.counted(2)}). {quoted(name)} is suggested; another "
            f"is picked out of {quoted(field)} by participant.pattern."
        )
        roles.entries["participant"] = question(asked, name)


def _dates(cells: Column, formats: Sequence[str]) -> Entry:
    """The formats of the standard, and what is in none of them."""
    style = {"formats": list(formats)}
    read = parse_dates(pl.Series(list(cells.texts), dtype=pl.String), DateStyle(formats=list(formats)))
    rest = {text for text, why in zip(cells.texts, read["problem"], strict=True) if why is not None}
    remarks = [Remark("inferred", f"the formats of the standard; e.g. {cells.examples()}")]
    if rest:
        remarks.append(
            Remark("note", f"in none of these forms, so queried: {cells.where(rest.__contains__).counted(4)}")
        )
    return Entry(style, tuple(remarks))


def exchange_statuses(form: Format, cells: Column) -> Entry:
    """The words of the standard, and a question for each further one that the file holds."""
    standard = _HL7 if form == "hl7v2" else _FHIR
    known = cells.where(standard.statuses.__contains__)
    others = cells.where(lambda text: text not in standard.statuses and len(text) <= LONGEST_WORD)
    seen = f"seen: {known.counted()}" if known.n else "none of them is seen"
    remarks = [Remark("inferred", f"the words of {standard.about}; {seen}")]
    value = dict(standard.statuses) | dict.fromkeys(others.texts, OPEN_QUESTION)
    answer = dict(standard.statuses) | {text: standard.further.get(text, OPEN_QUESTION) for text in others.texts}
    if others.n:
        listed = "; ".join(
            f"{quoted(text)}: {standard.further.get(text, 'not known')}" for text in list(others.texts)[:8]
        )
        asked = f"what do these words of the status mean: {others.counted()}? P, F, C, X, D or W. Suggested: {listed}."
        remarks.append(Remark("question", asked))
    return Entry(value, tuple(remarks), answer)
