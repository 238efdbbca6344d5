"""Regression for few events: Cox, Firth's Cox and logistic models, tests of proportional hazards, concordance.

Ties, strata, weights, clusters and (start, stop] intervals are those of R's `coxph`; Firth's penalty that of
`coxphf` and `logistf`.
"""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._concordance import Concordance, concordance
from immrecon.stats._cox import fit_cox, sample
from immrecon.stats._fine_gray import SubdistributionRows, fine_gray, subdistribution_rows
from immrecon.stats._firth_logistic import firth_logistic
from immrecon.stats._proportional_hazards import ProportionalHazardsTest, proportional_hazards_test
from immrecon.stats._regression_fit import Baseline, GlobalTest, RegressionFit

__all__ = [
    "Baseline",
    "Concordance",
    "GlobalTest",
    "ProportionalHazardsTest",
    "RegressionFit",
    "SubdistributionRows",
    "concordance",
    "cox",
    "fine_gray",
    "firth_cox",
    "firth_logistic",
    "proportional_hazards_test",
    "subdistribution_rows",
]

VARIANCES = ("model", "robust")


def cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    subject: ArrayLike | None = None,
    ties: str = "efron",
    variance: str | None = None,
    conf_level: float = 0.95,
    conf_type: str = "wald",
) -> RegressionFit:
    """Proportional hazards by maximum partial likelihood (Cox 1972; Efron 1977; Andersen and Gill 1982).

    time, event (0 or 1), entry, strata, weights, cluster are (n,), covariates (n,) or (n, p). A row is at risk on
    (entry, time]; a participant may have several rows, with covariates that change between them. `subject` names
    whose rows they are: overlapping rows are then refused. ties: "efron", "breslow" or "exact" (discrete).
    variance: "model" or "robust" (Lin and Wei 1989; by cluster if given); by default robust when there are
    clusters. conf_type: "wald" or "profile" (likelihood ratio; one limit is infinite under monotone likelihood).

    A covariate that separates (monotone likelihood) has an infinite coefficient and no standard error; one that is
    constant within the risk sets, or determined by earlier ones, is NaN; both are named in `coefficient_status`.
    Raises InputError for arrays or options that cannot be worked on.
    """
    chosen = variance if variance is not None else ("model" if cluster is None else "robust")
    _validate.choice("variance", chosen, VARIANCES)
    _validate.choice("conf_type", conf_type, ("wald", "profile"))
    if chosen == "robust" and ties == "exact":
        raise InputError("variance: 'robust' is not defined for exact ties. Hint: use ties='efron'.")
    if chosen == "robust" and conf_type == "profile":
        raise InputError("conf_type: 'profile' goes with variance='model'. Hint: use conf_type='wald'.")
    if chosen == "model" and cluster is not None:
        raise InputError("cluster: has no effect on variance='model'. Hint: use variance='robust'.")
    raw = sample(
        time,
        event,
        covariates,
        names=names,
        entry=entry,
        strata=strata,
        weights=weights,
        ties=ties,
        cluster=cluster,
        subject=subject,
    )
    return fit_cox(raw, method="cox", firth=False, variance=chosen, conf_type=conf_type, conf_level=conf_level)


def firth_cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    subject: ArrayLike | None = None,
    ties: str = "breslow",
    conf_level: float = 0.95,
    conf_type: str = "profile",
) -> RegressionFit:
    """Cox's model with Firth's penalty, finite also under monotone likelihood (Heinze and Schemper 2001).

    Arguments as for `cox`; ties "breslow" (as the paper and R's coxphf) or "efron". conf_type "profile" is the
    profile penalised likelihood, with p from the penalised likelihood ratio; it holds its level where the Wald
    interval is too wide (tests/coverage). For one to few events per covariate.
    """
    _validate.choice("conf_type", conf_type, ("wald", "profile"))
    if ties == "exact":
        raise InputError("ties: 'exact' is not defined with Firth's penalty. Hint: use ties='breslow'.")
    raw = sample(
        time,
        event,
        covariates,
        names=names,
        entry=entry,
        strata=strata,
        weights=weights,
        ties=ties,
        subject=subject,
    )
    return fit_cox(raw, method="firth-cox", firth=True, variance="model", conf_type=conf_type, conf_level=conf_level)
