"""Individual and median trajectories."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import PROFILES, VISIT_SUMMARY
from immrecon.figures.recovery import draw_recovery
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    figures = draw_recovery(read(PROFILES, j.input.profiles), read(VISIT_SUMMARY, j.input.visit_summary), spec)
    save_figures(figures, list(j.output), spec.png_per_inch)
