"""Where participants stand with the CD4 rule, and what becomes of them in the time-to-event data set."""

from typing import Any

import pytest

from immrecon.config.endpoints import EndpointsFile

from .cases import Derived, derive
from .configuration import OCCURRENCES, endpoint, make_rule, make_spec, make_variable, variable
from .records import Row, event, infusion, on, person, sample, samples

AFTER_DAY_10 = {"clock": "transplant", "landmark_day": 10}


def outcome(derived: Derived, name: str = "P1") -> tuple[str, float, int, str | None]:
    """Status; time, censoring code and cause of the endpoint."""
    row = derived.endpoint("CD4IR", name)
    return derived.status(name)["STATUS"], row["AVAL"], row["CNSR"], row["CAUSE"]


def outcome_of(results: dict[int, Any], **domains: list[Row]) -> tuple[str, float, int, str | None]:
    return outcome(derive(lb=samples("P1", results), spec=make_rule(), **domains))


# ---- one category per participant -----------------------------------------------------------------------------------


def test_confirmed_is_an_event_at_the_first_sample() -> None:
    assert outcome_of({20: 60, 34: 70}) == ("confirmed", 20, 0, "cd4")


def test_confirmed_is_an_event_at_the_confirming_sample_where_so_configured() -> None:
    derived = derive(lb=samples("P1", {20: 60, 34: 70}), spec=make_rule(event_date="confirming"))
    assert outcome(derived) == ("confirmed", 34, 0, "cd4")
    assert derived.endpoint("CD4IR")["SRCSEQ"] == 2
    assert (derived.status()["REACHDY"], derived.status()["CONFDY"]) == (20, 34)


def test_the_event_names_the_record_of_its_sample() -> None:
    row = derive(lb=samples("P1", {13: 10, 20: 60, 34: 70}), spec=make_rule()).endpoint("CD4IR")
    assert (row["SRCDOM"], row["SRCVAR"], row["SRCSEQ"], row["ADT"]) == ("LB", "LBDTC", 2, on(20))
    assert (row["EVNTDESC"], row["CNSDTDSC"], row["ADTF"]) == ("cd4", None, None)


def test_reached_but_not_yet_confirmed_is_a_category_and_censored_at_that_sample() -> None:
    derived = derive(lb=samples("P1", {20: 10, 60: 70}), spec=make_rule())
    assert outcome(derived) == ("reached, not yet confirmed", 60, 1, None)
    row, status = derived.endpoint("CD4IR"), derived.status()
    assert row["CNSDTDSC"] == "reached, not yet confirmed: last sample"
    assert (row["EVNTDESC"], row["ADT"], row["SRCDOM"], row["SRCSEQ"]) == ("censored", on(60), "LB", 2)
    assert (status["REACHDY"], status["CONFDY"], status["LASTDY"]) == (60, None, 60)


def test_a_run_that_ended_below_is_not_waiting_for_confirmation() -> None:
    derived = derive(lb=samples("P1", {20: 60, 28: 10}), spec=make_rule())
    assert outcome(derived) == ("not reached", 28, 1, None)
    assert derived.endpoint("CD4IR")["CNSDTDSC"] == "last documented assessment on or before the cut-off"


def test_a_new_run_after_one_that_ended_is_waiting() -> None:
    derived = derive(lb=samples("P1", {20: 60, 28: 10, 41: 70}), spec=make_rule())
    assert outcome(derived) == ("reached, not yet confirmed", 41, 1, None)
    assert derived.status()["REACHDY"] == 41


def test_not_reached_is_censored_at_the_last_sample() -> None:
    derived = derive(lb=samples("P1", {20: 10, 60: 50}), spec=make_rule())
    assert outcome(derived) == ("not reached", 60, 1, None)
    status = derived.status()
    assert (status["REACHDY"], status["LASTDY"], status["NSAMPLES"], status["NUNKNOWN"]) == (None, 60, 2, 0)


