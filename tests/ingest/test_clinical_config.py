"""What clinical.yaml refuses, before any file is opened."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from immrecon.config.base import build
from immrecon.config.extracts import END, REQUIRED, START, TARGETS, ExtractsFile, Format
from immrecon.contracts.harmonised import AE, CE, CM, DM, DS, FA, SAE, SC
from immrecon.errors import ConfigError
from immrecon.ingest.clinical_cells import outputs_of

FORMATS = """
formats:
  text:
    layout: {format: csv, encoding: utf-8, delimiter: ","}
    dates: {formats: ["%Y-%m-%d"]}
    decimal: "."
    blanks: []
"""
ROSTER = """
  - file: dm.csv
    format: text
    domain: DM
    roster: true
    participant: {column: id, identity: {pattern: '(?P<id>.+)', template: "{id}"}}
    columns: {GROUP: {column: group}}
"""
EVENTS = """
  - file: ce.csv
    format: text
    domain: CE
    participant: {column: id, identity: {pattern: '(?P<id>.+)', template: "{id}"}}
    columns: {CEDECOD: {column: event, map: {death: DEATH}}, CESTDTC: {column: date}}
"""


def content(*extracts: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FORMATS + "extracts:" + "".join(extracts))
    return loaded


def changed(extract: str, **changes: Any) -> dict[str, Any]:
    """A file of the roster and one other extract, with some of that extract's keys replaced."""
    whole = content(ROSTER, extract)
    whole["extracts"][1] |= changes
    return whole


def refusal(whole: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        build(ExtractsFile, whole, Path("clinical.yaml"))
    return str(caught.value)


def test_the_smallest_file_is_accepted() -> None:
    file = build(ExtractsFile, content(ROSTER, EVENTS), Path("clinical.yaml"))
    assert [extract.domain for extract in file.extracts] == ["DM", "CE"]
    assert file.extracts[1].source_columns == ["id", "event", "date"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colums": {}}, "unknown key"),
        ({"format": "sas"}, '"sas" is not declared'),
        ({"domain": "XX"}, "domain"),
        ({"columns": {"CEDECOD": {"constant": "DEATH"}}}, "CESTDTC or CESTDY, and one only"),
        ({"columns": {"CESTDTC": {"column": "date"}}}, "CE needs CEDECOD"),
        (
            {"columns": {"CEDECOD": {"constant": "DEATH"}, "CESTDTC": {"column": "date"}, "AETERM": {"column": "x"}}},
            "AETERM cannot be filled in CE",
        ),
        (
            {"columns": {"CEDECOD": {"column": "event", "map": {"death": None}}, "CESTDTC": {"column": "date"}}},
            'leave rows out with "where"',
        ),
        (
            {"columns": {"CEDECOD": {"constant": "DEATH"}, "CESTDTC": {"column": "date", "map": {"x": "y"}}}},
            "a date has no map",
        ),
        ({"columns": {"CEDECOD": {"constant": "DEATH"}, "CESTDY": {"column": "t"}}}, '"unit" is needed'),
        (
            {"columns": {"CEDECOD": {"constant": "DEATH", "column": "event"}, "CESTDTC": {"column": "date"}}},
            'either "column" or "constant"',
        ),
        ({"roster": True}, "go with domain DM"),
        ({"ended": {"done": ["Y"]}}, '"ended" needs CEENDTC'),
        ({"results": [{"test": "X", "column": "x", "number": "none"}]}, '"results" are needed in FA and SC'),
        ({"sheet": "Sheet1"}, '"sheet" must be'),
        ({"participant": {"row": "P{row}", "column": "id"}}, 'either "column" or "row"'),
        ({"participant": {"row": "P{number}"}}, "must hold {row}"),
        ({"participant": {"column": "id"}}, '"identity" goes with "column"'),
    ],
)
def test_refused(changes: dict[str, Any], words: str) -> None:
    assert words in refusal(changed(EVENTS, **changes))


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"test": "A", "column": "a", "number": "listed"}, '"texts" are needed'),
        ({"test": "A", "column": "a", "number": "none", "texts": {"x": 1}}, "make no sense with number: none"),
        ({"column": "a", "number": "none"}, 'either "test" or "test_from"'),
        ({"test": "A", "number": "none"}, 'either "column" or "constant"'),
    ],
)
def test_results_refused(result: dict[str, Any], words: str) -> None:
    assessment = {
        "domain": "FA",
        "columns": {"FACAT": {"constant": "SURVIVAL"}, "FADTC": {"column": "date"}},
        "results": [result],
    }
    assert words in refusal(changed(EVENTS, **assessment))


def test_one_test_twice_in_a_row_is_refused() -> None:
    result = {"test": "A", "column": "a", "number": "none"}
    assert "results give A twice" in refusal(changed(EVENTS, domain="SC", columns={}, results=[result, result]))


def test_somebody_must_be_a_participant() -> None:
    whole = content(ROSTER)
    whole["extracts"][0]["roster"] = False
    assert "nobody is known to be a participant" in refusal(whole)


def test_one_file_has_one_format() -> None:
    whole = content(ROSTER, EVENTS)
    whole["formats"]["other"] = whole["formats"]["text"] | {"decimal": ","}
    whole["extracts"][1] |= {"file": "dm.csv", "format": "other"}
    assert "given two formats" in refusal(whole)


@pytest.mark.parametrize("contract", [DM, SC, DS, CE, FA, CM, AE, SAE], ids=lambda contract: contract.name)
def test_every_variable_of_the_contract_can_be_filled(contract: Any) -> None:
    """The targets of the configuration and the contracts are two lists of the same variables."""
    domain = contract.name.upper()
    structural = {"SRCFILE", "SRCSHEET", "SRCROW", "USUBJID", "STUDYID", f"{domain}SEQ", f"{domain}ENRTPT"}
    by_results = {"FA": {"FATESTCD", "FAORRES", "FASTRESN"}, "SC": {"SCTESTCD", "SCORRES", "SCSTRESN"}}
    by_results["SAE"] = {"AESEQ", "SAESTAT"}  # found by the reconciliation
    filled = {name for target in TARGETS[domain] for name in outputs_of(domain, target)}
    assert filled == set(contract.schema.column_names()) - structural - by_results.get(domain, set())


def test_the_tables_of_targets_agree() -> None:
    for domain, targets in TARGETS.items():
        assert set(REQUIRED[domain]) <= set(targets)
        assert set(START[domain]) <= set(targets)
        assert END[domain] is None or END[domain] in targets


@pytest.mark.parametrize("file", ["/data/ce.csv", "../ce.csv", "clinical/../../ce.csv", "D:\\ce.csv"])
def test_a_file_lies_in_the_folder_of_its_cut(file: str) -> None:
    said = refusal(changed(EVENTS, file=file))
    assert said.startswith(f'clinical.yaml: "extracts.1.file": "{file}" names a file outside the folder of the cut')
    assert "Hint" in said


def test_dots_within_a_name_are_harmless() -> None:
    file = build(ExtractsFile, changed(EVENTS, file="clinical.v2/./ce..old.csv"), Path("clinical.yaml"))
    assert file.extracts[1].file == "clinical.v2/./ce..old.csv"


@pytest.mark.parametrize("layout", [{"format": "fhir"}, {"format": "hl7v2", "encoding": "utf-8"}])
def test_clinical_extracts_are_tables(layout: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="clinical extracts are tables"):
        Format.model_validate({"layout": layout, "dates": {"formats": ["%Y-%m-%d"]}, "decimal": ".", "blanks": []})
