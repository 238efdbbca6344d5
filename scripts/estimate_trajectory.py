"""Counts over time by mixed models: curves, readings on declared days, models, and how they fit."""

from immrecon.analyses.trajectory import estimate_trajectory
from immrecon.config.trajectory_specs import TrajectorySpec
from immrecon.contracts.analysis import ADLB, ADOC, ADSL
from immrecon.contracts.io import read, write
from immrecon.contracts.results import (
    TRAJECTORY_CURVES,
    TRAJECTORY_ESTIMATES,
    TRAJECTORY_MODELS,
    TRAJECTORY_PARTICIPANTS,
    TRAJECTORY_PREDICTIONS,
    TRAJECTORY_SAMPLES,
)
from immrecon.jobs import job

with job(snakemake) as j:
    spec = TrajectorySpec.model_validate(j.params.spec)
    result = estimate_trajectory(read(ADSL, j.input.adsl), read(ADLB, j.input.adlb), read(ADOC, j.input.adoc), spec)
    write(TRAJECTORY_CURVES, result.trajectory_curves, j.output.curves)
    write(TRAJECTORY_ESTIMATES, result.trajectory_estimates, j.output.estimates)
    write(TRAJECTORY_MODELS, result.trajectory_models, j.output.models)
    write(TRAJECTORY_SAMPLES, result.trajectory_samples, j.output.samples)
    write(TRAJECTORY_PARTICIPANTS, result.trajectory_participants, j.output.participants)
    write(TRAJECTORY_PREDICTIONS, result.trajectory_predictions, j.output.predictions)
