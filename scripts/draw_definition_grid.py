"""Definitions of reconstitution side by side, as a forest plot with who changes status."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import DEFINITION_ESTIMATES, DEFINITION_STATUSES
from immrecon.figures.definition_grid import draw_definition_grid
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    estimates, statuses = read(DEFINITION_ESTIMATES, j.input.estimates), read(DEFINITION_STATUSES, j.input.statuses)
    save_figures(draw_definition_grid(estimates, statuses, spec), list(j.output), spec.png_per_inch)
