"""Scheduled assessments: GvHD, PCR, chimerism, disease status and contacts."""

from datetime import timedelta

import numpy as np

from immrecon.simulate.entries import Entry
from immrecon.simulate.parameters import VISITS, StudyParameters
from immrecon.simulate.participants import Participant
from immrecon.simulate.streams import stream
from immrecon.simulate.timeline import Course, Reactivation

WEEKLY_UNTIL_DAY, MONTHLY_UNTIL_DAY = 100, 280
PCR_UNTIL_DAY = 180
PCR_LIMIT_COPIES_PER_ML = 137
PCR_POSITIVE_COPIES_PER_ML = 600  # the first positive test of an episode is at least this
CHIMERISM_DAYS = (30, 60, 100, 180, 365)
DISEASE_DAYS = (30, 100, 180, 270, 365, 540)
CHRONIC_DAYS = (100, 140, 180, 225, 270, 320, 365, 450, 540)


def assessments(parameters: StudyParameters, course: Course) -> list[Entry]:
    """All scheduled assessments of a transplanted participant up to the end of follow-up."""
    return [
        *acute_gvhd(parameters, course),
        *chronic_gvhd(parameters, course),
        *virology(parameters, course),
        *chimerism(parameters, course),
        *disease(parameters, course),
        *contacts(parameters, course),
    ]


def grade_on(course: Course, day: int, hold_weeks: int) -> int:
    """Overall grade: I at onset, one worse each week up to the peak, held, then one better each week."""
    if course.gvhd_onset_day is None or day < course.gvhd_onset_day:
        return 0
    week = (day - course.gvhd_onset_day) // 7
    rise = 1 + week
    fall = course.gvhd_peak - max(0, week - (course.gvhd_peak - 1) - hold_weeks)
    return max(0, min(course.gvhd_peak, rise, fall))


def stages(grade: int, organ: str) -> tuple[int, int, int, int]:
    """Skin, liver, upper and lower GI stages that MAGIC grades as `grade`; the worst organ is `organ`."""
    if grade == 0:
        return 0, 0, 0, 0
    if grade == 1:
        return (1 if organ == "gut" else 2), 0, 0, 0
    by_organ = {
        "skin": {2: (3, 0, 0, 0), 3: (3, 2, 0, 1), 4: (4, 1, 0, 1)},
        "gut": {2: (1, 0, 1, 1), 3: (2, 0, 1, 3), 4: (2, 1, 1, 4)},
        "liver": {2: (1, 1, 0, 0), 3: (2, 3, 0, 1), 4: (3, 4, 0, 2)},
    }
    return by_organ[organ][grade]


def acute_gvhd(parameters: StudyParameters, course: Course) -> list[Entry]:
    """Weekly to day 100, then monthly; the onset falls on an assessment."""
    rng = stream(parameters.seed, "gvhd", course.participant.slot)
    hold, own = int(rng.integers(1, 4)) + (2 if course.gvhd_peak > 2 else 0), int(rng.integers(0, 7))
    hold = 52 if course.gvhd_fatal else hold
    offset = own if course.gvhd_onset_day is None else course.gvhd_onset_day % 7
    weekly = list(range(7 + offset, WEEKLY_UNTIL_DAY + 1, 7))
    entries = []
    for day in [*weekly, *range(weekly[-1] + 28, MONTHLY_UNTIL_DAY, 28)]:
        if day >= course.last_day:
            break
        grade = grade_on(course, day, hold)
        names = ("skin", "liver", "upper_gi", "lower_gi")
        found = dict(zip(names, map(str, stages(grade, course.gvhd_organ)), strict=True))
        entries.append(_entry(course, "gvhd_acute", day, **found, grade=str(grade)))
    return entries


def chronic_gvhd(parameters: StudyParameters, course: Course) -> list[Entry]:
    """None until the story's day, then mild, then the story's severity, then improving."""
    story, rng = course.participant.story, stream(parameters.seed, "chronic", course.participant.slot)
    ladder = ["none", "mild", "moderate", "severe"]
    entries, since = [], 0
    onset = story.chronic_day if story.chronic else None
    days = sorted({*(d + int(rng.integers(-5, 6)) for d in CHRONIC_DAYS), *([onset] if onset is not None else [])})
    for day in days:
        if day >= course.last_day:
            break
        severity = "none"
        if onset is not None and day >= onset:
            peak = ladder.index(story.chronic)
            severity = ladder[min(peak, 1 + since)] if since < 4 else ladder[max(1, peak - 1)]
            since += 1
        entries.append(_entry(course, "gvhd_chronic", day, severity=severity))
    return entries


def virology(parameters: StudyParameters, course: Course) -> list[Entry]:
    """PCR of CMV, EBV and ADV, weekly to day 100, then two-weekly; of HHV-6 and BK virus by the same plan."""
    rng = stream(parameters.seed, "virology", course.participant.slot)
    entries = []
    for day in _pcr_days(course):
        missed = rng.random() < 0.03 and not any(r.day == day for r in course.reactivations)
        for virus in ("CMV", "EBV", "ADV"):
            copies = _copies(next((r for r in course.reactivations if r.virus == virus), None), day, rng)
            if day < course.last_day and not missed:
                entries.append(_entry(course, "virology", day, virus=virus, copies_per_ml=copies))
    return entries + _other_virology(parameters, course)


