"""Where every file of a run lies within its folder, and which files as received it reads."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from immrecon.config.study import Study
from immrecon.errors import SourceError

ESTIMATES = (
    "funnel",
    "accrual",
    "baseline",
    "timelines",
    "query_counts",
    "query_status",
    "cell_fates",
    "visit_summary",
    "visit_values",
    "missed_samples",
    "threshold_summary",
    "profiles",
    "status_counts",
    "curves",
    "risk_table",
    "landmarks",
    "quantiles",
    "checks",
    "ae_incidence",
    "sae_reconciliation",
    "ongoing_records",
    "reconstitution",
    "definition_estimates",
    "definition_statuses",
    "mean_cumulative",
    "recurrent_summary",
    "event_risk_table",
    "contrasts",
    "second_programmer",
    "state_curves",
    "state_occupancy",
    "length_of_stay",
    "trajectory_curves",
    "trajectory_estimates",
    "trajectory_models",
    "trajectory_samples",
    "trajectory_participants",
    "trajectory_predictions",
    "kinetic_parameters",
    "kinetic_summary",
    "kinetic_comparisons",
    "growth_curves",
    "age_reference_summary",
    "age_reference_shares",
    "age_reference_profiles",
    "age_reference_bands",
    "outcome_curves",
    "outcome_risk_table",
    "outcome_estimates",
    "outcome_contrasts",
    "external_control",
)
"""Names of the result tables, as in `contracts.results` (which is too heavy to import when a run is planned)."""


@dataclass(frozen=True)
class Layout:
    """Paths relative to the run folder `results/<study>/<cut>/`, which Snakemake works in and keeps its records in.

    So the records of what was made from what go wherever the results go, and are there whoever runs it from where.
    """

    n_parts: int

    def participants(self, layer: str, name: str) -> list[str]:
        """The parts of a participant-level table."""
        return [f"{layer}/{name}/{part:04d}.parquet" for part in range(self.n_parts)]

    def table(self, layer: str, name: str) -> str:
        """A single-file table."""
        return f"{layer}/{name}.parquet"

    def results(self) -> dict[str, str]:
        """Everything that tables and report are made from."""
        return {name: self.table("estimates", name) for name in ESTIMATES} | {
            "cells": self.table("harmonised", "cells")
        }

    def figures(self, stems: list[str]) -> list[str]:
        return [f"figures/{stem}.{kind}" for stem in stems for kind in ("svg", "pdf", "png")]

    def tables(self, stems: list[str]) -> list[str]:
        return [f"tables/{stem}.{kind}" for stem in stems for kind in ("html", "csv")]

    def log(self, step: str) -> str:
        if step.endswith("_chunk"):
            return f"logs/{step}/{{chunk}}.log"
        return f"logs/{step}.log"


CONTROL_TABLES = ("adsl", "adtte")
"""Tables of a control data set that are read."""

FIRST_OUTPUT = "sources.json"
"""Made by the step that every other one follows."""


def distrust_unrecorded(run_folder: Path) -> None:
    """Have everything made again where Snakemake's records are gone (results copied without them, say).

    Nothing could tell that a result is out of date then. Without the first output, every step has to run.
    """
    metadata = run_folder / ".snakemake" / "metadata"
    if not metadata.is_dir() or next(metadata.iterdir(), None) is None:
        (run_folder / FIRST_OUTPUT).unlink(missing_ok=True)


def source_files(study: Study) -> list[Path]:
    """Every file as received that the configuration names, in order; what does not exist is left out."""
    folder = study.data_folder
    names = {extract.file for extract in study.clinical.extracts}
    found = {folder / name for name in names}
    for dialect in study.labs.values():
        for pattern in dialect.files:
            found |= set(folder.glob(pattern))
    return sorted(path for path in found if path.is_file())


def control_files(study: Study) -> dict[str, dict[str, list[str]]]:
    """Parts of the tables of every declared control data set, by its code and the name of the table.

    Raises SourceError: a table is not there.
    """
    if study.external is None:
        return {}
    found = {}
    for code, control in study.external.controls.items():
        folder = study.relative(control.analysis)
        found[code] = {
            name: [str(path) for path in sorted((folder / name).glob("*.parquet"))] for name in CONTROL_TABLES
        }
        for name, parts in found[code].items():
            if not parts:
                raise SourceError(
                    f"{folder / name}: no table of the control data set {code}. Hint: run its study with this pipeline "
                    "and name the folder `analysis` of its results in the configuration."
                )
    return found


def unused_files(study: Study) -> list[str]:
    """Files in the cut's folder that the configuration names nowhere, relative to it; hidden files are left out."""
    named = set(source_files(study))
    if study.cut.checksums is not None:
        named.add(study.relative(study.cut.checksums))
    folder = study.data_folder
    there = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path not in named)
    expected = study.file.unused_files_expected
    return sorted(
        name
        for name in there
        if not Path(name).name.startswith(".") and not any(fnmatch.fnmatch(name, pattern) for pattern in expected)
    )
