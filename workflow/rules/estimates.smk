# The only place where statistics happen.


rule estimate_disposition:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        sc=LAYOUT.participants("harmonised", "sc"),
        adoc=LAYOUT.participants("analysis", "adoc"),
        adlb=LAYOUT.participants("analysis", "adlb"),
        queries_clinical=LAYOUT.table("harmonised", "queries_clinical"),
        queries_lab=LAYOUT.table("harmonised", "queries_lab"),
    output:
        funnel=LAYOUT.table("estimates", "funnel"),
        accrual=LAYOUT.table("estimates", "accrual"),
        baseline=LAYOUT.table("estimates", "baseline"),
        timelines=LAYOUT.table("estimates", "timelines"),
        query_counts=LAYOUT.table("estimates", "query_counts"),
    log:
        LAYOUT.log("estimate_disposition"),
    params:
        code=code_digest("estimate_disposition"),
        unused=STEPS.unused,
        spec=STEPS.spec("disposition"),
    script:
        "../../scripts/estimate_disposition.py"


rule estimate_recovery:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adlb=LAYOUT.participants("analysis", "adlb"),
        lb=LAYOUT.participants("harmonised", "lb"),
        adrec=LAYOUT.participants("analysis", "adrec"),
    output:
        visit_summary=LAYOUT.table("estimates", "visit_summary"),
        visit_values=LAYOUT.table("estimates", "visit_values"),
        missed_samples=LAYOUT.table("estimates", "missed_samples"),
        threshold_summary=LAYOUT.table("estimates", "threshold_summary"),
        profiles=LAYOUT.table("estimates", "profiles"),
        status_counts=LAYOUT.table("estimates", "status_counts"),
    log:
        LAYOUT.log("estimate_recovery"),
    params:
        code=code_digest("estimate_recovery"),
        spec=STEPS.spec("recovery"),
    script:
        "../../scripts/estimate_recovery.py"


rule estimate_kinetic_parameters:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adlb=LAYOUT.participants("analysis", "adlb"),
        adoc=LAYOUT.participants("analysis", "adoc"),
    output:
        parameters=LAYOUT.table("estimates", "kinetic_parameters"),
        summary=LAYOUT.table("estimates", "kinetic_summary"),
        comparisons=LAYOUT.table("estimates", "kinetic_comparisons"),
        growth_curves=LAYOUT.table("estimates", "growth_curves"),
    log:
        LAYOUT.log("estimate_kinetic_parameters"),
    params:
        code=code_digest("estimate_kinetic_parameters"),
        spec=STEPS.spec("kinetic_parameters"),
    script:
        "../../scripts/estimate_kinetic_parameters.py"


rule estimate_age_reference:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adlb=LAYOUT.participants("analysis", "adlb"),
    output:
        summary=LAYOUT.table("estimates", "age_reference_summary"),
        shares=LAYOUT.table("estimates", "age_reference_shares"),
        profiles=LAYOUT.table("estimates", "age_reference_profiles"),
        bands=LAYOUT.table("estimates", "age_reference_bands"),
    log:
        LAYOUT.log("estimate_age_reference"),
    params:
        code=code_digest("estimate_age_reference"),
        spec=STEPS.spec("age_reference"),
    script:
        "../../scripts/estimate_age_reference.py"


rule estimate_tte:
    input:
        adtte=LAYOUT.participants("analysis", "adtte"),
    output:
        curves=LAYOUT.table("estimates", "curves"),
        risk_table=LAYOUT.table("estimates", "risk_table"),
        landmarks=LAYOUT.table("estimates", "landmarks"),
        quantiles=LAYOUT.table("estimates", "quantiles"),
        checks=LAYOUT.table("estimates", "checks"),
    log:
        LAYOUT.log("estimate_tte"),
    params:
        code=code_digest("estimate_tte"),
        spec=STEPS.spec("tte"),
    script:
        "../../scripts/estimate_tte.py"


rule estimate_reconstitution:
    input:
        adrec=LAYOUT.participants("analysis", "adrec"),
    output:
        reconstitution=LAYOUT.table("estimates", "reconstitution"),
    log:
        LAYOUT.log("estimate_reconstitution"),
    params:
        code=code_digest("estimate_reconstitution"),
        spec=STEPS.spec("recovery"),
    script:
        "../../scripts/estimate_reconstitution.py"


rule estimate_definition_grid:
    input:
        adtte=LAYOUT.participants("analysis", "adtte"),
        adrec=LAYOUT.participants("analysis", "adrec"),
    output:
        estimates=LAYOUT.table("estimates", "definition_estimates"),
        statuses=LAYOUT.table("estimates", "definition_statuses"),
    log:
        LAYOUT.log("estimate_definition_grid"),
    params:
        code=code_digest("estimate_definition_grid"),
        spec=STEPS.spec("definition_grid"),
    script:
        "../../scripts/estimate_definition_grid.py"


rule estimate_events:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adtte=LAYOUT.participants("analysis", "adtte"),
        adoc=LAYOUT.participants("analysis", "adoc"),
    output:
        mean_cumulative=LAYOUT.table("estimates", "mean_cumulative"),
        summary=LAYOUT.table("estimates", "recurrent_summary"),
        risk_table=LAYOUT.table("estimates", "event_risk_table"),
    log:
        LAYOUT.log("estimate_events"),
    params:
        code=code_digest("estimate_events"),
        spec=STEPS.spec("events"),
    script:
        "../../scripts/estimate_events.py"


