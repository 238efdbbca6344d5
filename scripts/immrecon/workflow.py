"""What the Snakefile needs at parse time: one configuration, and per step its inputs' names, section and digest."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from immrecon.config import specs
from immrecon.config.base import Strict
from immrecon.config.clinical import clinical_spec
from immrecon.config.contrast_specs import contrast_spec
from immrecon.config.display import DisplaySpec, display_spec
from immrecon.config.external_specs import external_spec
from immrecon.config.load import load_study
from immrecon.config.outcome_specs import joint_model_spec, landmark_status_spec, outcome_spec
from immrecon.config.queries import queries_spec
from immrecon.config.study import Study
from immrecon.config.trajectory_specs import trajectory_spec
from immrecon.errors import ConfigError, ImmreconError, SourceError
from immrecon.layout import Layout, control_files, distrust_unrecorded, source_files, unused_files
from immrecon.lock import prepare
from immrecon.provenance import REPOSITORY, code_digest, file_digest, text_digest

SPEC: dict[str, Callable[[Study], Strict]] = {
    "clinical": clinical_spec,
    "lab": specs.lab_spec,
    "queries": queries_spec,
    "derive": specs.derive_spec,
    "disposition": specs.disposition_spec,
    "recovery": specs.recovery_spec,
    "kinetic_parameters": specs.kinetic_spec,
    "definition_grid": specs.definition_grid_spec,
    "age_reference": specs.age_reference_spec,
    "tte": specs.tte_spec,
    "events": specs.events_spec,
    "multistate": specs.multistate_spec,
    "contrasts": contrast_spec,
    "trajectory": trajectory_spec,
    "landmark_status": landmark_status_spec,
    "outcome": outcome_spec,
    "joint_model": joint_model_spec,
    "external": external_spec,
    "safety": specs.safety_spec,
    "display": display_spec,
}


@contextmanager
def told() -> Iterator[None]:
    """Our errors as Snakemake's own, which it prints as one sentence without a traceback."""
    from snakemake.exceptions import WorkflowError

    try:
        yield
    except ImmreconError as error:
        raise WorkflowError(str(error)) from None


def configured(config_files: Sequence[Any], overrides: dict[str, Any]) -> Study:
    """The one configuration of this call; `overrides` may name another data cut and nothing else.

    Raises ConfigError: none or several configuration files (they would be merged), or another override.
    Raises SourceError: the data are not there, the results cannot be written, or Snakemake cannot read a path.
    """
    if len(config_files) != 1:
        raise ConfigError(
            f"exactly one configuration is run, {len(config_files)} were given. "
            "Use: snakemake --configfile path/to/config.yaml [--config data_cut=...]"
        )
    if unknown := sorted(set(overrides) - {"data_cut"}):
        raise ConfigError(f"only data_cut can be set on the command line, not {', '.join(unknown)}.")
    cut = overrides.get("data_cut")
    study = load_study(Path(str(config_files[0])), None if cut is None else str(cut))
    if not study.data_folder.is_dir():
        raise SourceError(
            f"{study.data_folder}: no such folder for the cut {study.file.data_cut}. "
            "Hint: put the files as received there, or correct sources.data and cuts in the configuration."
        )
    earlier = study.earlier_queries
    if earlier is not None and not earlier.is_file():
        raise SourceError(
            f"{earlier}: no such file. The queries of the cut {study.file.data_cut} are compared with it. Hint: run "
            "the earlier cut and copy its queries/ids.csv there, or set compared_with to null."
        )
    controls = {} if study.external is None else study.external.controls
    folders = [study.relative(control.analysis) for control in controls.values()]
    for path in (REPOSITORY, *source_files(study), *folders, *([] if earlier is None else [earlier])):
        if "{" in str(path) or "}" in str(path):
            raise SourceError(f"{path}: braces in a path stand for wildcards in Snakemake. Hint: rename it.")
    prepare(study.results_folder)
    distrust_unrecorded(study.results_folder)
    return study


class Steps:
    """Parameters of the rules of one study and cut."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.run_folder = study.results_folder
        self.layout = Layout(study.file.parts)
        self.sources: list[str] = [str(path) for path in source_files(study)]
        self.folder = str(study.data_folder)
        self.unused: list[str] = unused_files(study)
        self.earlier_queries = [] if study.earlier_queries is None else [str(study.earlier_queries)]
        self.controls = control_files(study)
        self.control_files = [path for tables in self.controls.values() for paths in tables.values() for path in paths]
        checksums = study.cut.checksums
        # Contents, not times, decide: a file replaced by an older one must be seen, and a frozen cut checked again.
        listed = [path for path in (checksums and [study.relative(checksums)]) or [] if path.is_file()]
        digests = [file_digest(path) for path in [*map(Path, self.sources), *listed]]
        self.received = text_digest(json.dumps([digests, self.unused]))
        self.checksums = None if checksums is None else str(study.relative(checksums))

    def compared_with(self) -> list[dict[str, str]]:
        """The list of earlier queries among the inputs, by the end of its path."""
        return [
            {"path": f"queries of an earlier cut: {Path(path).name}", "sha256": file_digest(path)}
            for path in self.earlier_queries
        ]

    def beside_the_cut(self) -> list[dict[str, str]]:
        """Inputs from elsewhere than the cut's folder, by the ends of their paths."""
        controls = [
            {"path": f"control data set {code}: {name}/{Path(path).name}", "sha256": file_digest(path)}
            for code, tables in self.controls.items()
            for name, paths in tables.items()
            for path in paths
        ]
        return self.compared_with() + controls

    @cache  # noqa: B019 - one instance per process
    def spec(self, section: str) -> dict[str, Any]:
        """The section of the configuration that a step is given, as plain values."""
        return SPEC[section](self.study).model_dump(mode="json")

    @cache  # noqa: B019
    def display(self) -> DisplaySpec:
        return display_spec(self.study)

    def run_config(self) -> str:
        """The whole configuration as it was read, as YAML; of absolute paths, which name a machine, only the end."""
        content = self.study.model_dump(mode="json", exclude={"config_path"})
        sources = content["file"]["sources"]
        for key, value in sources.items():
            if value is not None:
                sources[key] = [_portable(path) for path in value] if isinstance(value, list) else _portable(value)
        for control in (content["external"] or {"controls": {}})["controls"].values():
            control["analysis"] = _portable(control["analysis"])
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)

    def all_code(self, scripts: Sequence[str]) -> str:
        return text_digest(json.dumps({name: code_digest(name) for name in sorted(scripts)}))

    def lock(self) -> str:
        lock = REPOSITORY / "requirements.lock"
        return file_digest(lock) if lock.is_file() else "no lock file"

    def version(self) -> str:
        return version("immrecon")


def _portable(path: str) -> str:
    return f".../{Path(path).name}" if Path(path).is_absolute() else path
