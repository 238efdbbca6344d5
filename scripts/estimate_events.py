"""Events that can happen again: mean numbers over time, and rates."""

from immrecon.analyses.events import estimate_events
from immrecon.config.specs import EventsSpec
from immrecon.contracts.analysis import ADOC, ADSL, ADTTE
from immrecon.contracts.io import read, write
from immrecon.contracts.results import EVENT_RISK_TABLE, MEAN_CUMULATIVE, RECURRENT_SUMMARY
from immrecon.jobs import job

with job(snakemake) as j:
    frames = read(ADSL, j.input.adsl), read(ADTTE, j.input.adtte), read(ADOC, j.input.adoc)
    result = estimate_events(*frames, EventsSpec.model_validate(j.params.spec))
    write(MEAN_CUMULATIVE, result.mean_cumulative, j.output.mean_cumulative)
    write(RECURRENT_SUMMARY, result.summary, j.output.summary)
    write(EVENT_RISK_TABLE, result.risk_table, j.output.risk_table)
