"""Every R validation case is answered by a public function: the table, and that a test runs each case of each method."""

import ast
import importlib
import json
from functools import cache
from pathlib import Path

import pytest

from .conftest import VALIDATION

STATS = "immrecon.stats"
# Method of the validation file: public functions that answer it. A test marked r_method(name) runs once per case.
PUBLIC = {
    "aalen_johansen": "competing_risks.aalen_johansen",
    "auc": "longitudinal.area_under_curve",
    "beta_binomial_stopping": "monitoring.beta_binomial_boundary",
    "beta_product_ci": "survival.kaplan_meier",
    "binomial_ci": "proportion.clopper_pearson",
    "censored_lmm": "longitudinal.censored_mixed_model",
    "cox": "regression.cox",
    "cox_time_dependent": "regression.cox",
    "fine_gray": "competing_risks.fine_gray",
    "fine_gray_finegray": "competing_risks.subdistribution_rows",
    "firth_cox": "regression.firth_cox",
    "firth_logistic": "regression.firth_logistic",
    "fixed_time_cif_comparison": "competing_risks.fixed_time_comparison",
    "fixed_time_comparison": "survival.fixed_time_comparison",
    "gray_test": "competing_risks.gray_test",
    "group_sequential": "monitoring.alpha_spending",
    "growth_curve": "longitudinal.growth_curve",
    "interval_logrank": "interval_censored.interval_logrank",
    "kenward_roger": "longitudinal.mixed_model",
    "km": "survival.kaplan_meier",
    "landmark_cox": "regression.cox",
    "left_censored_normal": "longitudinal.censored_normal",
    "lmm": "longitudinal.mixed_model",
    "logrank": "comparison.logrank_test",
    "lwyy_rate_model": "recurrent.rate_model",
    "mcf": "recurrent.mean_cumulative_function",
    "median_followup_reverse_km": "survival.reverse_kaplan_meier",
    "multistate_illness_death": "competing_risks.multistate",
    "one_sample_logrank": "comparison.one_sample_logrank",
    "permutation_logrank": "comparison.logrank_permutation_test",
    "poisson_rate": "recurrent.incidence_rate",
    "predictive_probability": "monitoring.predictive_probability",
    "prop_diff": "proportion.difference",
    "pseudo_observations": "survival.pseudo_observations",
    "pseudo_observations_cif": "competing_risks.pseudo_observations",
    "rmst": "survival.rmst_difference",
    "simon_two_stage": "monitoring.simon_two_stage",
    "tox_boundary": "monitoring.pocock_boundary",
    "turnbull": "interval_censored.turnbull",
    "weighted_logrank": "comparison.logrank_test",
    "wilcoxon_hl": "comparison.hodges_lehmann",
}
# A joint model of a marker and dropout is a sensitivity analysis that no mature Python library offers.
WITHOUT = {"joint_model"}


@cache
def marked() -> dict[str, dict[str, ast.Module]]:
    """Per method the tests that run its cases, by name, with the module that holds each."""
    found: dict[str, dict[str, ast.Module]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = ast.parse(path.read_text())
        for test in ast.walk(module):
            if not isinstance(test, ast.FunctionDef) or "r_case" not in [a.arg for a in test.args.args]:
                continue
            for mark in test.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.r_method":
                    name = ast.literal_eval(mark.args[0])
                    found.setdefault(name, {})[f"{path.name}::{test.name}"] = module
    return found


def imported(module: ast.Module, dotted: str) -> bool:
    """The module imports this very function, under whatever name, or its parent module."""
    parent, name = dotted.rsplit(".", 1)
    froms = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom)]
    return any(
        (node.module == f"{STATS}.{parent}" and name in {a.name for a in node.names})
        or (node.module == STATS and parent in {a.name for a in node.names})
        for node in froms
    )


@pytest.mark.parametrize("method", PUBLIC)
def test_a_test_calls_the_public_function_on_every_case(method):
    parent, name = PUBLIC[method].rsplit(".", 1)
    assert callable(getattr(importlib.import_module(f"{STATS}.{parent}"), name))
    tests = marked().get(method, {})
    assert tests, f"no test is marked r_method({method!r}) and takes r_case"
    assert any(imported(module, PUBLIC[method]) for module in tests.values()), f"{list(tests)}: none imports {name}"


def test_only_methods_of_the_table_are_marked():
    assert set(marked()) <= set(PUBLIC)


@pytest.mark.required_in_ci
@pytest.mark.skipif(not (VALIDATION / "reference.json").is_file(), reason=f"R validation cases are not in {VALIDATION}")
def test_every_case_of_the_file_has_a_function():
    cases = json.loads((VALIDATION / "reference.json").read_text())["cases"]
    unmapped = [case["id"] for case in cases if case["method"] not in PUBLIC and case["method"] not in WITHOUT]
    assert not unmapped
    assert {case["method"] for case in cases} == set(PUBLIC) | WITHOUT