def test_followed_beyond_the_horizon_is_censored_there() -> None:
    derived = derive(lb=samples("P1", {60: 50, 130: 30}), spec=make_rule())
    assert outcome(derived) == ("not reached", 100, 1, None)
    row = derived.endpoint("CD4IR")
    assert (row["ADT"], row["CNSDTDSC"]) == (on(100), "end of the observation window")


@pytest.mark.parametrize("results", [{20: "<100"}, {20: 10, 34: "<100"}, {20: ">30", 34: 10}])
def test_results_that_decide_nothing_leave_the_status_unknown(results: dict[int, Any]) -> None:
    derived = derive(lb=samples("P1", results), spec=make_rule())
    assert derived.status()["STATUS"] == "unknown"
    assert derived.status()["NUNKNOWN"] == 1


def test_an_unknown_result_does_not_hide_a_confirmed_crossing() -> None:
    derived = derive(lb=samples("P1", {13: "<100", 20: 60, 27: ">30", 34: 70}), spec=make_rule())
    assert outcome(derived) == ("confirmed", 20, 0, "cd4")
    assert (derived.status()["NSAMPLES"], derived.status()["NUNKNOWN"]) == (4, 2)


def test_no_sample_in_the_window() -> None:
    assert outcome_of({}) == ("no sample", 0, 1, None)
    assert outcome_of({101: 60, 115: 70}) == ("no sample", 100, 1, None)


@pytest.mark.parametrize(
    ("domains", "cause"),
    [
        ({"ce": [event("P1", "RELAPSE", 34)]}, "relapse"),
        ({"cm": [infusion("P1", "DLI", 34)]}, "dli"),
        ({"ce": [event("P1", "DEATH", 33)]}, "death"),
    ],
)
def test_a_competing_event_before_the_confirming_sample(domains: dict[str, list[Row]], cause: str) -> None:
    day = 33 if cause == "death" else 34
    assert outcome_of({20: 60, 34: 70}, **domains) == ("competing event before", day, 2, cause)


def test_a_sample_of_the_day_of_relapse_is_not_used() -> None:
    derived = derive(lb=samples("P1", {20: 60, 34: 70}), ce=[event("P1", "RELAPSE", 20)])
    assert outcome(derived) == ("competing event before", 20, 2, "relapse")
    assert derived.status()["NSAMPLES"] == 0


def test_a_competing_event_after_reconstitution_comes_too_late() -> None:
    assert outcome_of({20: 60, 34: 70}, ce=[event("P1", "RELAPSE", 60), event("P1", "DEATH", 90)]) == (
        "confirmed", 20, 0, "cd4",
    )  # fmt: skip


def test_death_on_the_day_of_the_confirmed_sample_has_the_declared_priority() -> None:
    # The confirming sample was drawn on day 34, the day of death; dated by it, both fall on one day.
    lb, ce = samples("P1", {20: 60, 34: 70}), [event("P1", "DEATH", 34)]
    rule = make_rule(event_date="confirming")
    assert outcome(derive(lb=lb, ce=ce, spec=rule)) == ("competing event before", 34, 2, "death")


# ---- window closed, populations -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cutoff_day", "closed"), [(99, "N"), (100, "Y"), (180, "Y")])
def test_the_window_is_closed_once_its_last_day_is_over(cutoff_day: int, closed: str) -> None:
    at_cut = make_rule().model_copy(update={"cutoff_date": on(cutoff_day)})
    assert derive(lb=samples("P1", {20: 10}), spec=at_cut).status()["WINCLFL"] == closed


def test_a_window_after_injection_closes_later() -> None:
    spec = make_rule(window=("injection", 0, 100))
    for cutoff_day, closed in ((104, "N"), (105, "Y")):  # injected on day 5
        at_cut = spec.model_copy(update={"cutoff_date": on(cutoff_day)})
        assert derive(lb=samples("P1", {20: 10}), spec=at_cut).status()["WINCLFL"] == closed


