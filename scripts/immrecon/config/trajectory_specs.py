"""The section of the configuration that trajectories are given, and what stands beside their results."""

from immrecon.config.base import Strict
from immrecon.config.study import DoseLevel, Group, Methods, Study
from immrecon.config.trajectory import Trajectory

TRAJECTORY = "TRAJECTORY"
"""How the definition of the models is named among those that are not signed."""


class TrajectorySpec(Strict):
    groups: list[Group]
    dose_levels: list[DoseLevel]
    methods: Methods
    units: dict[str, str]
    """Of each analyte that is modelled."""
    trajectory: Trajectory | None


class TrajectoryDisplay(Strict):
    """What stands on the exhibits of the trajectories besides their results."""

    analytes: list[str]
    participant_pages: list[str]
    first_day: float
    last_day: float
    knots_day: list[float]
    boundary_day: tuple[float, float]
    days: list[float]
    ends_at: list[str]
    """In words: what ends the samples of a participant."""
    markers: list[str]
    """Codes of the events that are marked on the drawings of participants, as in the timelines."""
    random_slope_tried: bool
    reference_group: str | None
    p_values_shown: bool
    p_values_reason: str
    source: str
    status: str

    @property
    def sampled_until(self) -> str:
        """In words, from when on samples are not in the models."""
        ends = f"from the day of {', '.join(self.ends_at)} on, and " if self.ends_at else ""
        return f"{ends}after death"


def trajectory_spec(study: Study) -> TrajectorySpec:
    file = study.file
    modelled = [] if file.trajectory is None else file.trajectory.analytes
    return TrajectorySpec(
        groups=file.groups,
        dose_levels=file.dose_levels,
        methods=file.methods,
        units={analyte.code: analyte.unit for analyte in file.analytes if analyte.code in modelled},
        trajectory=file.trajectory,
    )


def trajectory_display(study: Study) -> TrajectoryDisplay | None:
    declared = study.file.trajectory
    if declared is None:
        return None
    return TrajectoryDisplay(
        ends_at=[study.endpoints.words(name) for name in declared.samples_end_at],
        markers=[name.upper() for name in declared.events_shown],
        random_slope_tried=declared.random_slope.tried,
        p_values_shown=declared.p_values.shown,
        p_values_reason=declared.p_values.reason,
        **declared.model_dump(
            include={
                "analytes", "participant_pages", "first_day", "last_day", "knots_day", "boundary_day", "days",
                "reference_group", "source", "status",
            }
        ),
    )  # fmt: skip
