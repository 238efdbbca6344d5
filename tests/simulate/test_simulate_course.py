"""Clinical course: event numbers, the planted situations, GvHD grades against the MAGIC table."""

import itertools
from datetime import date

import numpy as np
import polars as pl
import pytest

from immrecon.simulate import Study
from immrecon.simulate.assessments import acute_gvhd, stages
from immrecon.simulate.timeline import Course

FIRST, SECOND = date(2026, 3, 31), date(2026, 9, 30)


def _slot(study: Study, slot: str) -> Course:
    return next(c for c in study.courses.values() if c.participant.slot == slot)


def _magic(skin: int, liver: int, upper: int, lower: int) -> int:
    """Overall grade by the MAGIC consensus (Harris 2016, table 2): the worst row that applies."""
    if 4 in (skin, liver, lower):
        return 4
    if liver >= 2 or lower >= 2:
        return 3
    if skin == 3 or liver == 1 or upper == 1 or lower == 1:
        return 2
    return 1 if skin in (1, 2) else 0


@pytest.mark.parametrize("organ", ["skin", "gut", "liver"])
@pytest.mark.parametrize("grade", [0, 1, 2, 3, 4])
def test_stages_grade_as_intended(organ: str, grade: int) -> None:
    assert _magic(*stages(grade, organ)) == grade


def test_every_assessment_is_consistent_and_grades_progress(study: Study) -> None:
    for course in study.courses.values():
        grades = []
        for entry in acute_gvhd(study.parameters, course):
            found = [int(entry.cells[c]) for c in ("skin", "liver", "upper_gi", "lower_gi")]
            assert _magic(*found) == int(entry.cells["grade"])
            grades.append((course.day_of(entry.on), int(entry.cells["grade"])))
        assert max((g for _, g in grades), default=0) <= course.gvhd_peak
        weekly = [b - a for (a, _), (b, _) in itertools.pairwise(grades) if b <= 100]
        assert set(weekly) <= {7}


def test_grade_3_is_dated_after_onset(study: Study) -> None:
    severe = [c for c in study.courses.values() if c.gvhd_peak >= 3]
    assert len(severe) == 3
    for course in severe:
        assessed = [(course.day_of(e.on), int(e.cells["grade"])) for e in acute_gvhd(study.parameters, course)]
        onset = next(d for d, g in assessed if g >= 1)
        third = next(d for d, g in assessed if g >= 3)
        assert third == onset + 14


def test_numbers_of_events(study: Study) -> None:
    courses = study.courses.values()
    assert sum(c.relapse_day is not None for c in courses) == 6
    deaths = [c for c in courses if c.death_day is not None]
    assert len(deaths) == 7
    assert sum(c.relapse_day is None for c in deaths) == 3
    assert sum(c.gvhd_peak >= 2 for c in courses) >= 8
    assert sum(c.graft_failure_day is not None for c in courses) == 1
    assert sum(c.second_transplant_day is not None for c in courses) == 1
    assert sum(c.donor_lymphocytes_day is not None for c in courses) == 2
    assert sum(c.withdrawal_day is not None for c in courses) == 1


def test_one_year_survival_by_product_limit(study: Study) -> None:
    """The product over death days of (1 - 1/at risk), no two deaths tied."""
    times = sorted((min(c.last_day, c.day_of(SECOND)), c.death_day is not None) for c in study.courses.values())
    survival = 1.0
    for index, (day, died) in enumerate(times):
        if died and day <= 365:
            survival *= 1 - 1 / (len(times) - index)
    assert 0.74 <= survival <= 0.82


def test_planted_situations(study: Study) -> None:
    together = [c for c in study.courses.values() if c.relapse_day is not None and c.relapse_day == c.death_day]
    assert len(together) == 1
    on_cut = _slot(study, "A4-1")
    assert on_cut.relapse_day is not None
    assert on_cut.death_day is not None
    assert on_cut.on(on_cut.relapse_day) == FIRST
    assert on_cut.on(on_cut.death_day) == SECOND
    prevalent = _slot(study, "A3-3")
    assert prevalent.participant.injection is not None
    cmv = next(r for r in prevalent.reactivations if r.virus == "CMV")
    assert prevalent.on(cmv.day) < prevalent.participant.injection
    before_injection = [
        c for c in study.courses.values() if c.death_day is not None and c.participant.injection is None
    ]
    assert [c.death_day for c in before_injection] == [6]


def test_cmv_needs_a_seropositive_recipient_or_donor(study: Study) -> None:
    for course in study.courses.values():
        if any(r.virus == "CMV" for r in course.reactivations):
            b = course.participant.baseline
            assert "positive" in (b.cmv_recipient, b.cmv_donor)


def test_reactivation_is_the_first_positive_pcr(study: Study) -> None:
    rows = study.tables["clinical/virology.csv"].rows
    seen = 0
    for subject, course in study.courses.items():
        for r in course.reactivations:
            positive = sorted(
                row.order[1]
                for row in rows
                if (row.tags["subject"], row.cells["virus"]) == (subject, r.virus)
                and row.cells["copies_per_ml"].isdigit()
            )
            if positive:
                seen += 1
                assert positive[0] == course.on(r.day).isoformat()
    assert seen >= 15


def test_reached_but_not_confirmed_at_each_cut(study: Study) -> None:
    for slot, cut_off in (("A4-2", FIRST), ("P4-2", SECOND)):
        course = _slot(study, slot)
        samples = study.trajectories[course.participant.subject].samples.filter(
            (pl.col("day") > 0) & (pl.col("collected").dt.date() <= cut_off)
        )
        counts = np.round(samples["read_CD4"].to_numpy())
        assert samples["day"][-1] <= 100
        assert counts[-1] > 50
        assert (counts[:-1] <= 50).all()


def test_nothing_happens_after_death(study: Study) -> None:
    for course in study.courses.values():
        if course.death_day is not None:
            days = [course.day_of(e.on) for e in study.true_events if e.subject == course.participant.subject]
            assert max(days) == course.death_day
