"""Courses through states: probabilities over time."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import STATE_CURVES
from immrecon.figures.multistate import draw_multistate
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    save_figures(draw_multistate(read(STATE_CURVES, j.input.curves), spec), list(j.output), spec.png_per_inch)
