"""External comparisons: estimates with intervals beside the references with theirs."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import EXTERNAL_CONTROL
from immrecon.figures.external import draw_external_control
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    save_figures(
        draw_external_control(read(EXTERNAL_CONTROL, j.input.external_control), spec), list(j.output), spec.png_per_inch
    )
