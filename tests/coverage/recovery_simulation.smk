# The simulation of recovery_simulation.py, in batches:
#   snakemake --snakefile tests/coverage/recovery_simulation.smk --cores 2 --config replicates=5000
# Batches are kept in .snakemake/recovery_simulation, so that a run can be stopped and taken up again.

import sys
from pathlib import Path

HERE = Path(workflow.basedir)
SCRIPT = HERE / "recovery_simulation.py"
REPLICATES = int(config.get("replicates", 5000))
SIZE = 1000
FIRST = range(0, REPLICATES, SIZE)
CELLS = 40
BATCHES = ".snakemake/recovery_simulation/{cell}_{first}.parquet"


rule table:
    input:
        expand(BATCHES, cell=range(CELLS), first=FIRST),
    params:
        command=f"{sys.executable} {SCRIPT}",
        replicates=REPLICATES,
    shell:
        "{params.command} table {params.replicates} {input}"


rule batch:
    output:
        BATCHES,
    params:
        command=f"{sys.executable} {SCRIPT}",
        last=lambda wildcards: min(int(wildcards.first) + SIZE, REPLICATES),
    shell:
        "{params.command} batch {wildcards.cell} {wildcards.first} {params.last} {output}"
