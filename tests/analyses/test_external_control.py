"""External comparisons: by hand, against R (golden/analyses/outcome.R), the same start, refusals, next to nothing."""

import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.analyses.external_control import estimate_external_control, read_controls
from immrecon.analyses.external_controls import StudyData
from immrecon.config.external_specs import ExternalSpec
from immrecon.contracts.analysis import ADSL, ADTTE
from immrecon.contracts.io import validate, write
from immrecon.contracts.results import EXTERNAL_CONTROL
from immrecon.errors import SourceError

from .outcome_cases import GOLDEN, HIDDEN, golden_trial, only
from .rows import Row, adrec, adsl, adtte, followed, on, person, status
from .specs import DOSES, ENDPOINTS, GROUPS, METHODS, OCCURRENCES, endpoint, variable

SHOWN = {"shown": True, "reason": "exploratory"}
CD4IR: Row = ENDPOINTS | {
    "occurrences": OCCURRENCES,
    "first_events": ENDPOINTS["first_events"]
    | {"cd4": variable(["relapse", "death", "cd4"], origin={"clock": "transplant", "landmark_day": 10})},
    "endpoints": ENDPOINTS["endpoints"] | {"CD4IR": endpoint("cd4", ["cd4"], "aalen-johansen")},
}
PRINT: Row = {
    "label": "in print", "endpoint": "CD4IR", "population": "children", "rule": "> 50 twice", "proportion": 0.547,
    "n": 208, "conf_low": 0.478, "conf_high": 0.617, "conf_type": "exact", "applies_to": ["B"],
    "null_proportions": [0.5, 0.547], "alternative": "greater", "differences": ["younger"], "p_values": SHOWN,
    "source": "by hand", "status": "draft",
}  # fmt: skip
CONTROL: Row = {
    "label": "other trial", "analysis": "elsewhere/analysis", "clock": "transplant", "start": "landmark",
    "landmark_day": 10, "groups": ["all"], "days": [100, 200], "endpoints": {"OS": {"planned_events": 100}},
    "differences": ["no injection"], "p_values": SHOWN, "source": "by hand", "status": "draft",
}  # fmt: skip
DELAYED = CONTROL | {"start": "delayed entry", "landmark_day": None}


def spec(published: Row | None = None, control: Row | None = None, **gates: Any) -> ExternalSpec:
    external = {
        "gates": {"firth_below_planned_events": 10, "fewest_events": 1, "fewest_at_risk": 1} | gates,
        "published": {"PRINT": published} if published else {}, "controls": {"OTHER": control} if control else {},
    }  # fmt: skip
    return ExternalSpec.model_validate(
        {"groups": GROUPS, "dose_levels": DOSES, "methods": METHODS, "endpoints": CD4IR, "external": external}
    )


NOBODY = StudyData(ADSL.schema.create_empty(), ADTTE.schema.create_empty())


def estimated(
    given: ExternalSpec, here: StudyData = NOBODY, control: StudyData = NOBODY, statuses: pl.DataFrame | None = None
) -> pl.DataFrame:
    known = adrec() if statuses is None else statuses
    return validate(
        EXTERNAL_CONTROL, estimate_external_control(here.adsl, here.adtte, known, {"OTHER": control}, given)
    )


# ---- a proportion in print --------------------------------------------------------------------------------------------

# Children: three confirmed, one not, one relapsed before, one of unknown status, one whose window is open.
CHILDREN = adrec(
    *(status(f"B{i}", "confirmed", "B") for i in range(3)), status("B3", "not reached", "B"),
    status("B4", "competing event before", "B"), status("B5", "unknown", "B"),
    status("B6", "not reached", "B") | {"WINCLFL": "N"}, status("A0", "confirmed", "A"),
)  # fmt: skip


def test_the_proportion_has_its_denominator_and_its_cases() -> None:
    rows = estimated(spec(PRINT), statuses=CHILDREN).filter(pl.col("group") == "B")
    found = {
        row["measure"]: (row["n_events"], row["n"], row["n_unknown"])
        for row in rows.to_dicts()
        if row["horizon"] == "day 100"
    }
    assert found == {
        "proportion in print": (114, 208, None),
        "proportion of those whose status is known": (3, 5, 1),
        "proportion if all unknown had reached it": (5, 7, 2),
        "proportion if none unknown had reached it": (3, 7, 2),
    }
    assert only(rows, measure="proportion of those whose status is known")["reason"] == "1 with an open window left out"


