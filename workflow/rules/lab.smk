# Lab exports -> one row per result cell, by one job.


rule harmonise_lab:
    input:
        STEPS.sources,
        sources=FIRST_OUTPUT,
        dm=LAYOUT.participants("harmonised", "dm"),
        ce=LAYOUT.participants("harmonised", "ce"),
    output:
        lb=LAYOUT.participants("harmonised", "lb"),
        queries=LAYOUT.table("harmonised", "queries_lab"),
        cells=LAYOUT.table("harmonised", "cells"),
    log:
        LAYOUT.log("harmonise_lab"),
    params:
        code=code_digest("harmonise_lab"),
        received=STEPS.received,
        spec=STEPS.spec("lab"),
        folder=lambda wildcards: STEPS.folder,
    script:
        "../../scripts/harmonise_lab.py"
