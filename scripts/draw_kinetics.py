"""Heat maps of counts by visit, and areas under the count by group."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import KINETIC_PARAMETERS, KINETIC_SUMMARY, VISIT_VALUES
from immrecon.figures.kinetics import draw_kinetics
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    values, summary = read(KINETIC_PARAMETERS, j.input.parameters), read(KINETIC_SUMMARY, j.input.summary)
    save_figures(
        draw_kinetics(read(VISIT_VALUES, j.input.visit_values), values, summary, spec),
        list(j.output),
        spec.png_per_inch,
    )
