"""Accrual and the swimmer plot."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import ACCRUAL, TIMELINES
from immrecon.figures.disposition import draw_disposition
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    figures = draw_disposition(read(ACCRUAL, j.input.accrual), read(TIMELINES, j.input.timelines), spec)
    save_figures(figures, list(j.output), spec.png_per_inch)
