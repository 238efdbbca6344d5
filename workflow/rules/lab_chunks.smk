# Lab exports -> one row per result cell, by a job for each part of the participants (`chunks` of config.yaml). The results
# are those of lab.smk.


rule harmonise_lab_chunk:
    input:
        STEPS.sources,
        sources=FIRST_OUTPUT,
        dm=LAYOUT.participants("harmonised", "dm"),
        ce=LAYOUT.participants("harmonised", "ce"),
    output:
        lb="harmonised/lb/{chunk}.parquet",
        kept=directory(".lab_chunks/{chunk}"),
    log:
        LAYOUT.log("harmonise_lab_chunk"),
    wildcard_constraints:
        chunk=r"[0-9]{4}",
    params:
        code=code_digest("harmonise_lab_chunk"),
        received=STEPS.received,
        spec=STEPS.spec("lab"),
        folder=lambda wildcards: STEPS.folder,
        chunk=lambda wildcards: int(wildcards.chunk),
        n_chunks=STEPS.study.file.chunks,
    script:
        "../../scripts/harmonise_lab_chunk.py"


rule gather_lab:
    input:
        kept=[f".lab_chunks/{chunk:04d}" for chunk in range(STEPS.study.file.chunks)],
    output:
        queries=LAYOUT.table("harmonised", "queries_lab"),
        cells=LAYOUT.table("harmonised", "cells"),
    log:
        LAYOUT.log("gather_lab"),
    params:
        code=code_digest("gather_lab"),
        spec=STEPS.spec("lab"),
    script:
        "../../scripts/gather_lab.py"
