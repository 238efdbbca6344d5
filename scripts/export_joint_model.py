"""Samples and participants as two tables that joint models in R read."""

from immrecon.config.outcome_specs import JointModelSpec
from immrecon.contracts.analysis import ADLB, ADSL, ADTTE
from immrecon.contracts.harmonised import SC
from immrecon.contracts.io import read, write_text
from immrecon.export.joint_model import export_joint_model
from immrecon.jobs import job

with job(snakemake) as j:
    adsl, adlb, adtte = read(ADSL, j.input.adsl), read(ADLB, j.input.adlb), read(ADTTE, j.input.adtte)
    spec = JointModelSpec.model_validate(j.params.spec)
    tables = export_joint_model(adsl, adlb, adtte, read(SC, j.input.sc), spec)
    write_text(tables.long.write_csv(), j.output.long)
    write_text(tables.wide.write_csv(), j.output.wide)
