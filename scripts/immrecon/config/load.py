"""One configuration, read whole: the study file and every file it names. Only lab dialects may inherit."""

import difflib
from pathlib import Path

from immrecon.config.base import Model, build, read_yaml
from immrecon.config.comparisons import ComparisonsFile, check_comparisons
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.external import ExternalFile, check_external
from immrecon.config.extracts import ExtractsFile
from immrecon.config.inherit import read_dialect
from immrecon.config.kinetics import check_kinetics
from immrecon.config.occurrences import (
    AdverseEvent,
    AssessmentAtLeast,
    ClinicalEvent,
    GvhdGrade,
    MedicationStart,
    ThresholdCrossing,
)
from immrecon.config.outcomes import OutcomesFile, check_outcomes
from immrecon.config.reference_limits import AGE_LOWER_LIMIT, check_reference_limits, read_reference_limits
from immrecon.config.study import Study, StudyFile
from immrecon.config.trajectory import Trajectory
from immrecon.errors import ConfigError


def declared_analytes(path: Path) -> list[str]:
    """The codes under `analytes` of a configuration, of which nothing else needs to be complete yet.

    Raises ConfigError: there is no such file, or no list of analytes with their codes.
    """
    listed = read_yaml(path).get("analytes")
    codes = [item.get("code") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    if not codes or not all(isinstance(code, str) for code in codes):
        raise ConfigError(f'{path}: "analytes" is not a list of analytes with a code each.')
    return [str(code) for code in codes]


def load_study(path: str | Path, data_cut: str | None = None) -> Study:
    """The study described by `path`, at `data_cut` if given.

    Raises ConfigError: a file is missing, a key missing or unknown, a value impossible, a name not declared.
    """
    path = Path(path)
    content = read_yaml(path)
    if data_cut is not None:
        cuts = content.get("cuts")
        if isinstance(cuts, dict) and data_cut not in cuts:
            known = ", ".join(sorted(map(str, cuts)))
            raise ConfigError(f'{path}: the cut "{data_cut}" is not declared under "cuts". Declared: {known}.')
        content["data_cut"] = data_cut
    file = build(StudyFile, content, path)
    folder = path.parent
    dialects = [read_dialect(folder / name) for name in file.sources.labs]
    names = [dialect.name for dialect in dialects]
    if len(set(names)) < len(names):
        raise ConfigError(f"{path}: two lab dialects have the same name among {', '.join(sorted(names))}.")
    limits = file.sources.reference_limits
    endpoints_path, clinical_path = folder / file.sources.endpoints, folder / file.sources.clinical
    study = Study(
        file=file,
        endpoints=build(EndpointsFile, read_yaml(endpoints_path), endpoints_path),
        labs={dialect.name: dialect for dialect in dialects},
        clinical=build(ExtractsFile, read_yaml(clinical_path), clinical_path),
        reference_limits=None if limits is None else read_reference_limits(folder / limits),
        comparisons=_optional(ComparisonsFile, folder, file.sources.comparisons),
        outcomes=_optional(OutcomesFile, folder, file.sources.outcomes),
        external=_optional(ExternalFile, folder, file.sources.external),
        config_path=str(path.absolute()),
    )
    _cross_check(study, path)
    return study


def _optional(model: type[Model], folder: Path, name: str | None) -> Model | None:
    """A file that a study may do without."""
    return None if name is None else build(model, read_yaml(folder / name), folder / name)


def _cross_check(study: Study, path: Path) -> None:
    """What one file says of another."""
    analytes = {analyte.code for analyte in study.file.analytes}
    wanted = {study.file.evaluable.analyte: "evaluable.analyte"}
    for name, occurrence in study.endpoints.occurrences.items():
        if isinstance(occurrence, ThresholdCrossing):
            wanted[occurrence.analyte] = f"occurrences.{name}"
    if study.file.trajectory is not None:
        wanted |= dict.fromkeys(study.file.trajectory.analytes, "trajectory.analytes")
        _check_trajectory(study, study.file.trajectory, path)
    for analyte, where in wanted.items():
        if analyte not in analytes:
            raise ConfigError(f'{path}: {where} uses the analyte "{analyte}", which is not under "analytes".')
    _refuse_unmapped_codes(study, path)
    _refuse_idle_checks(study, path)
    _check_reference_limits(study, path)
    if study.file.kinetics is not None:
        _check_kinetics(study, path)
    _check_declared(study, path.parent)
    for marker in study.file.timelines.markers:
        if marker.occurrence not in study.endpoints.occurrences:
            raise ConfigError(f'{path}: timelines marks "{marker.occurrence}", which is not an occurrence.')


def _check_trajectory(study: Study, trajectory: Trajectory, path: Path) -> None:
    marked = [marker.occurrence for marker in study.file.timelines.markers]
    groups = [group.code for group in study.file.groups]
    for key, names, known in (
        ("samples_end_at", trajectory.samples_end_at, list(study.endpoints.occurrences)),
        ("events_shown", trajectory.events_shown, marked),
        ("reference_group", [trajectory.reference_group] if trajectory.reference_group else [], groups),
    ):
        if unknown := [name for name in names if name not in known]:
            declared = ", ".join(known)
            raise ConfigError(f'{path}: trajectory.{key} names "{unknown[0]}", which is none of {declared}.')


def _check_kinetics(study: Study, path: Path) -> None:
    file = study.file
    try:
        check_kinetics(
            study.file.kinetics,  # type: ignore[arg-type]
            [analyte.code for analyte in file.analytes],
            [group.code for group in file.groups],
            [visit.code for visit in file.visits.windows],
            list(study.endpoints.occurrences),
        )
    except ValueError as error:
        raise ConfigError(f"{path}: {error}.") from None


def _check_reference_limits(study: Study, path: Path) -> None:
    """The file fits the study, and a rule that counts on age-specific limits has some."""
    file, limits = study.file, study.reference_limits
    if limits is not None:
        units = {analyte.code: analyte.unit for analyte in file.analytes}
        try:
            check_reference_limits(limits, units, [(group.code, group.min_age_years) for group in file.groups])
        except ValueError as error:
            raise ConfigError(f"{path.parent / str(file.sources.reference_limits)}, {error}.") from None
    for name, rule in study.endpoints.threshold_rules().items():
        if rule.value_per_ul == AGE_LOWER_LIMIT and rule.analyte not in study.analytes_with_limits:
            raise ConfigError(
                f'{path}: {name} uses the "{AGE_LOWER_LIMIT}" of {rule.analyte}, which neither '
                "sources.reference_limits nor a lab dialect (columns.reference_low) gives."
            )


def _check_declared(study: Study, folder: Path) -> None:
    """What the files that a study may do without say of the study and its endpoints."""
    file, endpoints = study.file, study.endpoints
    groups, analytes = [group.code for group in file.groups], [analyte.code for analyte in file.analytes]
    baseline: dict[str, str] = {item.code: item.kind for item in file.baseline}
    name: str | None = None
    try:
        if study.comparisons is not None:
            name = file.sources.comparisons
            levels = [level.code for level in file.dose_levels]
            check_comparisons(study.comparisons, groups, levels, baseline, endpoints.endpoints)
        if study.outcomes is not None:
            name = file.sources.outcomes
            check_outcomes(study.outcomes, endpoints, analytes, list(baseline))
        if study.external is not None:
            name = file.sources.external
            check_external(study.external, endpoints, groups)
    except ValueError as error:
        raise ConfigError(f"{folder / str(name)}: {error}.") from None


def _refuse_idle_checks(study: Study, path: Path) -> None:
    """A check of clinical records that no extract gives anything to check would look as if all were well."""
    file = study.file
    given = {(extract.domain, name) for extract in study.clinical.extracts for name in extract.columns}
    tests = {test for extract in study.clinical.extracts if extract.domain == "SC" for test in extract.tests}
    needed: list[tuple[str, str, str]] = [
        (f"entered_late ({item.domain})", item.domain, f"{item.domain}ENTDT") for item in file.entered_late
    ]
    needed += [
        (f"ongoing_at_cutoff ({item.domain})", item.domain, f"{item.domain}ENDTC") for item in file.ongoing_at_cutoff
    ]
    needed += [("protocol_versions", "DM", "PROTVER")] if file.protocol_versions else []
    if file.sae_reconciliation is not None:
        needed += [("sae_reconciliation", "SAE", "SAEDECOD"), ("sae_reconciliation", "AE", "AESER")]
    elif any(extract.domain == "SAE" for extract in study.clinical.extracts):
        raise ConfigError(
            f"{path}: an extract is of SAE, but sae_reconciliation is null. Give its onset_tolerance_days."
        )
    codes = [group.code for group in file.groups]
    for version in file.protocol_versions:
        where = f'protocol_versions, version "{version.code}"'
        for limits in version.groups:
            if limits.group not in codes:
                known = ", ".join(codes)
                raise ConfigError(f'{path}: {where} names the group "{limits.group}". Declared groups: {known}.')
            if limits.min_age_years is not None or limits.max_age_years is not None:
                needed.append((where, "DM", "AGE"))
            if limits.diagnoses is not None and limits.diagnoses.test not in tests:
                raise ConfigError(f'{path}: {where} names the test "{limits.diagnoses.test}", which no extract gives.')
    for where, domain, variable in needed:
        if (domain, variable) not in given:
            raise ConfigError(f"{path}: {where} needs {variable}, which no extract of {domain} gives.")


def _refuse_unmapped_codes(study: Study, path: Path) -> None:
    """A code that no extract can give would make an endpoint silently empty: 100 % survival from a typing error."""
    mapped = {
        variable: _mapped(study, domain, variable)
        for domain, variable in (("CE", "CEDECOD"), ("FA", "FACAT"), ("CM", "CMCAT"))
    }
    wanted: list[tuple[str, str, str]] = []
    for name, rule in study.endpoints.occurrences.items():
        match rule:
            case ClinicalEvent():
                wanted += [(f"occurrences.{name}.terms", "CEDECOD", term) for term in rule.terms]
            case AssessmentAtLeast():
                wanted.append((f"occurrences.{name}.category", "FACAT", rule.category))
            case GvhdGrade():
                wanted.append((f"occurrences.{name}.category", "FACAT", rule.category))
            case AdverseEvent() if not any(extract.domain == "AE" for extract in study.clinical.extracts):
                raise ConfigError(f"{path}: occurrences.{name} is of adverse events, but no extract is of AE.")
            case MedicationStart():
                wanted += [(f"occurrences.{name}.categories", "CMCAT", term) for term in rule.categories]
    tests = {test for extract in study.clinical.extracts if extract.domain == "SC" for test in extract.tests}
    for name, first_event in study.endpoints.first_events.items():
        for only in first_event.only_if:
            if only.test not in tests:
                raise ConfigError(
                    f'{path}: first_events.{name}.only_if names the test "{only.test}", which no extract gives.'
                )
        followed = [source.code for source in first_event.follow_up if source.domain == "FA"]
        wanted += [(f"first_events.{name}.follow_up", "FACAT", code) for code in followed]
    wanted += [
        (f"ongoing_at_cutoff ({lasting.domain})", {"CE": "CEDECOD", "CM": "CMCAT"}[lasting.domain], code)
        for lasting in study.file.ongoing_at_cutoff
        if lasting.domain != "AE"
        for code in lasting.codes or ()
    ]
    for where, variable, code in wanted:
        known = mapped[variable]
        if known is not None and code not in known:
            close = difflib.get_close_matches(code, known, n=1)
            hint = f'Did you mean "{close[0]}"?' if close else f"Mapped: {', '.join(sorted(known)) or 'none'}."
            raise ConfigError(f'{path}: {where} names "{code}", which no clinical extract is mapped to. {hint}')


def _mapped(study: Study, domain: str, variable: str) -> set[str] | None:
    """Values that the clinical mapping can give; None where a column is taken as it comes."""
    values: set[str] = set()
    for extract in study.clinical.extracts:
        if extract.domain != domain or variable not in extract.columns:
            continue
        source = extract.columns[variable]
        if source.constant is not None:
            values.add(source.constant)
        elif source.map is not None:
            values |= {value for value in source.map.values() if value is not None}
        else:
            return None
    return values
