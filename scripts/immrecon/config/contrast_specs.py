"""The section of the configuration that comparisons are given, and what stands beside their results."""

from immrecon.config.base import Strict
from immrecon.config.comparisons import ComparisonsFile
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.study import Characteristic, DoseLevel, Group, Methods, Study


class ContrastSpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    baseline: list[Characteristic]
    methods: Methods
    endpoints: EndpointsFile
    comparisons: ComparisonsFile | None


class ComparisonDisplay(Strict):
    """What stands beside the results of a comparison, or of a reference in print (then with its source)."""

    code: str
    label: str
    endpoints: list[str]
    levels: dict[str, str]
    p_values_shown: bool
    p_values_reason: str
    source: str
    status: str


def contrast_spec(study: Study) -> ContrastSpec:
    file = study.file
    return ContrastSpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        baseline=file.baseline,
        methods=file.methods,
        endpoints=study.endpoints,
        comparisons=study.comparisons,
    )


def comparison_displays(study: Study) -> list[ComparisonDisplay]:
    declared = study.comparisons
    if declared is None:
        return []
    labels = {item.code: item.label for item in study.file.groups}
    labels |= {item.code: item.label for item in study.file.dose_levels}
    compared = [
        ComparisonDisplay(
            code=code,
            label=comparison.label,
            endpoints=list(comparison.endpoints),
            levels=labels if comparison.factor in ("group", "dose_level") else {},
            p_values_shown=comparison.p_values.shown,
            p_values_reason=comparison.p_values.reason,
            source="",
            status="signed",
        )
        for code, comparison in declared.comparisons.items()
    ]
    return compared + [
        ComparisonDisplay(
            code=code,
            label=reference.label,
            endpoints=[reference.endpoint],
            levels=labels,
            p_values_shown=reference.p_values.shown,
            p_values_reason=reference.p_values.reason,
            source=reference.source,
            status=reference.status,
        )
        for code, reference in declared.references.items()
    ]
