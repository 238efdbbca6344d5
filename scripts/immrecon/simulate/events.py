"""Dated clinical events of a participant, and what ended or disturbed participation."""

from datetime import date, timedelta

import numpy as np

from immrecon.simulate.entries import Entry, Update
from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.participants import Participant
from immrecon.simulate.streams import stream
from immrecon.simulate.timeline import Course

# (detail, severity of the BMT CTN table, first day, last day, events per participant)
INFECTIONS = (
    ("bacteraemia, Escherichia coli", 2, 3, 40, 0.14),
    ("bacteraemia, coagulase-negative staphylococcus", 1, 2, 120, 0.20),
    ("bacteraemia, Enterococcus faecium", 2, 5, 60, 0.08),
    ("Clostridioides difficile colitis", 1, 5, 200, 0.12),
    ("rhinovirus upper respiratory infection", 1, 10, 400, 0.26),
    ("influenza A", 1, 60, 500, 0.07),
    ("parainfluenza 3 lower respiratory infection", 3, 20, 250, 0.05),
    ("BK virus cystitis", 1, 20, 120, 0.14),
    ("herpes zoster", 2, 90, 500, 0.07),
    ("pulmonary aspergillosis, probable", 3, 20, 200, 0.05),
    ("candidaemia", 2, 5, 60, 0.03),
)
ADJUDICATED = ("death", "relapse", "graft failure", "CRS")
DEVIATIONS = (
    "visit out of window",
    "lymphocyte subsets not drawn",
    "CMV PCR missed for two weeks",
    "GvHD assessment not done",
    "consent form of superseded version signed",
    "prohibited medication given",
)


def course_events(parameters: StudyParameters, course: Course) -> list[Entry]:
    """Events of a transplanted participant up to the end of follow-up."""
    person, rng = course.participant, stream(parameters.seed, "events", course.participant.slot)
    further_rng = stream(parameters.seed, "further events", person.slot)
    found: list[tuple[int, str, int | None, str, int | None]] = []  # day, event, grade, detail, last day
    for day, event in (
        (course.neutrophil_day, "neutrophil engraftment"),
        (course.platelet_day, "platelet engraftment"),
        (course.graft_failure_day, "graft failure"),
        (course.second_transplant_day, "second transplant"),
        (course.relapse_day, "relapse"),
        (course.donor_lymphocytes_day, "donor lymphocyte infusion"),
        (course.death_day, "death"),
    ):
        if day is not None:
            found.append((day, event, None, _detail(course, event), None))
    for r in course.reactivations:
        found.append((r.day, f"{r.virus} reactivation", None, "first positive PCR", r.day + r.duration_days))
    found += _after_injection(person, rng)
    found += _infections(course, rng)
    return [*_entries(course, found, rng), *_entries(course, _further(course), further_rng)]


def _entries(
    course: Course, found: list[tuple[int, str, int | None, str, int | None]], rng: np.random.Generator
) -> list[Entry]:
    return [_entry(course, *f, rng) for f in sorted(found, key=lambda f: (f[0], f[1])) if f[0] <= course.last_day]


def _further(course: Course) -> list[tuple[int, str, int | None, str, int | None]]:
    """Reactivations of other viruses, and the infections of the story."""
    reactivated: list[tuple[int, str, int | None, str, int | None]] = [
        (r.day, f"{r.virus} reactivation", None, "first positive PCR", r.day + r.duration_days)
        for r in course.other_reactivations
    ]
    told = course.participant.story.infections
    return [*reactivated, *((day, "infection", severity, detail, day + 5) for day, severity, detail in told)]


def _detail(course: Course, event: str) -> str:
    story = course.participant.story
    return {
        "death": story.death_cause,
        "relapse": "haematological relapse, bone marrow",
        "graft failure": "primary: neutrophils never above 0.5 x10^9/L",
        "second transplant": "same donor, T-cell replete",
        "donor lymphocyte infusion": "1x10^5 CD3+/kg" if course.relapse_day is None else "1x10^6 CD3+/kg, for relapse",
    }.get(event, "")