def test_tested_over_a_range_of_proportions_in_every_case() -> None:
    rows = estimated(spec(PRINT), statuses=CHILDREN)
    at_half = {row["measure"]: row["p_value"] for row in rows.filter(pl.col("null_value") == 0.5).to_dicts()}
    # P(X >= 3) of 5, P(X >= 5) of 7, P(X >= 3) of 7 fair coins (the open window is one of them).
    assert at_half == pytest.approx({
        "exact test of a proportion": 16 / 32, "exact test, if all unknown had reached it": 29 / 128,
        "exact test, if none unknown had reached it": 99 / 128,
    })  # fmt: skip
    assert set(rows["null_value"].drop_nulls()) == {0.5, 0.547}
    two_sided = estimated(spec(PRINT | {"alternative": "two-sided"}), statuses=CHILDREN)
    assert only(two_sided, measure="exact test of a proportion", null_value=0.5)["p_value"] == pytest.approx(1.0)
    less = estimated(spec(PRINT | {"alternative": "less"}), statuses=CHILDREN)
    assert only(less, measure="exact test of a proportion", null_value=0.5)["p_value"] == pytest.approx(26 / 32)


@pytest.mark.parametrize("group", ["A", "all"])
def test_a_group_that_the_print_does_not_cover_has_no_reference(group: str) -> None:
    rows = estimated(spec(PRINT), statuses=CHILDREN).filter(pl.col("group") == group)
    printed = only(rows, measure="proportion in print")
    assert (printed["status"], printed["estimate"], printed["n"], printed["n_events"]) == ("not estimable", None, 0, 0)
    assert printed["reason"] == "no reference for this group: it applies to B"
    assert rows["null_value"].null_count() == rows.height  # and is tested against none
    assert only(rows, measure="proportion of those whose status is known")["status"] == "estimated"


def test_nothing_is_tested_where_no_p_value_is_to_be_given() -> None:
    rows = estimated(spec(PRINT | {"p_values": HIDDEN}), statuses=CHILDREN)
    assert rows["p_value"].null_count() == rows.height
    assert not rows["measure"].str.contains("test").any()


