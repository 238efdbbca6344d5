"""Comparisons of endpoints, also with hazards in print; and lifelines as second programmer."""

from immrecon.analyses.contrasts import estimate_contrasts
from immrecon.config.contrast_specs import ContrastSpec
from immrecon.contracts.analysis import ADSL, ADTTE
from immrecon.contracts.harmonised import SC
from immrecon.contracts.io import read, write
from immrecon.contracts.results import CONTRASTS, SECOND_PROGRAMMER
from immrecon.jobs import job

with job(snakemake) as j:
    adtte, adsl, sc = read(ADTTE, j.input.adtte), read(ADSL, j.input.adsl), read(SC, j.input.sc)
    result = estimate_contrasts(adtte, adsl, sc, ContrastSpec.model_validate(j.params.spec))
    write(CONTRASTS, result.contrasts, j.output.contrasts)
    write(SECOND_PROGRAMMER, result.second_programmer, j.output.second_programmer)
