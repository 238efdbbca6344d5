"""The committed demo data: same bytes as regenerated, checksums, layout."""

import csv
import hashlib
import io
from pathlib import Path

import pytest

from immrecon.simulate import Study, StudyParameters, simulate_study, write_demo
from immrecon.simulate.study import demo_files

CUTS = ("2026-03-31", "2026-09-30")
HEADERS = {
    "screening": "subject,site,birth_date,sex,screening_date,outcome,failure_reason,group,protocol_version,"
    "enrolment_date,dose_level,entered_on",
    "baseline": "subject,age_years,weight_kg,height_cm,performance_status,diagnosis,disease_status,mrd,"
    "cmv_recipient,cmv_donor,donor_type,hla_match,entered_on",
    "transplant": "subject,transplant_date,graft_source,depletion_method,cd34_1e6_per_kg,cd3_1e4_per_kg,"
    "conditioning,atg,entered_on",
    "product": "subject,dose_level,target_1e6_per_kg,injection_date,cells_1e6_per_kg,dosing_weight_kg,"
    "viability_pct,cd3_per_kg,release_status,not_injected_reason,entered_on",
    "disposition": "subject,date,event,reason,entered_on",
    "contacts": "subject,date,status,entered_on",
    "disease": "subject,date,status,mrd,entered_on",
    "gvhd_acute": "subject,date,skin,liver,upper_gi,lower_gi,grade,entered_on",
    "gvhd_chronic": "subject,date,severity,entered_on",
    "events": "subject,event_number,event,date,end_date,grade,detail,adjudication,entered_on",
    "chimerism": "subject,date,lineage,donor_pct,entered_on",
    "virology": "subject,date,virus,copies_per_ml,entered_on",
    "medications": "subject,drug,category,start_date,end_date,ongoing,entered_on",
    "adverse_events": "subject,ae_number,term,preferred_term,system_organ_class,grade,serious,related,"
    "start_date,end_date,outcome,entered_on",
}


def test_regeneration_gives_the_committed_bytes(study: Study, demo: Path) -> None:
    files = [p for p in demo.rglob("*") if p.is_file() and not p.name.startswith("queries_")]
    committed = {p.relative_to(demo).as_posix(): p.read_bytes() for p in files}
    regenerated = demo_files(study)
    assert sorted(committed) == sorted(regenerated)
    assert [name for name in committed if committed[name] != regenerated[name]] == []


def test_another_seed_gives_another_study_with_the_same_storylines() -> None:
    other = simulate_study(StudyParameters(seed=7), faults=False)
    default = simulate_study(faults=False)
    assert (
        demo_files(other)["2026-09-30/labs/central_results.csv"]
        != demo_files(default)["2026-09-30/labs/central_results.csv"]
    )
    assert sum(c.relapse_day is not None for c in other.courses.values()) == 6
    assert len(other.enrolled) == 36


def test_write_demo_writes_every_file(study: Study, tmp_path: Path) -> None:
    written = write_demo(tmp_path)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in written) == sorted(demo_files(study))
    assert all(p.stat().st_size > 0 for p in written)


@pytest.mark.parametrize("cut", CUTS)
def test_checksums_cover_every_file_in_order(demo: Path, cut: str) -> None:
    lines = (demo / cut / "SHA256SUMS").read_text().splitlines()
    stated = {line.split("  ")[1]: line.split("  ")[0] for line in lines}
    files = {p.relative_to(demo / cut).as_posix(): p for p in (demo / cut).rglob("*") if p.is_file()}
    del files["SHA256SUMS"]
    assert list(stated) == sorted(files)
    assert stated == {n: hashlib.sha256(p.read_bytes()).hexdigest() for n, p in sorted(files.items())}


def test_demo_is_small(demo: Path) -> None:
    assert sum(p.stat().st_size for p in demo.rglob("*") if p.is_file()) < 3_000_000
    assert (demo / "truth.yaml").stat().st_size < 200_000


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", HEADERS)
def test_clinical_layout(demo: Path, cut: str, name: str) -> None:
    raw = (demo / cut / "clinical" / f"{name}.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") == (name == "adverse_events")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert ",".join(rows[0]) == HEADERS[name]
    assert {len(r) for r in rows} == {len(rows[0])}
    assert len(rows) > 5


@pytest.mark.parametrize("cut", CUTS)
def test_paris_layout(demo: Path, cut: str) -> None:
    raw = (demo / cut / "labs" / "paris_lymphocytes.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    lines = raw.decode("cp1252").split("\r\n")
    header = (
        "N° patient;N° prélèvement;Date prélèvement;Heure;Date réception;Statut;Lymphocytes (G/L);CD3+ (/mm3);CD3+ (%);"
        "CD4+ (/mm3);CD8+ (/mm3);CD19+ (/mm3);CD16+56+ (/mm3);CD4 naïfs (/mm3);RTE (/mm3);Commentaire"
    )
    assert next(n for n, line in enumerate(lines, start=1) if line == header) == 4
    assert lines.count(header) == 2
    samples = [line for line in lines if line.count(";") == 15 and line != header]
    assert lines[-2] == f"Total : {len(samples)} prélèvements"


@pytest.mark.parametrize("cut", CUTS)
def test_central_layout(demo: Path, cut: str) -> None:
    text = (demo / cut / "labs" / "central_results.csv").read_bytes().decode("utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [
        *("STUDY", "SITE", "SUBJECT", "VISIT", "ACCESSION", "COLLECTED", "RECEIVED", "REPORTED", "LOINC", "TEST"),
        *("RESULT", "UNITS", "LOW", "HIGH", "FLAG", "STATUS", "COMMENT"),
    ]
    assert {r[15] for r in rows[1:]} == {"P", "F", "C", "X"}
    assert {r[9] for r in rows[1:]} >= {"WBC", "ALC", "CD3", "CD3 %", "CD4", "CD4 %", "CD8", "CD19", "NK", "HGB", "PLT"}