def test_nobody_decided_is_not_estimable() -> None:
    rows = estimated(spec(PRINT), statuses=adrec(status("B0", "unknown", "B")))
    known = only(rows, group="B", measure="proportion of those whose status is known")
    assert (known["n"], known["status"], known["n_unknown"]) == (0, "not estimable", 1)
    test = only(rows, measure="exact test of a proportion", null_value=0.5)
    assert (test["status"], test["p_value"]) == ("not estimable", None)
    assert estimated(spec(PRINT)).filter(pl.col("status") == "estimated")["source"].to_list() == ["reference"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conf_low": 0.6}, "does not lie between"), ({"null_proportions": [0.6, 0.5]}, "must ascend"),
        ({"null_proportions": [0.0]}, "between 0 and 1"), ({"applies_to": []}, "at least 1"),
    ],
)  # fmt: skip
def test_a_print_that_cannot_be_is_refused(changes: Row, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec(PRINT | changes)


# ---- a control data set -----------------------------------------------------------------------------------------------


def other_trial(rows: list[Row] = GOLDEN["control"]) -> StudyData:
    """The control of the golden data: transplanted, never injected, followed from the transplant."""
    people = [person(row["id"], stage="transplanted") for row in rows]
    outcomes = [followed(row["id"], row["last"], "death" if row["event"] else "alive") for row in rows]
    return StudyData(adsl(*people), adtte(*outcomes))


@pytest.fixture(scope="module")
def here() -> StudyData:
    trial = golden_trial()
    return StudyData(trial.adsl, trial.adtte)


def without_relapses(study: StudyData) -> StudyData:
    """Overall survival alone, where the golden data end follow-up at a relapse."""
    return StudyData(study.adsl, study.adtte.filter(pl.col("PARAMCD") == "OS"))


@pytest.mark.parametrize(("control", "golden"), [(CONTROL, "from10"), (DELAYED, "delayed")])
def test_both_starts_are_those_of_r(here: StudyData, control: Row, golden: str) -> None:
    rows = estimated(spec(control=control), without_relapses(here), other_trial())
    expected = GOLDEN[golden]
    ratio = only(rows, measure="hazard ratio")
    assert_allclose(math.log(ratio["estimate"]), expected["coef"], rtol=1e-7)
    assert_allclose(ratio["std_error"], expected["se"], rtol=1e-7)
    assert (ratio["n_here"], ratio["source"]) == (40, "both")
    for source, of_source in (("here", expected["here"]), ("reference", expected["control"])):
        for place, day in enumerate((100.0, 200.0)):
            row = only(rows, measure="event-free probability", source=source, time_day=day)
            assert_allclose(row["estimate"], of_source["estimate"][place], rtol=1e-9)
            assert_allclose(row["std_error"], of_source["std_error"][place], rtol=1e-9)
            if golden == "delayed":
                assert row["conf_type"] == "log-log"
                assert_allclose(
                    [row["conf_low"], row["conf_high"]], [of_source["low"][place], of_source["high"][place]], rtol=1e-9
                )


def test_differences_are_of_the_landmark_start_only(here: StudyData) -> None:
    measure = "difference in event-free probability"
    rows = estimated(spec(control=CONTROL), without_relapses(here), other_trial())
    found = only(rows, measure=measure, time_day=100.0)
    sides = [
        only(rows, measure="event-free probability", source=name, time_day=100.0)["estimate"]
        for name in ("here", "reference")
    ]
    assert found["estimate"] == pytest.approx(sides[0] - sides[1], rel=1e-12)
    delayed = estimated(spec(control=DELAYED), without_relapses(here), other_trial())
    assert delayed.filter(pl.col("measure") == measure).is_empty()


def study(*people: tuple[str, float, float, str], stage: str = "evaluable", group: str = "A") -> StudyData:
    """Name, injection, last day since transplant, what happened; without an injection the clock is the transplant."""
    clock = 0 if stage == "transplanted" else 1
    return StudyData(
        adsl(
            *(person(name, group, stage=stage) | ({"TRTSDY": float(day)} if clock else {}) for name, day, *_ in people)
        ),
        adtte(*(followed(name, last - clock * day, what, group) for name, day, last, what in people)),
    )


def test_the_start_is_the_same_by_hand() -> None:
    mine = study(("P1", 4, 9, "death"), ("P2", 5, 60, "death"), ("P3", 10, 300, "alive"), ("P4", 12, 300, "alive"))
    other = study(
        ("C1", 0, 8, "death"),
        ("C2", 0, 10, "death"),
        ("C3", 0, 50, "death"),
        ("C4", 0, 300, "alive"),
        stage="transplanted",
    )
    rows = estimated(spec(control=CONTROL), mine, other)
    # From day 10: P1 had died, P4 was injected later; C1 and C2 had died (on day 10 as well).
    counted = {
        source: only(rows, measure="event-free probability", source=source, time_day=100.0)
        for source in ("here", "reference")
    }
    assert {source: (row["n"], row["n_events"], row["estimate"]) for source, row in counted.items()} == {
        "here": (2, 1, 0.5), "reference": (2, 1, 0.5)
    }  # fmt: skip
    # Delayed entry: P1 died with two at risk, then of three one on day 60.
    late = estimated(spec(control=DELAYED), mine, other)
    here = only(late, measure="event-free probability", source="here", time_day=100.0)
    assert (here["n"], here["n_risk"], here["estimate"]) == (4, 2, pytest.approx(1 / 2 * 2 / 3))
    assert only(late, measure="event-free probability", source="reference", time_day=100.0)[
        "estimate"
    ] == pytest.approx(0.25)


def test_too_few_at_risk_are_refused() -> None:
    mine = study(("P1", 4, 6, "death"), ("P2", 8, 300, "alive"), ("P3", 8, 300, "alive"), ("P4", 8, 300, "alive"))
    other = study(*((f"C{i}", 0, 200 + i, "death") for i in range(4)), stage="transplanted")
    rows = estimated(spec(control=DELAYED, fewest_at_risk=2), mine, other)
    here = only(rows, measure="event-free probability", source="here", time_day=100.0)
    assert here["status"] == "not estimable"  # else one death with one at risk would make it 0 for ever
    assert here["reason"] == "refused: an event on day 6 with 1 at risk, fewer than 2"
    assert only(rows, measure="hazard ratio")["reason"] == f"refused: here: {here['reason'].removeprefix('refused: ')}"
    assert only(rows, measure="hazard ratio")["estimate"] is None
    assert only(rows, source="reference", time_day=100.0)["status"] == "estimated"
    # From the landmark all who are left are at risk; with a higher gate they are too few.
    assert (
        only(estimated(spec(control=CONTROL, fewest_at_risk=3), mine, other), source="here", time_day=100.0)["estimate"]
        == 1
    )
    few = estimated(spec(control=CONTROL, fewest_at_risk=4), mine, other)
    assert set(few.filter(pl.col("source") != "reference")["status"]) == {"not estimable"}
    assert only(few, source="here", time_day=100.0)["reason"] == "refused: 3 at risk, fewer than 4"


def test_few_at_the_end_of_follow_up_are_no_reason_to_refuse() -> None:
    mine = study(*((f"P{i}", 5, 100 + i, "death") for i in range(5)))
    rows = estimated(spec(control=DELAYED, fewest_at_risk=4), mine, mine)
    assert only(rows, source="here", time_day=100.0)["status"] == "estimated"


def test_groups_are_compared_with_the_same_groups() -> None:
    mine = study(("P1", 5, 60, "death"), ("P2", 5, 300, "alive"))
    other = study(("C1", 0, 50, "death"), ("C2", 0, 300, "alive"), stage="transplanted", group="B")
    rows = estimated(spec(control=CONTROL | {"groups": ["A", "B", "all"]}), mine, other)
    n = {
        (row["group"], row["source"]): row["n"]
        for row in rows.filter(pl.col("time_day") == 100, pl.col("source") != "both").to_dicts()
    }
    assert n == {
        ("A", "here"): 2,
        ("A", "reference"): 0,
        ("B", "here"): 0,
        ("B", "reference"): 2,
        ("all", "here"): 2,
        ("all", "reference"): 2,
    }
    assert set(rows.filter(pl.col("group") != "all", pl.col("source") == "both")["status"]) == {"not estimable"}


def test_what_competes_is_estimated_and_compared_as_such(here: StudyData) -> None:
    endpoints = {code: {"planned_events": 5} for code in ("RELAPSE", "NRM")}
    rows = estimated(spec(control=CONTROL | {"endpoints": endpoints}), here, here)
    assert set(rows["measure"]) == {
        "cumulative incidence",
        "difference in cumulative incidence",
        "cause-specific hazard ratio",
    }
    assert rows.filter(pl.col("measure") == "cause-specific hazard ratio")["method"].str.starts_with("Firth").all()


def test_nobody_anywhere() -> None:
    rows = estimated(spec(PRINT, CONTROL))
    assert set(rows.filter(pl.col("measure") != "proportion in print")["status"]) == {"not estimable"}
    empty = spec().model_copy(update={"external": None})
    assert estimated(empty).is_empty()


# ---- files of the control -------------------------------------------------------------------------------------------


def test_a_control_is_read_from_the_parts_of_its_tables(tmp_path: Path) -> None:
    other = other_trial()
    parts = {name: [str(tmp_path / name / f"{part:04d}.parquet") for part in range(2)] for name in ("adsl", "adtte")}
    write(ADSL, other.adsl, parts["adsl"])
    write(ADTTE, other.adtte, parts["adtte"])
    found = read_controls({"OTHER": parts})["OTHER"]
    assert found.adsl.sort("USUBJID").equals(validate(ADSL, other.adsl))
    assert found.adtte.height == other.adtte.height


def test_a_control_that_counts_from_another_day_is_refused(here: StudyData) -> None:
    undated = other_trial()
    other = StudyData(undated.adsl, undated.adtte.with_columns(STARTDT=pl.lit(on(0))))
    assert estimated(spec(control=CONTROL), here, other).equals(estimated(spec(control=CONTROL), here, undated))
    late = CONTROL | {"clock": "injection"}
    with pytest.raises(
        SourceError, match=r"controls, OTHER: clock: injection .* day 0 of OS .* Hint: clock: transplant"
    ):
        estimated(spec(control=late), here, other)


def test_a_control_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read_controls({"OTHER": {"adsl": [str(tmp_path / "0000.parquet")], "adtte": []}})
