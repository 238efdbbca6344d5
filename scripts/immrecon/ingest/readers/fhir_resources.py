"""The resources of a FHIR file, and the references between them."""

import json
from dataclasses import dataclass
from typing import Any

from immrecon.errors import SourceError
from immrecon.ingest.readers.fhir_elements import Json, identifiers, items, part, text_of
from immrecon.ingest.readers.grid import Remark
from immrecon.vocabulary import Severity

SHOWN = 60


@dataclass(frozen=True)
class Entry:
    """One resource, with its place in the file (entry of the Bundle or line, from 1)."""

    row: int
    url: str
    resource: dict[str, Json]

    @property
    def kind(self) -> str:
        return text_of(self.resource.get("resourceType")) or "of no type"


def read_entries(file: str, text: str) -> tuple[list[Entry], list[Remark]]:
    """The resources in a text, with the entries of Bundles in place of the Bundles.

    Raises SourceError: neither a resource nor lines of them.
    """
    try:
        whole = _load(text)
    except RecursionError:
        raise SourceError(f"{file}: is nested too deeply to be a FHIR resource.") from None
    except ValueError as error:
        return _lines(file, text, error)
    if not isinstance(whole, dict) or not text_of(whole.get("resourceType")):
        raise SourceError(f"{file}: is JSON, but no FHIR resource: resourceType is missing.")
    if whole["resourceType"] == "Bundle":
        remarks: list[Remark] = []
        return _bundle(whole, None, remarks), remarks
    return [Entry(1, "", whole)], []


def _load(text: str) -> Any:
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("an object has a key twice, and which one holds cannot be known")
    return content


def _lines(file: str, text: str, fault: ValueError) -> tuple[list[Entry], list[Remark]]:
    """One resource per line. A line that is none is a remark; where no line is one, the file is no NDJSON."""
    entries: list[Entry] = []
    remarks: list[Remark] = []
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            content = _load(line)
        except (ValueError, RecursionError) as error:
            remarks.append(_broken(number, line, str(error) or "nested too deeply"))
            continue
        if not isinstance(content, dict) or not text_of(content.get("resourceType")):
            remarks.append(_broken(number, line, "no resource: resourceType is missing"))
        elif content["resourceType"] == "Bundle":
            entries += _bundle(content, number, remarks)
        else:
            entries.append(Entry(number, "", content))
    if not entries:
        raise SourceError(f"{file}: not JSON ({fault}), and no line of it is a FHIR resource.")
    return entries, remarks


def _broken(number: int, line: str, why: str) -> Remark:
    return Remark(
        number,
        "resource_unreadable",
        f"The line cannot be read as a FHIR resource ({why[:120]}). What it holds is not used.",
        Severity.ERROR,
        "Ask the sender for the resource again.",
        line.strip()[:SHOWN],
    )


def _bundle(bundle: dict[str, Json], line: int | None, remarks: list[Remark]) -> list[Entry]:
    """The entries of a Bundle and of Bundles in it, numbered by the outermost, or all by the line it stands on."""
    found: list[Entry] = []
    if any(text_of(part(link, "relation")) == "next" for link in items(bundle.get("link"))):
        message = "The Bundle is one page of a longer answer (it links to the next): further results may be missing."
        remarks.append(Remark(line, "bundle_incomplete", message, hint="Ask for all pages."))
    for number, entry in enumerate(items(bundle.get("entry")), 1):
        row = number if line is None else line
        resource = part(entry, "resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "Bundle":
            found += _bundle(resource, row, remarks)
        elif isinstance(resource, dict):
            found.append(Entry(row, text_of(part(entry, "fullUrl")), resource))
        elif (deleted := _deletion(entry)) is not None:
            found.append(Entry(row, "", deleted))
        else:
            message, hint = "The entry of the Bundle holds no resource.", "Ask the sender for the Bundle again."
            remarks.append(Remark(row, "resource_unreadable", message, Severity.ERROR, hint))
    return found


def _deletion(entry: Json) -> dict[str, Json] | None:
    """What an entry of a history says about a deleted resource, in the form of a resource of status "deleted"."""
    kind, _, name = text_of(part(entry, "request", "url")).partition("/")
    if text_of(part(entry, "request", "method")) != "DELETE" or not name:
        return None
    when = part(entry, "response", "lastModified")
    return {"resourceType": kind, "id": name.split("/")[0], "status": "deleted", "issued": when}


class References:
    """Patients and Specimens of a file, by the references that other resources make to them."""

    def __init__(self, entries: list[Entry]) -> None:
        self._by_url: dict[str, list[dict[str, Json]]] = {}
        self._by_name: dict[str, list[dict[str, Json]]] = {}
        for entry in entries:
            if entry.kind not in {"Patient", "Specimen"}:
                continue
            if entry.url:
                self._by_url.setdefault(entry.url, []).append(entry.resource)
            self._by_name.setdefault(f"{entry.kind}/{text_of(entry.resource.get('id'))}", []).append(entry.resource)

    def find(self, observation: dict[str, Json], reference: str) -> list[dict[str, Json]]:
        """All resources in the file that a reference may mean: several only where the file contradicts itself."""
        if reference.startswith("#"):
            held = [held for held in items(observation.get("contained")) if isinstance(held, dict)]
            return [resource for resource in held if text_of(resource.get("id")) == reference[1:]]
        plain = reference.partition("/_history/")[0]
        # An absolute reference may be to another server, whose Patient/1 is somebody else.
        return self._by_url.get(plain) or ([] if ":" in plain else self._by_name.get(plain, []))

    def subject(self, observation: dict[str, Json]) -> list[tuple[str, str]]:
        """System and value of the identifiers of whom an Observation is about.

        Those that the Observation gives itself come alone, unless the Patient has another value in the same system.
        """
        own = identifiers([part(observation, "subject", "identifier")])
        reference = text_of(part(observation, "subject", "reference"))
        patients = self.find(observation, reference) if reference else []
        theirs = identifiers(name for patient in patients for name in items(patient.get("identifier")))
        if own:
            systems = {system for system, _ in own}
            theirs = [name for name in theirs if name[0] in systems]
        return list(dict.fromkeys([*own, *theirs]))
