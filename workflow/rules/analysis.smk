# Clinical rules: populations, clocks, windows, confirmation, censoring.


rule derive_adsl:
    input:
        dm=LAYOUT.participants("harmonised", "dm"),
        ds=LAYOUT.participants("harmonised", "ds"),
        ce=LAYOUT.participants("harmonised", "ce"),
        fa=LAYOUT.participants("harmonised", "fa"),
        lb=LAYOUT.participants("harmonised", "lb"),
    output:
        adsl=LAYOUT.participants("analysis", "adsl"),
    log:
        LAYOUT.log("derive_adsl"),
    params:
        code=code_digest("derive_adsl"),
        spec=STEPS.spec("derive"),
    script:
        "../../scripts/derive_adsl.py"


rule derive_adlb:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        lb=LAYOUT.participants("harmonised", "lb"),
    output:
        adlb=LAYOUT.participants("analysis", "adlb"),
    log:
        LAYOUT.log("derive_adlb"),
    params:
        code=code_digest("derive_adlb"),
        spec=STEPS.spec("derive"),
    script:
        "../../scripts/derive_adlb.py"


rule derive_adae:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        ae=LAYOUT.participants("harmonised", "ae"),
    output:
        adae=LAYOUT.participants("analysis", "adae"),
    log:
        LAYOUT.log("derive_adae"),
    params:
        code=code_digest("derive_adae"),
        spec=STEPS.spec("derive"),
    script:
        "../../scripts/derive_adae.py"


rule derive_adtte:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adlb=LAYOUT.participants("analysis", "adlb"),
        ce=LAYOUT.participants("harmonised", "ce"),
        fa=LAYOUT.participants("harmonised", "fa"),
        cm=LAYOUT.participants("harmonised", "cm"),
        ae=LAYOUT.participants("harmonised", "ae"),
        sc=LAYOUT.participants("harmonised", "sc"),
    output:
        adtte=LAYOUT.participants("analysis", "adtte"),
        adoc=LAYOUT.participants("analysis", "adoc"),
        adrec=LAYOUT.participants("analysis", "adrec"),
        adms=LAYOUT.participants("analysis", "adms"),
    log:
        LAYOUT.log("derive_adtte"),
    params:
        code=code_digest("derive_adtte"),
        spec=STEPS.spec("derive"),
    script:
        "../../scripts/derive_adtte.py"


rule derive_adlm:
    input:
        adsl=LAYOUT.participants("analysis", "adsl"),
        adlb=LAYOUT.participants("analysis", "adlb"),
        adoc=LAYOUT.participants("analysis", "adoc"),
    output:
        adlm=LAYOUT.participants("analysis", "adlm"),
    log:
        LAYOUT.log("derive_adlm"),
    params:
        code=code_digest("derive_adlm"),
        spec=STEPS.spec("landmark_status"),
    script:
        "../../scripts/derive_adlm.py"
