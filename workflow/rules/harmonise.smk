# As received -> one row shape for every source. What cannot be read becomes a query.


rule verify_sources:
    input:
        STEPS.sources,
    output:
        sources=FIRST_OUTPUT,
    log:
        LAYOUT.log("verify_sources"),
    params:
        code=code_digest("verify_sources"),
        received=STEPS.received,
        folder=lambda wildcards: STEPS.folder,
        checksums=lambda wildcards: STEPS.checksums,
    script:
        "../../scripts/verify_sources.py"


rule harmonise_clinical:
    input:
        STEPS.sources,
        sources=FIRST_OUTPUT,
    output:
        dm=LAYOUT.participants("harmonised", "dm"),
        sc=LAYOUT.participants("harmonised", "sc"),
        ds=LAYOUT.participants("harmonised", "ds"),
        ce=LAYOUT.participants("harmonised", "ce"),
        fa=LAYOUT.participants("harmonised", "fa"),
        cm=LAYOUT.participants("harmonised", "cm"),
        ae=LAYOUT.participants("harmonised", "ae"),
        sae=LAYOUT.participants("harmonised", "sae"),
        queries=LAYOUT.table("harmonised", "queries_clinical"),
    log:
        LAYOUT.log("harmonise_clinical"),
    params:
        code=code_digest("harmonise_clinical"),
        received=STEPS.received,
        spec=STEPS.spec("clinical"),
        folder=lambda wildcards: STEPS.folder,
    script:
        "../../scripts/harmonise_clinical.py"


rule write_queries:
    input:
        queries_clinical=LAYOUT.table("harmonised", "queries_clinical"),
        queries_lab=LAYOUT.table("harmonised", "queries_lab"),
        cells=LAYOUT.table("harmonised", "cells"),
        dm=LAYOUT.participants("harmonised", "dm"),
        previous=STEPS.earlier_queries,
    output:
        query_log=LAYOUT.table("harmonised", "query_log"),
        workbook="queries/queries.xlsx",
        by_site=directory("queries/by_site"),
        ids="queries/ids.csv",
    log:
        LAYOUT.log("write_queries"),
    params:
        code=code_digest("write_queries"),
        spec=STEPS.spec("queries"),
        unused=STEPS.unused,
        previous=STEPS.compared_with(),
    script:
        "../../scripts/write_queries.py"