rule estimate_multistate:
    input:
        adms=LAYOUT.participants("analysis", "adms"),
    output:
        curves=LAYOUT.table("estimates", "state_curves"),
        occupancy=LAYOUT.table("estimates", "state_occupancy"),
        length_of_stay=LAYOUT.table("estimates", "length_of_stay"),
    log:
        LAYOUT.log("estimate_multistate"),
    params:
        code=code_digest("estimate_multistate"),
        spec=STEPS.spec("multistate"),
    script:
        "../../scripts/estimate_multistate.py"


rule estimate_contrasts:
    input:
        adtte=LAYOUT.participants("analysis", "adtte"),
        adsl=LAYOUT.participants("analysis", "adsl"),
        sc=LAYOUT.participants("harmonised", "sc"),
    output:
        contrasts=LAYOUT.table("estimates", "contrasts"),
        second_programmer=LAYOUT.table("estimates", "second_programmer"),
    log:
        LAYOUT.log("estimate_contrasts"),
    params:
        code=code_digest("estimate_contrasts"),
        spec=STEPS.spec("contrasts"),
    script:
        "../../scripts/estimate_contrasts.py"


rule estimate_trajectory:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adlb=LAYOUT.participants("analysis", "adlb"),
        adoc=LAYOUT.participants("analysis", "adoc"),
    output:
        curves=LAYOUT.table("estimates", "trajectory_curves"),
        estimates=LAYOUT.table("estimates", "trajectory_estimates"),
        models=LAYOUT.table("estimates", "trajectory_models"),
        samples=LAYOUT.table("estimates", "trajectory_samples"),
        participants=LAYOUT.table("estimates", "trajectory_participants"),
        predictions=LAYOUT.table("estimates", "trajectory_predictions"),
    log:
        LAYOUT.log("estimate_trajectory"),
    params:
        code=code_digest("estimate_trajectory"),
        spec=STEPS.spec("trajectory"),
    script:
        "../../scripts/estimate_trajectory.py"


rule estimate_reconstitution_outcome:
    input:
        adtte=LAYOUT.participants("analysis", "adtte"),
        adlm=LAYOUT.participants("analysis", "adlm"),
        adlb=LAYOUT.participants("analysis", "adlb"),
        adoc=LAYOUT.participants("analysis", "adoc"),
        adsl=LAYOUT.participants("analysis", "adsl"),
    output:
        curves=LAYOUT.table("estimates", "outcome_curves"),
        risk_table=LAYOUT.table("estimates", "outcome_risk_table"),
        estimates=LAYOUT.table("estimates", "outcome_estimates"),
        contrasts=LAYOUT.table("estimates", "outcome_contrasts"),
    log:
        LAYOUT.log("estimate_reconstitution_outcome"),
    params:
        code=code_digest("estimate_reconstitution_outcome"),
        spec=STEPS.spec("outcome"),
    script:
        "../../scripts/estimate_reconstitution_outcome.py"


rule estimate_external_control:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adtte=LAYOUT.participants("analysis", "adtte"),
        adrec=LAYOUT.participants("analysis", "adrec"),
        controls=STEPS.control_files,
    output:
        external_control=LAYOUT.table("estimates", "external_control"),
    log:
        LAYOUT.log("estimate_external_control"),
    params:
        code=code_digest("estimate_external_control"),
        controls=STEPS.controls,
        spec=STEPS.spec("external"),
    script:
        "../../scripts/estimate_external_control.py"


rule export_joint_model:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adlb=LAYOUT.participants("analysis", "adlb"),
        adtte=LAYOUT.participants("analysis", "adtte"),
        sc=LAYOUT.participants("harmonised", "sc"),
    output:
        long="export/joint_model_long.csv",
        wide="export/joint_model_wide.csv",
    log:
        LAYOUT.log("export_joint_model"),
    params:
        code=code_digest("export_joint_model"),
        spec=STEPS.spec("joint_model"),
    script:
        "../../scripts/export_joint_model.py"


rule estimate_safety:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adae=LAYOUT.participants("analysis", "adae"),
        ae=LAYOUT.participants("harmonised", "ae"),
        ce=LAYOUT.participants("harmonised", "ce"),
        cm=LAYOUT.participants("harmonised", "cm"),
        sae=LAYOUT.participants("harmonised", "sae"),
    output:
        ae_incidence=LAYOUT.table("estimates", "ae_incidence"),
        sae_reconciliation=LAYOUT.table("estimates", "sae_reconciliation"),
        ongoing_records=LAYOUT.table("estimates", "ongoing_records"),
    log:
        LAYOUT.log("estimate_safety"),
    params:
        code=code_digest("estimate_safety"),
        spec=STEPS.spec("safety"),
    script:
        "../../scripts/estimate_safety.py"


rule estimate_quality:
    input:
        query_log=LAYOUT.table("harmonised", "query_log"),
        cells=LAYOUT.table("harmonised", "cells"),
    output:
        query_status=LAYOUT.table("estimates", "query_status"),
        cell_fates=LAYOUT.table("estimates", "cell_fates"),
    log:
        LAYOUT.log("estimate_quality"),
    params:
        code=code_digest("estimate_quality"),
    script:
        "../../scripts/estimate_quality.py"
