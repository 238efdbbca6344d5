"""The whole study, and the folder of demo data."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from immrecon.simulate.clinical_extracts import clinical_tables, enter, render_clinical
from immrecon.simulate.corrections import correct_between_cuts
from immrecon.simulate.dirt_central import soil_central
from immrecon.simulate.dirt_clinical import soil_clinical
from immrecon.simulate.dirt_paris import soil_paris
from immrecon.simulate.dirt_utrecht import soil_utrecht
from immrecon.simulate.entries import Entry
from immrecon.simulate.lab_central import FILE as CENTRAL
from immrecon.simulate.lab_central import central_table, render_central
from immrecon.simulate.lab_paris import FILE as PARIS
from immrecon.simulate.lab_paris import paris_table, render_paris
from immrecon.simulate.lab_utrecht import FILE as UTRECHT
from immrecon.simulate.lab_utrecht import render_utrecht, utrecht_table
from immrecon.simulate.parameters import DataCut, Kinetics, StudyParameters
from immrecon.simulate.participants import Participant, ScreenFailure, enrol
from immrecon.simulate.rows import Rendered, Table
from immrecon.simulate.sae_listing import FILE as SAE_LISTING
from immrecon.simulate.sae_listing import render_sae_listing, sae_table, soil_sae_listing
from immrecon.simulate.samples import Trajectory, draw_trajectory
from immrecon.simulate.timeline import Course, draw_course
from immrecon.simulate.truth import truth_yaml


@dataclass(frozen=True)
class Study:
    """One realisation: what is true, and every file with rows of all times."""

    parameters: StudyParameters
    kinetics: Kinetics
    enrolled: list[Participant]
    failures: list[ScreenFailure]
    courses: dict[str, Course]
    trajectories: dict[str, Trajectory]
    true_events: list[Entry]
    tables: dict[str, Table]

    @property
    def samples(self) -> pl.DataFrame:
        """All samples: true_ and read_ counts per uL, one row per sample."""
        return pl.concat([t.samples for t in self.trajectories.values()])


def simulate_study(
    parameters: StudyParameters | None = None, kinetics: Kinetics | None = None, *, faults: bool = True
) -> Study:
    """Draws the study once, up to the last extract.

    `faults=False` leaves out planted dirt and corrections. Faults are placed by the shape of their row (a count above
    1000, a sample at relapse): under another seed one may find none, and LookupError names its file.
    """
    parameters, kinetics = parameters or StudyParameters(), kinetics or Kinetics()
    enrolled, failures = enrol(parameters)
    courses = {p.subject: draw_course(parameters, p) for p in enrolled if p.transplant is not None}
    trajectories = {s: draw_trajectory(parameters, c, kinetics) for s, c in courses.items()}
    samples = pl.concat([t.samples for t in trajectories.values()])
    entries = enter(parameters, enrolled, failures, courses)
    clinical = clinical_tables(parameters, entries)
    tables = {
        CENTRAL: central_table(parameters, samples, {s: c.neutrophil_day for s, c in courses.items()}),
        PARIS: paris_table(parameters, samples),
        UTRECHT: utrecht_table(samples),
        **{t.file: t for t in clinical.values()},
    }
    if faults:
        _soil(parameters, tables, courses)
    adverse = tables["clinical/adverse_events.csv"]
    tables[SAE_LISTING] = sae_table(parameters, adverse)
    if faults:
        soil_sae_listing(parameters, tables[SAE_LISTING], adverse)
    true_events = sorted((e for e in entries if e.table == "events"), key=lambda e: (e.subject, e.on, e.cells["event"]))
    return Study(parameters, kinetics, enrolled, failures, courses, trajectories, true_events, tables)


def _soil(parameters: StudyParameters, tables: dict[str, Table], courses: dict[str, Course]) -> None:
    """Plants every fault, then what became known between the cuts."""
    clinical = {Path(f).stem: t for f, t in tables.items() if f.startswith("clinical/")}
    soil_central(parameters, tables[CENTRAL], courses)
    soil_paris(parameters, tables[PARIS], {s: c.relapse_day for s, c in courses.items()})
    soil_utrecht(parameters, tables[UTRECHT])
    soil_clinical(parameters, clinical, {s for s, c in courses.items() if c.death_day is not None})
    correct_between_cuts(parameters, tables, {c.participant.slot: s for s, c in courses.items()})


def render_cut(study: Study, cut: DataCut) -> dict[str, Rendered]:
    """Every file of one extract, by path, sorted."""
    renderers = {
        CENTRAL: render_central,
        PARIS: render_paris,
        UTRECHT: render_utrecht,
        SAE_LISTING: render_sae_listing,
    }
    return {f: renderers.get(f, render_clinical)(t, cut.extract) for f, t in sorted(study.tables.items())}


def demo_files(study: Study) -> dict[str, bytes]:
    """Contents of `data/demo` by path relative to it."""
    rendered = {cut.name: render_cut(study, cut) for cut in study.parameters.cuts}
    files = {"truth.yaml": truth_yaml(study, rendered).encode("utf-8")}
    for cut, contents in rendered.items():
        sums = "".join(f"{hashlib.sha256(r.content).hexdigest()}  {f}\n" for f, r in contents.items())
        files |= {f"{cut}/{f}": r.content for f, r in contents.items()}
        files[f"{cut}/SHA256SUMS"] = sums.encode()
    return files


def write_demo(out: Path, parameters: StudyParameters | None = None) -> list[Path]:
    """Writes the demo data below `out` and returns the paths written."""
    written = []
    for name, content in sorted(demo_files(simulate_study(parameters)).items()):
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written
