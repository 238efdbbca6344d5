"""Published proportions and control data sets beside the estimates of this study."""

from immrecon.analyses.external_control import estimate_external_control, read_controls
from immrecon.config.external_specs import ExternalSpec
from immrecon.contracts.analysis import ADREC, ADSL, ADTTE
from immrecon.contracts.io import read, write
from immrecon.contracts.results import EXTERNAL_CONTROL
from immrecon.jobs import job

with job(snakemake) as j:
    adsl, adtte, adrec = read(ADSL, j.input.adsl), read(ADTTE, j.input.adtte), read(ADREC, j.input.adrec)
    spec = ExternalSpec.model_validate(j.params.spec)
    rows = estimate_external_control(adsl, adtte, adrec, read_controls(j.params.controls), spec)
    write(EXTERNAL_CONTROL, rows, j.output.external_control)
