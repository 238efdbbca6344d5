"""Mean numbers of events over time."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import read
from immrecon.contracts.results import EVENT_RISK_TABLE, MEAN_CUMULATIVE
from immrecon.figures.events import draw_events
from immrecon.figures.style import save_figures
from immrecon.jobs import job

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    curves, risk = read(MEAN_CUMULATIVE, j.input.mean_cumulative), read(EVENT_RISK_TABLE, j.input.risk_table)
    save_figures(draw_events(curves, risk, spec), list(j.output), spec.png_per_inch)
