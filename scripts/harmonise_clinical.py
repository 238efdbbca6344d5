"""Clinical extracts, as received, to SDTM-like domains and queries."""

from pathlib import Path

from immrecon.config.clinical import ClinicalSpec
from immrecon.contracts.harmonised import AE, CE, CM, DM, DS, FA, QUERIES_CLINICAL, SAE, SC
from immrecon.contracts.io import write
from immrecon.ingest.clinical import harmonise_clinical
from immrecon.jobs import job

with job(snakemake) as j:
    spec = ClinicalSpec.model_validate(j.params.spec)
    tables = harmonise_clinical(spec, Path(j.params.folder))
    write(DM, tables.dm, j.output.dm)
    write(SC, tables.sc, j.output.sc)
    write(DS, tables.ds, j.output.ds)
    write(CE, tables.ce, j.output.ce)
    write(FA, tables.fa, j.output.fa)
    write(CM, tables.cm, j.output.cm)
    write(AE, tables.ae, j.output.ae)
    write(SAE, tables.sae, j.output.sae)
    write(QUERIES_CLINICAL, tables.queries, j.output.queries)
