"""Outcome from landmarks on, by reconstitution: curves with numbers at risk."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import OUTCOME_CURVES, OUTCOME_RISK_TABLE
from immrecon.figures.outcome import draw_reconstitution_outcome
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    curves, risk = read(OUTCOME_CURVES, j.input.curves), read(OUTCOME_RISK_TABLE, j.input.risk_table)
    save_figures(draw_reconstitution_outcome(curves, risk, spec), list(j.output), spec.png_per_inch)
