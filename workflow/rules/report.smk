# One self-contained report, and the record of how it was made.


rule record_inputs:
    input:
        sources=FIRST_OUTPUT,
    output:
        run_config="run_config.yaml",
        inputs="inputs.json",
    log:
        LAYOUT.log("record_inputs"),
    params:
        code=code_digest("record_inputs"),
        study=STEPS.study.file.study,
        data_cut=STEPS.study.file.data_cut,
        compared_with=STEPS.beside_the_cut(),
        version=STEPS.version(),
        run_config=lambda wildcards: STEPS.run_config(),
        all_code=lambda wildcards: STEPS.all_code(
            [rule.name for rule in workflow.rules if rule.name != "all"]
        ),
        lock=STEPS.lock(),
    script:
        "../../scripts/record_inputs.py"


rule render_report:
    input:
        **RESULTS,
        figures=[
            path for step in FIGURES.values() for path in step if path.endswith(".svg")
        ],
        inputs="inputs.json",
    output:
        report="report/closed/report.html",
    log:
        LAYOUT.log("render_report"),
    params:
        code=code_digest("render_report"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/render_report.py"


OUTPUTS = [
    path for step in workflow.rules if not step.has_wildcards() for path in step.output
]
# Made chunk by chunk, where there are several.
OUTPUTS += [
    path for path in LAYOUT.participants("harmonised", "lb") if path not in OUTPUTS
]


rule write_manifest:
    input:
        OUTPUTS,
    output:
        dictionary="README.md",
        run="run.json",
        manifest="manifest.json",
    log:
        LAYOUT.log("write_manifest"),
    params:
        code=code_digest("write_manifest"),
    script:
        "../../scripts/write_manifest.py"