def _after_injection(
    person: Participant, rng: np.random.Generator
) -> list[tuple[int, str, int | None, str, int | None]]:
    if person.injection is None or person.transplant is None:
        return []
    day, lag, length = (
        (person.injection - person.transplant).days,
        int(rng.integers(1, 6)),
        int(rng.integers(1, 4)),
    )
    found: list[tuple[int, str, int | None, str, int | None]] = []
    if person.story.crs_grade:
        found.append((day + lag, "CRS", person.story.crs_grade, "fever without other cause", day + lag + length))
    if person.story.infusion_reaction_grade:
        found.append((day, "infusion reaction", person.story.infusion_reaction_grade, "urticaria, chills", day))
    return found


def _infections(course: Course, rng: np.random.Generator) -> list[tuple[int, str, int | None, str, int | None]]:
    found: list[tuple[int, str, int | None, str, int | None]] = []
    for detail, severity, low, high, rate in INFECTIONS:
        happens, day, length = rng.random() < rate, int(rng.integers(low, high)), int(rng.integers(4, 22))
        if happens:
            found.append((day, "infection", severity, detail, day + length))
    return found


def _entry(
    course: Course,
    day: int,
    event: str,
    grade: int | None,
    detail: str,
    last: int | None,
    rng: np.random.Generator,
) -> Entry:
    on, delay = course.on(day), int(rng.integers(45, 76))
    cells = {
        "event": event,
        "date": on.isoformat(),
        "end_date": "",
        "grade": "" if grade is None else str(grade),
        "detail": detail,
        "adjudication": "pending" if event in ADJUDICATED else "investigator",
    }
    updates = []
    if last is not None and last <= course.last_day:
        updates.append(Update(course.on(last), "end date", {"end_date": course.on(last).isoformat()}))
    if event in ADJUDICATED:
        updates.append(Update(on + timedelta(days=delay), "adjudication", {"adjudication": "adjudicated"}))
    return Entry("events", course.participant.subject, on, cells, tuple(sorted(updates, key=lambda u: u.on)))


def events_without_transplant(participant: Participant) -> list[Entry]:
    """Relapse, then death, before the planned transplant."""
    story = participant.story
    if not story.death_cause:
        return []
    entries = []
    for days, event in ((13, "relapse"), (41, "death")):
        on = participant.enrolment + timedelta(days=days)
        detail = story.death_cause if event == "death" else "haematological relapse before transplant"
        cells = {"event": event, "date": on.isoformat(), "end_date": "", "grade": "", "detail": detail}
        update = Update(on + timedelta(days=60), "adjudication", {"adjudication": "adjudicated"})
        entries.append(Entry("events", participant.subject, on, cells | {"adjudication": "pending"}, (update,)))
    return entries


def dispositions(parameters: StudyParameters, participant: Participant, course: Course | None) -> list[Entry]:
    """Withdrawals, losses, treatment not given, and protocol deviations."""
    story, found = participant.story, []
    if story.not_transplanted:
        found.append((participant.enrolment + timedelta(days=16), "not transplanted", story.not_transplanted))
    elif story.not_injected and participant.transplant is not None:
        consent = "consent" in story.not_injected
        event = "withdrawal of treatment consent" if consent else "not injected"
        found.append((participant.transplant + timedelta(days=6), event, story.not_injected))
    if course is not None:
        if course.withdrawal_day is not None:
            found.append((course.on(course.withdrawal_day), "withdrawal of consent", "follow-up visits burdensome"))
        if course.lost_day is not None:
            found.append(
                (
                    course.on(course.lost_day + 60),
                    "lost to follow-up",
                    "moved abroad, no answer to three calls",
                )
            )
        found += _deviations(parameters, course)
    return [_disposition(participant, on, event, reason) for on, event, reason in found]


def _deviations(parameters: StudyParameters, course: Course) -> list[tuple[date, str, str]]:
    rng = stream(parameters.seed, "deviations", course.participant.slot)
    found = []
    if (course.participant.story.received_ratio or 1.0) < 0.8 and course.participant.injection is not None:
        found.append((course.participant.injection, "protocol deviation", "dose below 80 % of the assigned level"))
    happens, reason, day = rng.random() < 0.45, str(rng.choice(DEVIATIONS)), int(rng.integers(14, 180))
    if happens and day <= course.last_day:
        found.append((course.on(day), "protocol deviation", reason))
    return found


def _disposition(participant: Participant, on: date, event: str, reason: str) -> Entry:
    return Entry("disposition", participant.subject, on, {"date": on.isoformat(), "event": event, "reason": reason})