def test_a_window_without_end_never_closes() -> None:
    derived = derive(lb=samples("P1", {20: 10}), spec=make_rule(window=("transplant", 0, None)))
    assert derived.status()["WINCLFL"] == "N"


def test_only_the_population_of_the_variable_has_a_status() -> None:
    dm = [person("P1"), person("P2", injected=None), person("P3", injected=None, transplanted=None)]
    assert derive(dm).adrec["USUBJID"].to_list() == ["P1"]
    assert derive(dm, spec=make_variable("cd4", population="transplanted")).adrec["USUBJID"].to_list() == ["P1", "P2"]


# ---- from a landmark on ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "risk", "reason"),
    [
        (8, "N", "prevalent: cd4 on or before the landmark"),
        (10, "N", "prevalent: cd4 on or before the landmark"),
        (11, "Y", None),
    ],
)
def test_reconstituted_on_or_before_the_landmark_is_prevalent(first: int, risk: str, reason: str | None) -> None:
    spec = make_variable("cd4", origin=AFTER_DAY_10)
    derived = derive(lb=samples("P1", {first: 60, first + 14: 70}), spec=spec)
    row = derived.endpoint("CD4IR")
    assert (row["RISKFL"], row["NRISKREA"], row["AENTRY"], row["AVAL"]) == (risk, reason, 10, first)
    assert derived.status()["STATUS"] == "confirmed"


def test_confirmed_after_the_horizon_is_still_confirmed() -> None:
    derived = derive(lb=samples("P1", {95: 60, 110: 70}), spec=make_rule(event_date="confirming"))
    assert derived.status()["STATUS"] == "confirmed"


def test_what_can_no_longer_be_confirmed_within_the_window_is_not_waiting() -> None:
    derived = derive(lb=samples("P1", {95: 60, 120: 70}), spec=make_rule(confirm_within_window=True))
    assert derived.status()["STATUS"] == "not reached"


def test_waiting_at_the_horizon_is_described_as_what_it_is() -> None:
    row = derive(lb=samples("P1", {95: 60, 105: 70}), spec=make_rule()).endpoint("CD4IR")
    assert row["ADT"] == on(100)
    assert "last sample" not in row["CNSDTDSC"]


def test_a_competing_event_after_the_closed_window_comes_too_late() -> None:
    spec = make_variable("cd4", horizon_day=None)
    derived = derive(lb=samples("P1", {30: 10, 90: 20}), ce=[event("P1", "RELAPSE", 150)], spec=spec)
    assert derived.status()["STATUS"] == "not reached"


def test_a_rule_that_ends_at_another_threshold_is_refused_by_the_configuration_or_works() -> None:
    occurrences = OCCURRENCES | {"cd3": OCCURRENCES["cd4"] | {"analyte": "CD3"}}
    occurrences |= {"cd4": OCCURRENCES["cd4"] | {"samples_end_at": ["cd3"]}}
    content = {
        "occurrences": occurrences,
        "first_events": {"cd4": variable(["cd4"], "CD4", clock="transplant")},
        "endpoints": {"CD4IR": endpoint("cd4", ["cd4"], "aalen-johansen")},
        "definition_grid": None,
        "recurrent_events": {},
    }
    try:
        EndpointsFile.model_validate(content)
    except ValueError:
        return
    cd3 = [sample("P1", day, 60, LBTESTCD="CD3") for day in (20, 34)]
    derived = derive(lb=[*cd3, *samples("P1", {25: 60, 40: 70})], spec=make_spec(endpoints=content))
    assert derived.status()["NSAMPLES"] == 0


def test_the_dead_can_no_longer_confirm() -> None:
    derived = derive(lb=samples("P1", {95: 60}), ce=[event("P1", "DEATH", 150)], spec=make_rule())
    assert derived.status()["STATUS"] == "reached, can no longer be confirmed"
