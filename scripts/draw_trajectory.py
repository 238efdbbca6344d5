"""Counts over time as the mixed models have them, and how the models fit."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import (
    TIMELINES,
    TRAJECTORY_CURVES,
    TRAJECTORY_PARTICIPANTS,
    TRAJECTORY_PREDICTIONS,
    TRAJECTORY_SAMPLES,
)
from immrecon.figures.style import save_figures
from immrecon.figures.trajectory import draw_trajectory
from immrecon.jobs import job

with job(snakemake) as j:
    curves, samples = read(TRAJECTORY_CURVES, j.input.curves), read(TRAJECTORY_SAMPLES, j.input.samples)
    people = read(TRAJECTORY_PARTICIPANTS, j.input.participants)
    predictions, timelines = read(TRAJECTORY_PREDICTIONS, j.input.predictions), read(TIMELINES, j.input.timelines)
    spec = DisplaySpec.model_validate(j.params.spec)
    save_figures(
        draw_trajectory(curves, samples, people, predictions, timelines, spec), list(j.output), spec.png_per_inch
    )
