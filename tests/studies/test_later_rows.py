"""What is dated after the cut-off changes no estimate at it, in any domain and any lab export.

The final files of the demo study are analysed at an early cut-off twice: as they are, and without every row that is
dated later. Only tables that count queries or cells of the files as received may differ.
"""

import csv
import re
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from immrecon.analyses.age_reference import estimate_age_reference
from immrecon.analyses.contrasts import estimate_contrasts
from immrecon.analyses.definition_grid import estimate_definition_grid
from immrecon.analyses.disposition import estimate_disposition
from immrecon.analyses.events import estimate_events
from immrecon.analyses.external_control import estimate_external_control
from immrecon.analyses.kinetics import estimate_kinetic_parameters
from immrecon.analyses.multistate import estimate_multistate
from immrecon.analyses.ongoing import LastingDomains
from immrecon.analyses.reconstitution import estimate_reconstitution
from immrecon.analyses.reconstitution_outcome import estimate_reconstitution_outcome
from immrecon.analyses.recovery import estimate_recovery
from immrecon.analyses.safety import estimate_safety
from immrecon.analyses.trajectory import estimate_trajectory
from immrecon.analyses.tte import estimate_tte
from immrecon.config import specs
from immrecon.config.clinical import clinical_spec
from immrecon.config.contrast_specs import contrast_spec
from immrecon.config.cuts import Cut
from immrecon.config.external_specs import external_spec
from immrecon.config.load import load_study
from immrecon.config.outcome_specs import joint_model_spec, landmark_status_spec, outcome_spec
from immrecon.config.study import Study
from immrecon.config.trajectory_specs import trajectory_spec
from immrecon.contracts.results import RESULTS
from immrecon.derive.adae import derive_adae
from immrecon.derive.adlb import derive_adlb
from immrecon.derive.adsl import derive_adsl
from immrecon.derive.adtte import derive_adtte
from immrecon.derive.landmarks import derive_adlm
from immrecon.derive.occurrences import Events
from immrecon.export.joint_model import export_joint_model
from immrecon.ingest.clinical import harmonise_clinical
from immrecon.ingest.deaths import with_deaths
from immrecon.ingest.lab import harmonise_labs

ROOT = Path(__file__).parents[2]
FINAL = ROOT / "data" / "demo" / "2026-09-30"
EXTRACTED = date(2026, 10, 12)
OF_SAFETY_DATABASE = "sae_listing.csv"
DATED = ("date", "start_date", "transplant_date", "injection_date", "screening_date")
UNDATED = {"baseline.csv"}
LABS = {
    "central_results.csv": ("utf-8", ",", "COLLECTED", ("%m/%d/%Y",)),
    "paris_lymphocytes.csv": ("cp1252", ";", "Date prélèvement", ("%d/%m/%Y", "%d/%m/%y")),
}


def at_cutoff(cutoff: date) -> Study:
    study = load_study(ROOT / "config" / "config.yaml", "2026-09-30")
    cut = Cut(folder=".", checksums=None, cutoff_date=cutoff, extract_date=EXTRACTED, compared_with=None)
    return study.model_copy(update={"file": study.file.model_copy(update={"cuts": {"2026-09-30": cut}})})


