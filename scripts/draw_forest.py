"""Forest plots of the comparisons, one per chapter of endpoints."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import CONTRASTS
from immrecon.figures.forest import draw_forest
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    save_figures(draw_forest(read(CONTRASTS, j.input.contrasts), spec), list(j.output), spec.png_per_inch)
