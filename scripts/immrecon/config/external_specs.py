"""The section of the configuration that external comparisons are given, and what stands beside their results."""

from immrecon.config.base import Strict
from immrecon.config.comparisons import PValues
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.external import ExternalFile
from immrecon.config.study import DoseLevel, Group, Methods, Study


class ExternalSpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    methods: Methods
    endpoints: EndpointsFile
    external: ExternalFile | None


class ExternalDisplay(Strict):
    """What stands on the exhibits of an external comparison besides its results."""

    code: str
    label: str
    endpoints: list[str]
    about: str
    differences: list[str]
    p_values: PValues
    source: str
    status: str


def external_spec(study: Study) -> ExternalSpec:
    file = study.file
    return ExternalSpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        methods=file.methods,
        endpoints=study.endpoints,
        external=study.external,
    )


def external_displays(study: Study) -> list[ExternalDisplay]:
    declared = study.external
    if declared is None:
        return []
    published = [
        ExternalDisplay(
            code=code,
            label=item.label,
            endpoints=[item.endpoint],
            about=f'{item.population}; rule "{item.rule}"; interval in print: {item.conf_type}',
            differences=item.differences,
            p_values=item.p_values,
            source=item.source,
            status=item.status,
        )
        for code, item in declared.published.items()
    ]
    return published + [
        ExternalDisplay(
            code=code,
            label=item.label,
            endpoints=list(item.endpoints),
            about="followed from their injection here, from the start of their follow-up in the control"
            if item.start == "delayed entry"
            else f"followed from day {item.landmark_day:g} after transplant in both, if still at risk then",
            differences=item.differences,
            p_values=item.p_values,
            source=item.source,
            status=item.status,
        )
        for code, item in declared.controls.items()
    ]