def estimates(study: Study, folder: Path) -> dict[str, pl.DataFrame]:
    """Every table of the estimates layer but those that count queries and cells."""
    clinical = harmonise_clinical(clinical_spec(study), folder)
    lab = specs.lab_spec(study)
    people = with_deaths(clinical.dm, clinical.ce)
    labs = harmonise_labs(lab.labs, folder, people, lab.analytes, lab.extract_date, lab.cutoff_date)
    spec = specs.derive_spec(study)
    adsl = derive_adsl(clinical.dm, clinical.ds, clinical.ce, clinical.fa, labs.lb, spec)
    adlb = derive_adlb(adsl, labs.lb, spec)
    adae = derive_adae(adsl, clinical.ae, spec)
    records = Events(clinical.ce, clinical.fa, clinical.cm, clinical.ae, clinical.sc)
    tte = derive_adtte(adsl, adlb, records, spec)
    queries = [clinical.queries, labs.queries]
    results = [
        estimate_disposition(adsl, clinical.sc, tte.adoc, adlb, queries, [], specs.disposition_spec(study)),
        estimate_recovery(adsl, adlb, labs.lb, tte.adrec, specs.recovery_spec(study)),
        estimate_tte(tte.adtte, specs.tte_spec(study)),
        estimate_safety(
            adsl, adae, LastingDomains(clinical.ae, clinical.ce, clinical.cm), clinical.sae, specs.safety_spec(study)
        ),
        estimate_trajectory(adsl, adlb, tte.adoc, trajectory_spec(study)),
    ]
    tables = {name: frame for result in results for name, frame in vars(result).items()}
    grid = estimate_definition_grid(tte.adtte, tte.adrec, specs.definition_grid_spec(study))
    events = estimate_events(adsl, tte.adtte, tte.adoc, specs.events_spec(study))
    kinetics = estimate_kinetic_parameters(adsl, adlb, tte.adoc, specs.kinetic_spec(study))
    course = estimate_multistate(tte.adms, specs.multistate_spec(study))
    beside = estimate_age_reference(adsl, adlb, specs.age_reference_spec(study))
    tables |= {f"age_reference_{name}": frame for name, frame in vars(beside).items()}
    tables |= {
        "definition_estimates": grid.estimates,
        "definition_statuses": grid.statuses,
        "reconstitution": estimate_reconstitution(tte.adrec, specs.recovery_spec(study)),
        "mean_cumulative": events.mean_cumulative,
        "recurrent_summary": events.summary,
        "event_risk_table": events.risk_table,
        "state_curves": course.curves,
        "state_occupancy": course.occupancy,
        "length_of_stay": course.length_of_stay,
        "kinetic_parameters": kinetics.parameters,
        "kinetic_summary": kinetics.summary,
        "kinetic_comparisons": kinetics.comparisons,
        "growth_curves": kinetics.growth_curves,
        "contrasts": estimate_contrasts(tte.adtte, adsl, clinical.sc, contrast_spec(study)).contrasts,
    }
    adlm = derive_adlm(adsl, adlb, tte.adoc, landmark_status_spec(study))
    tables |= vars(estimate_reconstitution_outcome(tte.adtte, adlm, adlb, tte.adoc, adsl, outcome_spec(study)))
    tables["external_control"] = estimate_external_control(adsl, tte.adtte, tte.adrec, {}, external_spec(study))
    exported = export_joint_model(adsl, adlb, tte.adtte, clinical.sc, joint_model_spec(study))
    return vars(exported) | {
        c.name: tables[c.name].sort(c.schema.primary_key())
        for c in RESULTS
        if c.name in tables and c.name != "query_counts"
    }


def earliest(text: str) -> str:
    """The first day that a date of the clinical database allows; parts of it may be unknown."""
    return text.replace("UN", "01")


def read_day(text: str, formats: tuple[str, ...]) -> date | None:
    for form in formats:
        try:
            return datetime.strptime(text.split(" ", maxsplit=1)[0], form).date()
        except ValueError:
            continue
    return None


def drop_lines(path: Path, encoding: str, delimiter: str, is_late: Callable[[dict[str, str]], bool]) -> int:
    """Take late data lines out of a file, which is written otherwise as it was; how many they were."""
    text = path.read_bytes().decode(encoding)
    lines = text.splitlines(keepends=True)
    cells = [next(csv.reader([line.strip("\r\n")], delimiter=delimiter), []) for line in lines]
    widest = next(i for i, row in enumerate(cells) if len(row) > 3)
    head = [name.lstrip("\ufeff") for name in cells[widest]]
    kept = [
        line for i, (line, row) in enumerate(zip(lines, cells, strict=True))
        if i <= widest or not is_late(dict(zip(head, row, strict=False)))
    ]  # fmt: skip
    path.write_bytes("".join(kept).encode(encoding))
    return len(lines) - len(kept)


def without_later_rows(target: Path, cutoff: date) -> dict[str, int]:
    """A copy of the final files without rows dated after the cut-off; rows dropped by file."""
    shutil.copytree(FINAL, target)
    dropped = {}
    for path in sorted((target / "clinical").glob("*.csv")):
        if path.name == OF_SAFETY_DATABASE:
            continue
        dropped[path.name] = drop_lines(
            path, "utf-8", ",",
            lambda row: any(
                re.match(r"20\d\d", row.get(name, "")) and earliest(row[name]) > cutoff.isoformat() for name in DATED
            ),
        )  # fmt: skip
    dropped[OF_SAFETY_DATABASE] = drop_lines(
        target / "clinical" / OF_SAFETY_DATABASE, "utf-8", ";",
        lambda row: (read_day(row["onset"].title(), ("%d-%b-%Y",)) or date.min) > cutoff,
    )  # fmt: skip
    for name, (encoding, delimiter, column, formats) in LABS.items():
        dropped[name] = drop_lines(
            target / "labs" / name, encoding, delimiter,
            lambda row, column=column, formats=formats: (
                (read_day(row.get(column, ""), formats) or cutoff) > cutoff
            ),
        )  # fmt: skip
    return dropped


@pytest.mark.parametrize("cutoff", [date(2026, 3, 31)])
def test_rows_dated_after_the_cutoff_change_no_estimate(tmp_path: Path, cutoff: date) -> None:
    dropped = without_later_rows(tmp_path / "cut", cutoff)
    assert {name for name, n in dropped.items() if n == 0} == UNDATED
    study = at_cutoff(cutoff)
    with_later, without = estimates(study, FINAL), estimates(study, tmp_path / "cut")
    assert with_later.keys() == without.keys()
    assert all(frame.height for frame in without.values())
    changed = [name for name, frame in with_later.items() if not frame.equals(without[name])]
    assert changed == []
