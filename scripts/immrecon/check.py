"""`immrecon check`: the whole ingest, no result written, and every problem of the sources at once."""

import glob
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from immrecon.config.base import Model, Strict, build, read_yaml
from immrecon.config.clinical import clinical_spec
from immrecon.config.comparisons import ComparisonsFile
from immrecon.config.dialect import Dialect
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.external import ExternalFile
from immrecon.config.extracts import ExtractsFile
from immrecon.config.load import load_study
from immrecon.config.outcomes import OutcomesFile
from immrecon.config.specs import lab_spec
from immrecon.config.study import Study, StudyFile
from immrecon.contracts.harmonised import CELLS, DM, QUERIES_CLINICAL
from immrecon.errors import ConfigError, ImmreconError, SourceError
from immrecon.ingest.clinical import Count, harmonise_clinical
from immrecon.ingest.clinical_source import Files
from immrecon.ingest.deaths import with_deaths
from immrecon.ingest.lab_parse import check_against_study
from immrecon.ingest.lab_stream import LabAccount, harmonise_lab
from immrecon.ingest.readers import find_files
from immrecon.layout import source_files, unused_files
from immrecon.sources import verify_sources


@dataclass
class Checkup:
    """What the ingest of one cut gives, and every reason why it cannot be run as it stands."""

    study: Study
    clinical: list[Count] = field(default_factory=list)
    cells: pl.DataFrame = field(default_factory=CELLS.schema.create_empty)
    queries: pl.DataFrame = field(default_factory=QUERIES_CLINICAL.schema.create_empty)
    unused: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """A problem met inside is noted once, and the next step is tried."""
        try:
            yield
        except ImmreconError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))


def check_study(config: Path, data_cut: str | None = None) -> Checkup:
    """The ingest of the study at `config`, as the pipeline does it, without a result being written.

    A lab export that cannot be read is a problem of the checkup, and the others are still read. Raises ConfigError:
    the configuration cannot be used; every file of it that is wrong is named. SourceError: no folder for the cut.
    """
    study = _load(config, data_cut)
    if not study.data_folder.is_dir():
        raise SourceError(
            f"{study.data_folder}: no such folder for the cut {study.file.data_cut}. "
            "Hint: put the files as received there, or correct sources.data and cuts in the configuration."
        )
    checkup = Checkup(study, unused=unused_files(study))
    checksums = study.cut.checksums
    with checkup.collecting():
        listed = None if checksums is None else str(study.relative(checksums))
        verify_sources(map(str, source_files(study)), str(study.data_folder), listed)
    participants = _clinical(checkup)
    _labs(checkup, participants)
    return checkup


def _load(config: Path, data_cut: str | None) -> Study:
    """The study; or ConfigError with the problems of all the files it names, not only of the first."""
    try:
        return load_study(config, data_cut)
    except ConfigError as first:
        problems = _config_problems(config)
        raise ConfigError(together(problems) if len(problems) > 1 else str(first)) from None


def _config_problems(config: Path) -> list[str]:
    found: list[str] = []

    def attempt(model: type[Model], path: Path) -> dict[str, Any]:
        try:
            content = read_yaml(path)
        except ConfigError as error:
            found.append(str(error))
            return {}
        try:
            build(model, content, path)
        except ConfigError as error:
            found.append(str(error))
        return content

    sources = attempt(StudyFile, config).get("sources")
    if not isinstance(sources, dict):
        return found
    labs = sources.get("labs")
    for name in labs if isinstance(labs, list) else []:
        attempt(Dialect, config.parent / str(name))
    files: dict[str, type[Strict]] = {"clinical": ExtractsFile, "endpoints": EndpointsFile}
    files |= {"comparisons": ComparisonsFile, "outcomes": OutcomesFile, "external": ExternalFile}
    for key, model in files.items():
        if isinstance(sources.get(key), str):
            attempt(model, config.parent / sources[key])
    return found


def _clinical(checkup: Checkup) -> pl.DataFrame | None:
    """DM with deaths, or None where it cannot be known who is a participant."""
    study = checkup.study
    try:
        tables = harmonise_clinical(clinical_spec(study), study.data_folder)
    except ImmreconError as error:
        files = Files(study.clinical, study.data_folder)
        for extract in {(use.file, use.sheet): use for use in study.clinical.extracts}.values():
            with checkup.collecting():
                files.rows_of(extract)
        if not checkup.problems:
            checkup.problems.append(str(error))
        return None
    checkup.clinical = tables.counts
    checkup.queries = tables.queries
    return with_deaths(tables.dm, tables.ce)


def _labs(checkup: Checkup, participants: pl.DataFrame | None) -> None:
    labs = dict(checkup.study.labs)
    try:
        tables = _harmonise(checkup.study, labs, participants)
    except ImmreconError:
        tables = _harmonise(checkup.study, _readable(checkup, labs, participants), participants)
    if participants is not None:  # otherwise every sample would be of nobody
        checkup.cells = tables.cells
        checkup.queries = pl.concat([checkup.queries, tables.queries])


def _harmonise(study: Study, labs: dict[str, Dialect], participants: pl.DataFrame | None) -> LabAccount:
    """As the pipeline does it, an export too large for memory piece by piece. LB is written where nobody looks."""
    dm = DM.schema.create_empty() if participants is None else participants
    spec = lab_spec(study).model_copy(update={"labs": labs})
    with tempfile.TemporaryDirectory(prefix="immrecon_check_") as room:
        return harmonise_lab(spec, study.data_folder, dm, Path(room) / "harmonised" / "lb" / "0000.parquet")


def _readable(checkup: Checkup, labs: dict[str, Dialect], participants: pl.DataFrame | None) -> dict[str, Dialect]:
    """The dialects with those of their files that can be read; the problem of each other file is noted."""
    readable = {}
    for name, dialect in labs.items():
        files: list[str] = []
        with checkup.collecting():
            check_against_study(dialect, checkup.study.file.analytes)
            for pattern in dialect.files:
                with checkup.collecting():
                    files += find_files(checkup.study.data_folder, [pattern])
        good = []
        for file in dict.fromkeys(files):
            alone = dialect.model_copy(update={"files": [glob.escape(file)]})
            with checkup.collecting():
                _harmonise(checkup.study, {name: alone}, participants)
                good += alone.files
        if good:
            readable[name] = dialect.model_copy(update={"files": good})
    return readable


def together(problems: list[str]) -> str:
    """One sentence, or a list of them."""
    if len(problems) == 1:
        return problems[0]
    return "\n  ".join([f"{len(problems)} problems.", *problems])
