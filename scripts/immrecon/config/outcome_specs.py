"""The sections of the configuration that the steps of reconstitution against outcome are given."""

from immrecon.config.base import Strict
from immrecon.config.comparisons import PValues
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.occurrences import ThresholdCrossing
from immrecon.config.outcomes import OutcomesFile
from immrecon.config.study import Characteristic, DoseLevel, Group, Methods, Study
from immrecon.config.wording import threshold_in_words
from immrecon.vocabulary import Clock


class LandmarkStatusSpec(Strict):
    """What the derivation of ADLM needs."""

    endpoints: EndpointsFile
    outcomes: OutcomesFile | None


class OutcomeSpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    methods: Methods
    endpoints: EndpointsFile
    outcomes: OutcomesFile | None


class JointModelSpec(Strict):
    baseline: list[Characteristic]
    endpoints: EndpointsFile
    outcomes: OutcomesFile | None


class OutcomeDisplay(Strict):
    """What stands on the exhibits of an analysis of outcome besides its results."""

    code: str
    label: str
    kind: str
    rule: str
    endpoints: list[str]
    clock_label: str
    figure_landmarks_day: list[float]
    figure_last_day: float
    figure_tick_day: float
    p_values: PValues
    source: str
    status: str


def landmark_status_spec(study: Study) -> LandmarkStatusSpec:
    return LandmarkStatusSpec(endpoints=study.endpoints, outcomes=study.outcomes)


def outcome_spec(study: Study) -> OutcomeSpec:
    file = study.file
    return OutcomeSpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        methods=file.methods,
        endpoints=study.endpoints,
        outcomes=study.outcomes,
    )


def joint_model_spec(study: Study) -> JointModelSpec:
    return JointModelSpec(baseline=study.file.baseline, endpoints=study.endpoints, outcomes=study.outcomes)


def outcome_displays(study: Study) -> list[OutcomeDisplay]:
    declared = study.outcomes
    if declared is None:
        return []
    clock = getattr(study.file.clocks, Clock.TRANSPLANT.value)
    shown = []
    for code, landmark in declared.landmarks.items():
        rule = study.endpoints.occurrences[landmark.rule]
        assert isinstance(rule, ThresholdCrossing)
        compared_as = {"left out": "left out of", "not reconstituted": "not reconstituted in"}
        unconfirmed = (
            "reached without confirmation yet: a category of its own, "
            f"{compared_as[landmark.unconfirmed_compared_as]} the ratio of hazards"
        )
        shown.append(
            OutcomeDisplay(
                code=code,
                label=landmark.label,
                kind="landmark",
                rule=f"{threshold_in_words(rule)}; both samples at or before the landmark; {unconfirmed}; without a "
                f"sample within {landmark.last_sample_within_day:g} days before the landmark or the end of the window: "
                "not known",
                endpoints=list(landmark.endpoints),
                clock_label=clock,
                figure_landmarks_day=landmark.figure_landmarks_day,
                figure_last_day=landmark.figure_last_day,
                figure_tick_day=landmark.figure_tick_day,
                p_values=landmark.p_values,
                source=landmark.source,
                status=landmark.status,
            )
        )
    for code, current in declared.current_value.items():
        ends = " or ".join(study.endpoints.words(name) for name in current.samples_end_at)
        shown.append(
            OutcomeDisplay(
                code=code,
                label=current.label,
                kind="current value",
                rule=f"last {current.analyte} measured before, from day {current.first_day:g} after {clock}, carried "
                "forward and never interpolated; at risk from the first value on; below a limit: "
                f"{current.below_limit}; below {current.lowest_per_ul:g}/uL: {current.lowest_per_ul:g}"
                + (f"; no samples from {ends} on" if ends else ""),
                endpoints=list(current.endpoints),
                clock_label=clock,
                figure_landmarks_day=[],
                figure_last_day=1,
                figure_tick_day=1,
                p_values=current.p_values,
                source=current.source,
                status=current.status,
            )
        )
    return shown
