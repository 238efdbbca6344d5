# Result tables -> figures and tables: selection, scale and label; no statistics.

from immrecon.exhibits import figure_stems, table_stems

FIGURES = {
    step: LAYOUT.figures(stems) for step, stems in figure_stems(STEPS.display()).items()
}
TABLES = LAYOUT.tables(table_stems(STEPS.display()))
RESULTS = LAYOUT.results()


rule draw_disposition:
    input:
        accrual=LAYOUT.table("estimates", "accrual"),
        timelines=LAYOUT.table("estimates", "timelines"),
    output:
        FIGURES["disposition"],
    log:
        LAYOUT.log("draw_disposition"),
    params:
        code=code_digest("draw_disposition"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_disposition.py"


rule draw_recovery:
    input:
        profiles=LAYOUT.table("estimates", "profiles"),
        visit_summary=LAYOUT.table("estimates", "visit_summary"),
    output:
        FIGURES["recovery"],
    log:
        LAYOUT.log("draw_recovery"),
    params:
        code=code_digest("draw_recovery"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_recovery.py"


rule draw_kinetics:
    input:
        visit_values=LAYOUT.table("estimates", "visit_values"),
        parameters=LAYOUT.table("estimates", "kinetic_parameters"),
        summary=LAYOUT.table("estimates", "kinetic_summary"),
    output:
        FIGURES["kinetics"],
    log:
        LAYOUT.log("draw_kinetics"),
    params:
        code=code_digest("draw_kinetics"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_kinetics.py"


rule draw_age_reference:
    input:
        summary=LAYOUT.table("estimates", "age_reference_summary"),
        profiles=LAYOUT.table("estimates", "age_reference_profiles"),
        bands=LAYOUT.table("estimates", "age_reference_bands"),
    output:
        FIGURES["age_reference"],
    log:
        LAYOUT.log("draw_age_reference"),
    params:
        code=code_digest("draw_age_reference"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_age_reference.py"


rule draw_tte:
    input:
        curves=LAYOUT.table("estimates", "curves"),
        risk_table=LAYOUT.table("estimates", "risk_table"),
    output:
        FIGURES["tte"],
    log:
        LAYOUT.log("draw_tte"),
    params:
        code=code_digest("draw_tte"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_tte.py"


rule draw_definition_grid:
    input:
        estimates=LAYOUT.table("estimates", "definition_estimates"),
        statuses=LAYOUT.table("estimates", "definition_statuses"),
    output:
        FIGURES["definition_grid"],
    log:
        LAYOUT.log("draw_definition_grid"),
    params:
        code=code_digest("draw_definition_grid"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_definition_grid.py"


rule draw_events:
    input:
        mean_cumulative=LAYOUT.table("estimates", "mean_cumulative"),
        risk_table=LAYOUT.table("estimates", "event_risk_table"),
    output:
        FIGURES["events"],
    log:
        LAYOUT.log("draw_events"),
    params:
        code=code_digest("draw_events"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_events.py"


rule draw_forest:
    input:
        contrasts=LAYOUT.table("estimates", "contrasts"),
    output:
        FIGURES["forest"],
    log:
        LAYOUT.log("draw_forest"),
    params:
        code=code_digest("draw_forest"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_forest.py"


rule draw_multistate:
    input:
        curves=LAYOUT.table("estimates", "state_curves"),
    output:
        FIGURES["multistate"],
    log:
        LAYOUT.log("draw_multistate"),
    params:
        code=code_digest("draw_multistate"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_multistate.py"


rule draw_trajectory:
    input:
        curves=LAYOUT.table("estimates", "trajectory_curves"),
        samples=LAYOUT.table("estimates", "trajectory_samples"),
        participants=LAYOUT.table("estimates", "trajectory_participants"),
        predictions=LAYOUT.table("estimates", "trajectory_predictions"),
        timelines=LAYOUT.table("estimates", "timelines"),
    output:
        FIGURES["trajectory"],
    log:
        LAYOUT.log("draw_trajectory"),
    params:
        code=code_digest("draw_trajectory"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_trajectory.py"


rule draw_reconstitution_outcome:
    input:
        curves=LAYOUT.table("estimates", "outcome_curves"),
        risk_table=LAYOUT.table("estimates", "outcome_risk_table"),
    output:
        FIGURES["reconstitution_outcome"],
    log:
        LAYOUT.log("draw_reconstitution_outcome"),
    params:
        code=code_digest("draw_reconstitution_outcome"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_reconstitution_outcome.py"


rule draw_external_control:
    input:
        external_control=LAYOUT.table("estimates", "external_control"),
    output:
        FIGURES["external_control"],
    log:
        LAYOUT.log("draw_external_control"),
    params:
        code=code_digest("draw_external_control"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/draw_external_control.py"


rule render_tables:
    input:
        **RESULTS,
    output:
        TABLES,
    log:
        LAYOUT.log("render_tables"),
    params:
        code=code_digest("render_tables"),
        spec=STEPS.spec("display"),
    script:
        "../../scripts/render_tables.py"