def _pcr_days(course: Course) -> list[int]:
    weekly = list(range(course.pcr_offset_day, WEEKLY_UNTIL_DAY + 1, 7))
    return [*weekly, *range(weekly[-1] + 14, PCR_UNTIL_DAY, 14)]


def _other_virology(parameters: StudyParameters, course: Course) -> list[Entry]:
    rng = stream(parameters.seed, "virology of other viruses", course.participant.slot)
    entries = []
    for day in _pcr_days(course):
        for virus in ("HHV-6", "BK"):
            episode = next((r for r in course.other_reactivations if r.virus == virus), None)
            copies = _copies(episode, day, rng)
            if day < course.last_day:
                entries.append(_entry(course, "virology", day, virus=virus, copies_per_ml=copies))
    return entries


def _copies(episode: Reactivation | None, day: int, rng: np.random.Generator) -> str:
    noise, trace = float(np.exp(rng.normal(0, 0.25))), rng.random() < 0.04
    if episode is None or not episode.day <= day <= episode.day + episode.duration_days:
        return f"<{PCR_LIMIT_COPIES_PER_ML}" if trace else "not detected"
    phase = (day - episode.day) / episode.duration_days
    height = np.sin(np.pi * min(1.0, 0.15 + phase * 0.85))
    copies = round(float(episode.peak_copies * height * noise))
    if day == episode.day:
        return str(max(PCR_POSITIVE_COPIES_PER_ML, copies))
    return str(copies) if copies >= PCR_LIMIT_COPIES_PER_ML else f"<{PCR_LIMIT_COPIES_PER_ML}"


def chimerism(parameters: StudyParameters, course: Course) -> list[Entry]:
    """Donor percent by lineage: T cells lag; mixed before donor lymphocytes, low after relapse or failure."""
    rng = stream(parameters.seed, "chimerism", course.participant.slot)
    mixed = course.donor_lymphocytes_day is not None and course.relapse_day is None
    entries = []
    for target in CHIMERISM_DAYS:
        day = target + int(rng.integers(-4, 5))
        myeloid = 99.5 - abs(rng.normal(0, 0.7))
        t_cells = float(np.clip((55 if mixed else 92) + 0.05 * day - abs(rng.normal(0, 5)), 20, 100))
        if course.graft_failure_day is not None and day < (course.second_transplant_day or 10_000):
            myeloid, t_cells = 8.0, 4.0
        if course.relapse_day is not None and day >= course.relapse_day:
            myeloid = myeloid - 35
        values = {
            "whole blood": 0.8 * myeloid + 0.2 * t_cells,
            "CD3": t_cells,
            "CD33": myeloid,
            "CD19": myeloid - 0.3,
        }
        if day < course.last_day:
            for lineage, percent in values.items():
                entries.append(_entry(course, "chimerism", day, lineage=lineage, donor_pct=f"{percent:.1f}"))
    return entries


def disease(parameters: StudyParameters, course: Course) -> list[Entry]:
    """Marrow assessments in remission, the relapse itself, and one assessment after it."""
    rng = stream(parameters.seed, "disease", course.participant.slot)
    entries = []
    for target in DISEASE_DAYS:
        day, trace = target + int(rng.integers(-6, 7)), rng.random() < 0.07
        if day >= course.last_day or (course.relapse_day is not None and day >= course.relapse_day - 5):
            break
        entries.append(_entry(course, "disease", day, status="remission", mrd="positive" if trace else "negative"))
    if course.relapse_day is not None:
        entries.append(_entry(course, "disease", course.relapse_day, status="relapse", mrd="positive"))
        if course.relapse_day + 30 < course.last_day:
            entries.append(_entry(course, "disease", course.relapse_day + 30, status="relapse", mrd="positive"))
    return entries


def contacts(parameters: StudyParameters, course: Course) -> list[Entry]:
    """Alive at every visit and every month between; the death itself."""
    rng = stream(parameters.seed, "contacts", course.participant.slot)
    days = {v.day for v in VISITS if v.day > 0} | set(range(120, 800, 30))
    entries = []
    for target in sorted(days):
        day = target + int(rng.integers(-3, 4))
        if day < course.last_day:
            entries.append(_entry(course, "contacts", day, status="alive"))
    if course.withdrawal_day is not None or course.lost_day is not None:
        entries.append(_entry(course, "contacts", course.last_day, status="alive"))
    if course.death_day is not None:
        entries.append(_entry(course, "contacts", course.death_day, status="dead"))
    return entries


def contacts_without_transplant(participant: Participant) -> list[Entry]:
    """Contacts of a participant who left before transplant."""
    entries = []
    for days in (10, 38):
        on = participant.enrolment + timedelta(days=days)
        entries.append(Entry("contacts", participant.subject, on, {"date": on.isoformat(), "status": "alive"}))
    if participant.story.death_cause:
        on = participant.enrolment + timedelta(days=41)
        entries.append(Entry("contacts", participant.subject, on, {"date": on.isoformat(), "status": "dead"}))
    return entries


def _entry(course: Course, table: str, day: int, **cells: str) -> Entry:
    on = course.on(day)
    return Entry(table, course.participant.subject, on, {"date": on.isoformat(), **cells})
