# What is said of recovery, at the sizes of groups that are met

# The simulation of recovery_simulation.py, in batches:
#   snakemake --snakefile tests/coverage/recovery_simulation.smk --cores 2
# Batches are kept in .snakemake/recovery_simulation, so that a run can be stopped and taken up again.

import sys
from pathlib import Path

HERE = Path(workflow.basedir)
SCRIPT = HERE / "recovery_simulation.py"
sys.path.insert(0, str(HERE))
from recovery_simulation import cells, replicates

SIZE = 1000
BATCHES = [
    f".snakemake/recovery_simulation/{index}_{first}.parquet"
    for index, cell in enumerate(cells())
    for first in range(0, replicates(cell), SIZE)
]


rule table:
    input:
        BATCHES,
    params:
        command=f"{sys.executable} {SCRIPT}",
    shell:
        "{params.command} table {input}"


rule batch:
    output:
        ".snakemake/recovery_simulation/{cell}_{first}.parquet",
    params:
        command=f"{sys.executable} {SCRIPT}",
        last=lambda wildcards: int(wildcards.first) + SIZE,
    shell:
        "{params.command} batch {wildcards.cell} {wildcards.first} {params.last} {output}"
