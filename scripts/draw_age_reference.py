"""Trajectories over the reference limits of the age, and per cent of the lower limit."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import AGE_REFERENCE_BANDS, AGE_REFERENCE_PROFILES, AGE_REFERENCE_SUMMARY
from immrecon.figures.age_reference import draw_age_reference
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    summary, bands = read(AGE_REFERENCE_SUMMARY, j.input.summary), read(AGE_REFERENCE_BANDS, j.input.bands)
    profiles = read(AGE_REFERENCE_PROFILES, j.input.profiles)
    save_figures(draw_age_reference(profiles, summary, bands, spec), list(j.output), spec.png_per_inch)
