"""The clinical extracts of the demo: every planted fault ends as the truth file declares, and nothing else is asked."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from immrecon.config.clinical import clinical_spec
from immrecon.config.load import load_study
from immrecon.ingest.clinical import ClinicalTables, harmonise_clinical

ROOT = Path(__file__).parents[2]
CUTS = ["2026-03-31", "2026-09-30"]

# What a fault of the truth file must become: the kind of the query, and its severity.
EXPECTED = {
    "clinical impossible date": ("date_impossible", "error"),
    "clinical date after extract": ("date_after_extract", "error"),
    "clinical date before birth": ("date_before_birth", "error"),
    "clinical dead before alive": ("alive_after_dead_contact", "warning"),
    "clinical duplicate record": ("duplicate_record", "note"),
    "clinical age disagrees with group": ("age_disagrees_with_birth", "warning"),
    "clinical GvHD grade disagrees with stages": ("gvhd_grade_disagrees", "warning"),
    "clinical SAE not in safety database": ("sae_not_in_safety_database", "warning"),
    "clinical SAE not in clinical database": ("sae_not_in_clinical_database", "error"),
    "clinical SAE disagrees": ("sae_disagrees", "warning"),
}
UNDATED = {"date": ("date_missing", "error"), "end_date": ("end_missing", "warning")}
TYPO = {True: ("participant_malformed", "error"), False: ("participant_unknown", "error")}
LATE = ["entered_late", "entered_since_earlier_cut"]
"""Notes on good records, which have a test of their own."""
PARTIAL = "clinical partial date"
NO_FAULT_OF_THE_RECORD = {
    "clinical record after cut-off",
    "clinical entered late",
    "clinical backdated correction",
    "7.4 byte order mark",
}


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "data/demo/truth.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module", params=CUTS)
def cut(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def extract_date(truth: dict[str, Any], cut: str) -> date:
    found: date = next(c["extract"] for c in truth["data_cuts"] if c["name"] == cut)
    return found


@pytest.fixture(scope="module")
def tables(truth: dict[str, Any], cut: str) -> ClinicalTables:
    return harmonise_clinical(clinical_spec(load_study(ROOT / "config/config.yaml", cut)), ROOT / "data/demo" / cut)


def domains(tables: ClinicalTables) -> list[pl.DataFrame]:
    return [tables.dm, tables.sc, tables.ds, tables.ce, tables.fa, tables.cm, tables.ae, tables.sae]


def places(frame: pl.DataFrame) -> set[tuple[str, int]]:
    return set(frame.select("SRCFILE", "SRCROW").drop_nulls().iter_rows())


def dirt(truth: dict[str, Any], cut: str) -> list[dict[str, Any]]:
    return [fault for fault in truth["dirt"] if fault["cut"] == cut and fault["file"].startswith("clinical/")]


def expected_query(fault: dict[str, Any]) -> tuple[str, str] | None:
    match fault["item"]:
        case "clinical event without date":
            return UNDATED[fault["column"]]
        case "clinical subject id typo":
            return TYPO["O" in fault["kind"]]
        case item if item == PARTIAL or item in NO_FAULT_OF_THE_RECORD:
            return None
        case item:
            return EXPECTED[item]


def not_yet_screened(truth: dict[str, Any], cut: str) -> set[str]:
    """Participants whose screening form was entered after the extract: other forms may be there before it."""
    with (ROOT / "data/demo" / cut / "clinical/screening.csv").open(encoding="utf-8", newline="") as handle:
        screened = {row["subject"] for row in csv.DictReader(handle)}
    return {person["subject"] for person in truth["participants"]} - screened


def ages_outside(truth: dict[str, Any], cut: str) -> list[int]:
    """Rows of the baseline file with an adult below 18 or a child of 18 and more: no fault of the record."""
    groups = {person["subject"]: person["group"] for person in truth["participants"]}
    with (ROOT / "data/demo" / cut / "clinical/baseline.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = list(enumerate(csv.DictReader(handle), start=2))
    grown_up = {number: (row["subject"], float(row["age_years"]) >= 18) for number, row in rows}
    return [n for n, (who, adult) in grown_up.items() if who in groups and adult != (groups[who] == "adult")]


def myelodysplastic_under_version_1(truth: dict[str, Any], cut: str) -> list[int]:
    """Rows of the baseline file with a diagnosis that the first version of the protocol does not enrol."""
    versions = {person["subject"]: person["protocol_version"] for person in truth["participants"]}
    with (ROOT / "data/demo" / cut / "clinical/baseline.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = list(enumerate(csv.DictReader(handle), start=2))
    return [number for number, row in rows if row["diagnosis"] == "MDS" and versions.get(row["subject"]) == 1]


def test_planted_faults_and_no_others_are_asked_about(truth: dict[str, Any], cut: str, tables: ClinicalTables) -> None:
    planted = {
        (fault["file"], fault["row"], *asked)
        for fault in dirt(truth, cut)
        if (asked := expected_query(fault)) is not None
    }
    planted |= {("clinical/baseline.csv", row, "age_outside_group", "warning") for row in ages_outside(truth, cut)}
    against_protocol = myelodysplastic_under_version_1(truth, cut)
    assert len(against_protocol) == 1
    planted |= {("clinical/baseline.csv", row, "diagnosis_outside_protocol", "warning") for row in against_protocol}
    assert len(planted) >= 9
    early = tables.queries["QUVAL"].is_in(list(not_yet_screened(truth, cut)))
    assert set(tables.queries.filter(early)["QUKIND"]) <= {"participant_unknown"}
    asked = tables.queries.filter(~early.fill_null(False) & ~pl.col("QUKIND").is_in(LATE))
    assert set(asked.select("SRCFILE", "SRCROW", "QUKIND", "QUSEV").iter_rows()) == planted


def entries(cut: str, file: str) -> list[dict[str, str]]:
    with (ROOT / "data/demo" / cut / file).open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_events_entered_after_the_first_extract_are_listed_at_the_second(truth: dict[str, Any]) -> None:
    """Those planted as entered late or as backdated are among the notes, and every note is on such a record."""
    cut, (first, _) = CUTS[-1], truth["data_cuts"]
    spec = clinical_spec(load_study(ROOT / "config/config.yaml", cut))
    notes = harmonise_clinical(spec, ROOT / "data/demo" / cut).queries.filter(QUKIND="entered_since_earlier_cut")
    noted = set(notes.select("SRCFILE", "SRCROW").iter_rows())
    items = {"clinical entered late", "clinical backdated correction"}
    assert {(f["file"], f["row"]) for f in dirt(truth, cut) if f["item"] in items} <= noted
    for file, row in noted:
        record = entries(cut, file)[row - 2]
        assert (record.get("date") or record["start_date"]) <= first["cut_off"].isoformat()
        assert record["entered_on"] > first["extract"].isoformat()


@pytest.mark.parametrize(
    ("file", "days"), [("adverse_events", 30), ("events", 30), ("disposition", 30), ("disease", 60)]
)
def test_entered_late_at_the_first_cut(file: str, days: int) -> None:
    cut = CUTS[0]
    spec = clinical_spec(load_study(ROOT / "config/config.yaml", cut))
    notes = harmonise_clinical(spec, ROOT / "data/demo" / cut).queries.filter(QUKIND="entered_late")
    late = set()
    for row, record in enumerate(entries(cut, f"clinical/{file}.csv"), start=2):
        day = record.get("date") or record.get("start_date", "")
        usable = len(day) == 10 and "U" not in day and day[:2] == "20"
        if usable and (date.fromisoformat(record["entered_on"]) - date.fromisoformat(day)).days > days:
            late.add(row)
    assert set(notes.filter(SRCFILE=f"clinical/{file}.csv")["SRCROW"]) == late


def test_partial_dates_keep_their_month(truth: dict[str, Any], cut: str, tables: ClinicalTables) -> None:
    columns = {"adverse_events": (tables.ae, "AEST"), "events": (tables.ce, "CEST"), "gvhd_chronic": (tables.fa, "FA")}
    partial = [fault for fault in dirt(truth, cut) if fault["item"] == PARTIAL]
    assert len(partial) >= 6
    for fault in partial:
        frame, stem = columns[Path(fault["file"]).stem]
        row = frame.filter((pl.col("SRCFILE") == fault["file"]) & (pl.col("SRCROW") == fault["row"])).row(0, named=True)
        first, last = row[f"{stem}LO"], row[f"{stem}HI"]
        assert row[f"{stem}DTC"] == fault["kind"]
        assert (first.isoformat()[:7], first.day) == (fault["kind"][:7], 1)
        assert 28 <= last.day <= 31
        assert (last.year, last.month) == (first.year, first.month)


def test_mistyped_identifiers_name_the_likely_one(truth: dict[str, Any], cut: str, tables: ClinicalTables) -> None:
    enrolled = {person["subject"] for person in truth["participants"]}
    early = pl.col("QUVAL").is_in(list(not_yet_screened(truth, cut)))
    asked = tables.queries.filter(pl.col("QUKIND").str.starts_with("participant_") & ~early)
    assert asked.height == 2
    for written, hint in asked.select("QUVAL", "QUHINT").iter_rows():
        likely = written.replace("O", "0") if "O" in written else written[:-2] + written[-1] + written[-2]
        assert likely in enrolled
        assert hint.startswith(f"Likely {likely};")
    withheld = set(asked.select("SRCFILE", "SRCROW").iter_rows())
    assert not withheld & set().union(*map(places, domains(tables)))


def test_nothing_is_lost(cut: str, tables: ClinicalTables) -> None:
    """Every line of every clinical file is a row of a domain, or is named by a query."""
    folder = ROOT / "data/demo" / cut
    received = set()
    for path in sorted((folder / "clinical").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            n = sum(1 for _ in csv.reader(handle)) - 1
        received |= {(f"clinical/{path.name}", row) for row in range(2, n + 2)}
    assert received == set().union(*map(places, [*domains(tables), tables.queries]))


def test_events_of_the_safety_database_are_no_adverse_events(cut: str, tables: ClinicalTables) -> None:
    assert tables.ae.height == len(entries(cut, "clinical/adverse_events.csv"))
    with (ROOT / "data/demo" / cut / "clinical/sae_listing.csv").open(encoding="utf-8", newline="") as handle:
        listed = list(csv.DictReader(handle, delimiter=";"))
    matched = tables.sae.filter(pl.col("AESEQ").is_not_null())
    assert (tables.sae.height, matched.height) == (len(listed), len(listed) - 1)
    pairs = matched.join(tables.ae, on=["USUBJID", "AESEQ"])
    for term, event, start, onset in pairs.select("SAEDECOD", "AEDECOD", "SAESTLO", "AESTLO").iter_rows():
        assert term == event.upper()
        assert abs((start - onset).days) <= 2


def test_counts_add_up(tables: ClinicalTables) -> None:
    fates = ["n_filtered", "n_duplicate", "n_withheld", "n_without_result", "n_used"]
    for count in tables.counts:
        assert count["n_read"] == sum(int(str(count[fate])) for fate in fates)
    assert sum(int(str(count["n_duplicate"])) for count in tables.counts) == 1


def test_populations(truth: dict[str, Any], cut: str, tables: ClinicalTables) -> None:
    """Everyone enrolled, transplanted and injected by the time of the extract, on the true days."""
    extracted = extract_date(truth, cut)
    entered = {
        (row["subject"], column): date.fromisoformat(row[column])
        for name, column in (
            ("screening", "enrolment_date"),
            ("transplant", "transplant_date"),
            ("product", "injection_date"),
        )
        for row in csv.DictReader((ROOT / "data/demo" / cut / f"clinical/{name}.csv").open(encoding="utf-8"))
        if row[column]
    }
    assert max(entered.values()) <= extracted
    by_name = {"enrolment": "ENRLDT", "transplant": "HSCTDT", "injection": "TRTSDT"}
    dm = {row["USUBJID"]: row for row in tables.dm.iter_rows(named=True)}
    for person in truth["participants"]:
        for event, variable in by_name.items():
            if (person["subject"], f"{event}_date") in entered:
                assert dm[person["subject"]][variable] == person[event]
    for variable, event in (("ENRLDT", "enrolment_date"), ("HSCTDT", "transplant_date"), ("TRTSDT", "injection_date")):
        assert tables.dm[variable].drop_nulls().len() == sum(column == event for _, column in entered)


@pytest.mark.parametrize(
    ("event", "code"), [("death", "DEATH"), ("relapse", "RELAPSE"), ("graft failure", "GRAFT_FAILURE")]
)
def test_major_events_at_the_last_extract(truth: dict[str, Any], event: str, code: str) -> None:
    spec = clinical_spec(load_study(ROOT / "config/config.yaml", CUTS[-1]))
    ce = harmonise_clinical(spec, ROOT / "data/demo" / CUTS[-1]).ce
    found = ce.filter(pl.col("CEDECOD") == code).select("USUBJID", "CESTLO", "CESTHI").rows()
    happened = sorted((e["subject"], e["date"], e["date"]) for e in truth["events"] if e["event"] == event)
    assert sorted(found) == happened
