"""Survival and incidence curves with numbers at risk."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import CURVES, RISK_TABLE
from immrecon.figures.style import save_figures
from immrecon.figures.tte import draw_tte
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    figures = draw_tte(read(CURVES, j.input.curves), read(RISK_TABLE, j.input.risk_table), spec)
    save_figures(figures, list(j.output), spec.png_per_inch)
