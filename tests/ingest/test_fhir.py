"""FHIR files of a few Observations: the rows they give, and the fate of every result."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from immrecon.config.source_format import Layout
from immrecon.errors import ConfigError, SourceError
from immrecon.ingest.readers import Grid, read_grids
from immrecon.vocabulary import Severity

from .exchange_cases import LOINC, fhir_dialect
from .lab_cases import account, fates, harmonise, kinds, used

UCUM = {"system": "http://unitsofmeasure.org"}


def read(folder: Path, content: Any) -> Grid:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    (folder / "lab.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_grids(folder, "lab.json", Layout(format="fhir"))[0][0]


def column(grid: Grid, head: str) -> list[str]:
    assert grid.heads is not None
    return [row[grid.heads.index(head)] for row in grid.rows]


def remarks(grid: Grid) -> list[tuple[str, int | None]]:
    return [(remark.kind, remark.row) for remark in grid.remarks]


def concept(test: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://loinc.org", "code": LOINC.get(test, "0-0")}], "text": test}


def observation(
    test: str = "CD4", value: Any = 120, unit: str = "/uL", name: str = "o1", **changes: Any
) -> dict[str, Any]:
    """A final result; what is given as None is left out."""
    content = {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": concept(test),
        "subject": {"reference": "Patient/p1", "identifier": {"system": "urn:s1", "value": "S1-001"}},
        "effectiveDateTime": "2026-02-02T09:00:00+01:00",
        "issued": "2026-02-03T10:00:00Z",
        "valueQuantity": {"value": value, "unit": unit, **UCUM, "code": unit},
        **changes,
    }
    return {key: element for key, element in content.items() if element is not None}


def coded(test: str = "CD4", **changes: Any) -> dict[str, Any]:
    """A result whose value is given, or none."""
    return observation(test, **{"valueQuantity": None, **changes})


def bundle(*resources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources], **changes}


def lines(*resources: dict[str, Any]) -> str:
    return "".join(json.dumps(resource) + "\n" for resource in resources)


def patient(name: str = "p1", value: str = "S1-001", system: str = "urn:s1") -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "identifier": [{"system": system, "value": value}]}


# ---- rows -----------------------------------------------------------------------------------------------------------


def test_a_row_per_observation_with_all_around_it(tmp_path) -> None:
    specimen = {
        "resourceType": "Specimen",
        "id": "s1",
        "accessionIdentifier": {"value": "A77"},
        "identifier": [{"value": "tube 1"}],
        "receivedTime": "2026-02-02T11:00:00+01:00",
        "collection": {"collectedDateTime": "2026-02-02T08:55:00+01:00"},
    }
    content = observation(
        meta={"versionId": "2", "lastUpdated": "2026-02-03T10:00:01Z"},
        category=[{"coding": [{"code": "laboratory"}]}],
        specimen={"reference": "Specimen/s1"},
        method={"text": "single platform"},
        interpretation=[{"coding": [{"code": "L"}]}],
        note=[{"text": "counted twice"}],
        code={
            "coding": [
                {"system": "http://loinc.org", "code": "24467-3", "display": "CD4 cells"},
                {"system": "urn:lis", "code": "T4"},
            ]
        },
    )
    grid = read(tmp_path, bundle(patient(), specimen, content))
    assert grid.numbers == [3]
    row = dict(zip(grid.heads or (), grid.rows[0], strict=True))
    assert {head: text for head, text in row.items() if text} == {
        "id": "o1", "meta.versionId": "2", "meta.lastUpdated": "2026-02-03T10:00:01Z", "status": "final",
        "category": "laboratory", "code.loinc": "24467-3", "code.other": "T4", "code.text": "CD4 cells",
        "subject.reference": "Patient/p1", "subject.identifier": "urn:s1|S1-001", "subject.identifier.value": "S1-001",
        "effective": "2026-02-02T09:00:00+01:00", "issued": "2026-02-03T10:00:00Z", "value": "120",
        "value.type": "Quantity", "unit": "/uL", "interpretation": "L", "method": "single platform",
        "specimen.reference": "Specimen/s1", "specimen.identifier": "A77",
        "specimen.collected": "2026-02-02T08:55:00+01:00", "specimen.received": "2026-02-02T11:00:00+01:00",
        "note": "counted twice",
    }  # fmt: skip
    assert grid.remarks == ()


@pytest.mark.parametrize(
    "number", ["0.050", "1.2E3", "120", "-0.0", "100000000000000000000001", "12.000000000000000001"]
)
def test_a_number_keeps_its_text(tmp_path, number: str) -> None:
    content = json.dumps(observation(value="@")).replace('"@"', number)
    assert column(read(tmp_path, content), "value") == [number]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"valueQuantity": {"comparator": "<", "value": 5}}, "<5"),
        ({"valueQuantity": {"comparator": ">", "unit": "/uL"}}, ">"),
        ({"valueQuantity": {"unit": "/uL"}}, ""),
        ({"valueQuantity": {"_value": {"extension": [{"valueCode": "unknown"}]}, "unit": "/uL"}}, ""),
        ({"valueQuantity": {"VALUE": "7", "unit": "/uL"}}, '{"VALUE": "7", "unit": "/uL"} (valueQuantity)'),
        ({"valueQuantity": {"value": ["7"]}}, '{"value": ["7"]} (valueQuantity)'),
        ({"valueCodeableConcept": {"txt": "ND"}}, '{"txt": "ND"} (valueCodeableConcept)'),
        ({"valueQuantity": 12}, '"12" (valueQuantity)'),
        ({"valueString": "HEMOLYZED"}, "HEMOLYZED"),
        ({"valueInteger": 0}, "0"),
        ({"valueBoolean": False}, "false (valueBoolean)"),
        ({"valueDateTime": "20260202"}, '"20260202" (valueDateTime)'),
        ({"valueRange": {"low": {"value": 1}}}, '{"low": {"value": "1"}} (valueRange)'),
        ({"valueCodeableConcept": {"text": "Not detected", "coding": [{"code": "9"}]}}, "Not detected"),
        ({"valueCodeableConcept": {"coding": [{"code": "9", "display": "Absent"}]}}, "Absent"),
        ({"valueCodeableConcept": {"coding": [{"system": "urn:x", "code": "260415000"}]}}, "urn:x|260415000"),
        ({"valueCodeableConcept": {"coding": [{"code": "260415000"}]}}, "|260415000"),
        ({"valueString": "12", "valueInteger": 13}, "13~12"),
        ({"dataAbsentReason": {"coding": [{"code": "not-performed"}]}}, "not-performed"),
        ({"valueInteger": 12, "dataAbsentReason": {"text": "clotted"}}, "12 (absent: clotted)"),
        ({"valueInteger": 12, "modifierExtension": [{"url": "urn:x"}]}, "12 (changed by modifierExtension)"),
        ({}, ""),
    ],
)
def test_results_as_text(tmp_path, changes: dict[str, Any], text: str) -> None:
    assert column(read(tmp_path, coded(**changes)), "value") == [text]


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        ({**UCUM, "code": "10*9/L", "unit": "x10^9/L"}, "10*9/L"),
        ({**UCUM, "code": "10*9/L", "unit": "/uL"}, "10*9/L or /uL"),
        ({**UCUM, "code": "10*6/L", "unit": "cells per microlitre"}, "10*6/L"),
        ({**UCUM, "code": "10*6/L", "unit": "Zellen im Mikroliter"}, "10*6/L"),
        ({"system": "urn:lis", "code": "U7", "unit": "/uL"}, "/uL"),
        ({"code": "/uL"}, ""),
    ],
)
def test_units(tmp_path, quantity: dict[str, str], unit: str) -> None:
    assert column(read(tmp_path, coded(valueQuantity={"value": 1, **quantity})), "unit") == [unit]


def test_a_unit_of_which_only_the_code_is_known(tmp_path) -> None:
    """Words of a person, or damage: the result is used by the code, and each text is said once."""
    said = ["x10^6/L", "/9L", "cells per microlitre", "Zellen im Mikroliter", "/9L", ""]
    grid = read(
        tmp_path,
        bundle(
            *(coded(name=f"o{n}", valueQuantity={"value": n, **UCUM, "code": "/uL", "unit": text})
              for n, text in enumerate(said)),
            coded("HGB", name="h", valueQuantity={"value": 9, **UCUM, "code": "g/dL", "unit": "grams"}),
        ),
    )  # fmt: skip
    assert column(grid, "unit") == [*["/uL"] * 6, "g/dL"]
    found = [(remark.row, remark.kind, remark.severity, remark.text) for remark in grid.remarks]
    unknown = ("unit_text_unknown", Severity.WARNING)
    assert found == [(2, *unknown, "/9L"), (4, *unknown, "Zellen im Mikroliter")]
    assert 'by its code, "/uL", in 2 results' in grid.remarks[0].message


def test_components_are_rows_of_their_own(tmp_path) -> None:
    parts = [
        {"code": concept("CD4"), "valueQuantity": {"value": 120, "unit": "/uL"}},
        {"code": concept("CD8"), "dataAbsentReason": {"coding": [{"code": "error"}]}},
        "damaged",
    ]
    grid = read(tmp_path, coded("Panel", component=parts))
    assert column(grid, "code.text") == ["CD4", "CD8", ""]
    assert column(grid, "value") == ["120", "error", '"damaged" (valueMalformed)']
    assert column(grid, "component") == ["1", "2", "3"]
    with_own = read(tmp_path, observation("CD3", 200, component=parts[:1]))
    assert column(with_own, "code.text") == ["CD3", "CD4"]


@pytest.mark.parametrize(
    ("changes", "effective"),
    [
        ({"effectiveDateTime": "2026-02"}, "2026-02"),
        ({"effectiveDateTime": None, "effectiveInstant": "2026-02-02T09:00:00Z"}, "2026-02-02T09:00:00Z"),
        ({"effectiveDateTime": None, "effectivePeriod": {"start": "2026-02-02", "end": "2026-02-03"}}, "2026-02-02"),
        ({"effectiveDateTime": None, "effectiveTiming": {"event": ["2026-02-02"]}}, "a timing"),
        ({"effectiveDateTime": None}, ""),
    ],
)
def test_when(tmp_path, changes: dict[str, Any], effective: str) -> None:
    assert column(read(tmp_path, observation(**changes)), "effective") == [effective]


# ---- whose ----------------------------------------------------------------------------------------------------------

ONLY = {"reference": "Patient/p1"}


@pytest.mark.parametrize(
    ("patients", "subject", "found"),
    [
        ([patient()], ONLY, "S1-001"),
        ([patient()], {"reference": "Patient/p1/_history/3"}, "S1-001"),
        ([patient()], {"reference": "https://elsewhere.org/Patient/p1"}, ""),
        ([patient("p2")], ONLY, ""),
        ([patient(), patient(value="S1-002")], ONLY, "S1-001~S1-002"),  # the file contradicts itself
        ([patient(value="S1-002")], {**ONLY, "identifier": {"system": "urn:s1", "value": "S1-001"}}, "S1-001~S1-002"),
        (
            [patient(value="77", system="urn:mrn")],
            {**ONLY, "identifier": {"system": "urn:s1", "value": "S1-001"}},
            "S1-001",
        ),
        ([], {"display": "Jane"}, ""),
    ],
)
def test_patients_resolve_references(tmp_path, patients: list[Any], subject: dict[str, Any], found: str) -> None:
    grid = read(tmp_path, bundle(*patients, observation(subject=subject)))
    assert column(grid, "subject.identifier.value") == [found]


def test_references_by_address_and_within_the_resource(tmp_path) -> None:
    content = bundle(observation(subject={"reference": "urn:uuid:7"}))
    content["entry"].append({"fullUrl": "urn:uuid:7", "resource": patient()})
    assert column(read(tmp_path, content), "subject.identifier") == ["urn:s1|S1-001"]
    held = observation(subject={"reference": "#p1"}, contained=[patient(), patient("p2", "S1-002")])
    assert column(read(tmp_path, held), "subject.identifier.value") == ["S1-001"]


# ---- files ----------------------------------------------------------------------------------------------------------


def test_one_resource_per_line(tmp_path) -> None:
    content = lines(observation()) + "\n{broken\n[1]\n" + lines(patient(), observation("CD8", name="o2"))
    grid = read(tmp_path, content.replace("\n", "\r\n"))
    assert grid.numbers == [1, 6]
    assert remarks(grid) == [("resource_unreadable", 3), ("resource_unreadable", 4)]
    assert grid.remarks[0].text == "{broken"


def test_a_first_line_that_is_broken(tmp_path) -> None:
    grid = read(tmp_path, lines(observation())[5:] + lines(observation("CD8")))
    assert (grid.numbers, remarks(grid)) == ([2], [("resource_unreadable", 1)])


def test_bundles_in_bundles_and_on_lines(tmp_path) -> None:
    inner = bundle(observation("CD8"), observation("CD3"))
    grid = read(tmp_path, bundle(observation(), inner))
    assert list(zip(grid.numbers, column(grid, "code.text"), strict=True)) == [(1, "CD4"), (2, "CD8"), (2, "CD3")]
    assert read(tmp_path, lines(inner, inner)).numbers == [1, 1, 2, 2]


def test_what_a_bundle_does_not_hold_is_told(tmp_path) -> None:
    report = {"resourceType": "DiagnosticReport", "contained": [observation()]}
    content = bundle(report, observation(), {"resourceType": "Device"}, {"resourceType": "Device"})
    content["link"] = [{"relation": "next", "url": "https://example.org?page=2"}]
    content["entry"] += [{"search": {"mode": "match"}}]
    grid = read(tmp_path, content)
    assert [(r.kind, r.row, r.severity) for r in grid.remarks] == [
        ("bundle_incomplete", None, "warning"),
        ("resource_unreadable", 5, "error"),
        ("resource_not_read", 1, "warning"),
        ("resource_not_read", 3, "note"),
    ]
    assert "1 resources DiagnosticReport with 1 Observations" in grid.remarks[2].message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        (json.dumps(bundle(observation()), indent=1)[:-9], "not JSON .* no line of it"),
        ("[1, 2]", "no FHIR resource"),
        ('{"id": 1}', "resourceType is missing"),
        ('{"a": 1, "a": 2}', "a key twice"),
        ('{"resourceType": "Bundle", "resourceType": "Bundle"}', "a key twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"resourceType": "Bundle"}', "no Observation"),
        (json.dumps(bundle(patient(), {"resourceType": "Device"})), "no Observation. Other resources: 1 Device"),
        ("{}".encode("utf-16"), "not utf-8"),
    ],
)
def test_files_that_hold_no_observation(tmp_path, content: str | bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, content)


def test_a_line_nested_too_deeply(tmp_path) -> None:
    grid = read(tmp_path, lines(observation()) + "[" * 100_000 + "\n")
    assert remarks(grid) == [("resource_unreadable", 2)]


def test_numbers_are_written_with_a_point() -> None:
    with pytest.raises(ConfigError, match="must contain it"):
        fhir_dialect(numbers={"decimal": [","]})


# ---- withdrawn ------------------------------------------------------------------------------------------------------


def panel(**changes: Any) -> dict[str, Any]:
    parts = [{"code": concept(test), "valueQuantity": {"value": 9, "unit": "/uL"}} for test in ("CD4", "CD8")]
    return coded("Panel", component=parts, **changes)


STRIPPED = {"resourceType": "Observation", "id": "o1", "status": "entered-in-error", "code": {"text": "Panel"}}
GONE = {"request": {"method": "DELETE", "url": "Observation/o1"}, "response": {"lastModified": "2026-02-05T00:00:00Z"}}


@pytest.mark.parametrize("last", [{"resource": STRIPPED}, GONE])
def test_a_withdrawal_without_results_withdraws_them_all(tmp_path, last: dict[str, Any]) -> None:
    content = bundle(panel())
    content["entry"].append(last)
    tables = harmonise(tmp_path, json.dumps(content), fhir_dialect())
    assert used(tables) == []
    assert [(row, fate) for row, fate, _ in fates(tables)] == [(1, "superseded")] * 2 + [(2, "not done")] * 2


def test_a_withdrawal_of_what_the_file_does_not_hold(tmp_path) -> None:
    content = bundle(panel(name="o2"))
    content["entry"] += [{"resource": STRIPPED}, GONE]
    grid = read(tmp_path, content)
    assert column(grid, "status") == ["final", "final", "entered-in-error"]
    assert remarks(grid) == [("resource_deleted", 3)]


# ---- to the harmonised layer ----------------------------------------------------------------------------------------

SECOND = {"effectiveDateTime": "2026-02-10"}


def everything() -> list[dict[str, Any]]:
    """One result of each kind; see `test_every_result_has_its_fate`."""
    other = {"identifier": {"value": "S1-002"}}
    return [
        observation("CD4", 0.05, "10*9/L", "a1"),
        coded("CD8", name="a2", valueQuantity={"comparator": "<", "value": 5, "unit": "/uL"}),
        observation("CD4", 80, name="b1", status="preliminary", **SECOND),
        observation("CD4", 90, name="b1", status="amended", issued="2026-02-12T10:00:00Z", **SECOND),
        observation("CD8", 70, name="b2", **SECOND),
        observation("CD8", 70, name="b2", status="entered-in-error", **SECOND),
        coded("CD3", name="b3", dataAbsentReason={"coding": [{"code": "not-performed"}]}, **SECOND),
        observation("CD4", 120, "mg/L", "c1", subject=other),
        observation("CD3", 120, name="c2", subject={"identifier": {"value": "S1-999"}}),
        observation("CD8", 120, name="c3", status="unknown", subject=other),
        coded("ALC", name="c4", valueString="many", subject=other),
        observation("HGB", 7.1, "mmol/L", "c5", subject=other),
        coded("Panel", name="c6", subject=other, component=[
            {"code": concept("CD3"), "valueQuantity": {"value": 30, "unit": "/uL"}},
            {"code": concept("CD4 %"), "valueQuantity": {"value": 12, "unit": "%"}},
        ]),
        coded("Panel", name="c7", subject=other, hasMember=[{"reference": "Observation/c1"}]),
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["bundle", "lines"])
def test_every_result_has_its_fate(tmp_path, form: str) -> None:
    content = json.dumps(bundle(*everything()), indent=2) if form == "bundle" else lines(*everything())
    tables = harmonise(tmp_path, content, fhir_dialect())
    assert sorted(used(tables)) == [
        ("CD3", "=", 30.0), ("CD4", "=", 50.0), ("CD4", "=", 90.0), ("CD4PCT", "=", 12.0), ("CD8", "<", 5.0),
    ]  # fmt: skip
    assert [row for row in fates(tables) if row[2]] == [
        (3, "superseded", "replaced by the corrected result in row 4"),
        (5, "superseded", "replaced by the deleted result in row 6"),
        (6, "not done", "deleted by the laboratory"),
        (7, "not done", "not performed"),
    ]
    assert kinds(tables, "error") == [
        ("unit_unknown", 8, 1), ("participant_unknown", 9, 1), ("status_unknown", 10, 1), ("value_unreadable", 11, 1),
    ]  # fmt: skip
    assert account(tables) == {
        "rows": 15, "blank": 1, "read": 14, "value": 4, "censored": 1, "not_done": 2, "superseded": 2, "queried": 4,
        "not_requested": 1,
    }  # fmt: skip


def test_remarks_become_queries(tmp_path) -> None:
    tables = harmonise(tmp_path, lines(observation()) + "{broken\n", fhir_dialect())
    found = tables.queries.filter(pl.col("QUKIND") == "resource_unreadable")
    assert found.select("SRCFILE", "SRCROW", "QUSEV", "QUVAL").rows() == [("lab.json", 2, "error", "{broken")]
    assert account(tables) == {"rows": 1, "read": 1, "value": 1}


# ---- damage ---------------------------------------------------------------------------------------------------------


def mutate(content: bytes, dice: random.Random) -> bytes:
    """One to three random changes of bytes, lines or elements."""
    for _ in range(dice.randint(1, 3)):
        at, rows = dice.randrange(max(len(content), 1)), content.split(b"\n")
        line = dice.randrange(len(rows))
        match dice.randrange(6):
            case 0:
                content = content[:at] + bytes([dice.randrange(256)]) + content[at + 1 :]
            case 1:
                content = content[:at] + content[at + dice.randint(1, 40) :]
            case 2:
                content = b"\n".join([*rows[:line], *rows[line + dice.randrange(2) :], rows[line]])
            case 3:
                content = content[:at]
            case _:
                rows[line] = json.dumps(_twist(_parsed(rows[line]), dice)).encode()
                content = b"\n".join(rows)
    return content


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line.decode("latin-1")


def _twist(element: Any, dice: random.Random) -> Any:
    """Any JSON in a random place."""
    if isinstance(element, dict) and element and dice.random() < 0.9:
        key = dice.choice(sorted(element))
        return {**element, key: _twist(element[key], dice)}
    if isinstance(element, list) and element and dice.random() < 0.9:
        place = dice.randrange(len(element))
        return [*element[:place], _twist(element[place], dice), *element[place + 1 :]]
    return dice.choice(
        [None, True, [], {}, [[]], 1e400, -1, "", "x", ["a", 1], {"value": {"value": 1}}, [None], "\u0000"]
    )


@pytest.mark.parametrize("form", ["bundle", "lines"])
def test_damaged_files_end_in_results_or_a_clear_error(tmp_path, form: str) -> None:
    """All are read or refused; of every tenth that is read, each result has its fate."""
    dice = random.Random(20260202)
    resources = [patient(), *everything()]
    whole = json.dumps(bundle(*resources)) if form == "bundle" else lines(*resources)
    n_read, told = 0, set()
    for number in range(300):
        content = mutate(whole.encode(), dice)
        try:
            grid = read(tmp_path, content)
            n_read += 1
            tables = harmonise(tmp_path, content, fhir_dialect()) if number % 10 == 0 else None
        except SourceError as error:
            told.add(str(error).partition(":")[0])
            continue
        if tables is not None:
            row = tables.cells.row(0, named=True)
            assert row["n_read"] + row["n_blank"] == row["n_rows"] == len(grid.rows)
    assert n_read > (60 if form == "bundle" else 200)
    assert told <= {"lab.json"}
