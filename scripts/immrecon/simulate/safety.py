"""Adverse events and concomitant medication."""

from datetime import timedelta

import numpy as np

from immrecon.simulate.adverse_event_terms import INFECT, TERMS, Term
from immrecon.simulate.entries import Entry, Update
from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.streams import stream
from immrecon.simulate.timeline import Course


def adverse_events(parameters: StudyParameters, course: Course) -> list[Entry]:
    """Background events, and those that mirror GvHD, CRS, infusion reactions, reactivations and deaths."""
    rng = stream(parameters.seed, "adverse events", course.participant.slot)
    entries = []
    for term in TERMS:
        happens, low, high = rng.random() < term.share, *term.onset_days
        onset, length = int(rng.integers(low, high)), int(rng.integers(*term.duration_days))
        grade, verbatim = int(rng.choice(term.grades)), str(rng.choice(term.verbatim))
        related = _related(course, onset, rng)
        if happens and onset <= course.last_day:
            serious = grade >= 3 and term.system_organ_class in (INFECT, "Hepatobiliary disorders")
            entries.append(_event(course, term, verbatim, grade, onset, length, related, serious))
    return entries + _mirrored(course, rng)


def _related(course: Course, onset: int, rng: np.random.Generator) -> str:
    drawn = str(rng.choice(["not related", "unlikely", "possible"], p=[0.72, 0.2, 0.08]))
    injected = course.participant.injection
    return drawn if injected is not None and onset >= course.day_of(injected) else "not related"


def _event(
    course: Course,
    term: Term,
    verbatim: str,
    grade: int,
    onset: int,
    length: int,
    related: str,
    serious: bool,
) -> Entry:
    fatal = grade == 5
    ended = onset + length <= course.last_day or fatal
    cells = {
        "term": verbatim,
        "preferred_term": term.preferred_term,
        "system_organ_class": term.system_organ_class,
        "grade": str(grade),
        "serious": "Y" if serious or grade == 5 else "N",
        "related": related,
        "start_date": course.on(onset).isoformat(),
        "end_date": course.on(onset).isoformat() if fatal else "",
        "outcome": "fatal" if fatal else "not recovered",
    }
    done = course.on(onset + length)
    stopped = {"end_date": done.isoformat(), "outcome": "recovered"}
    updates = (Update(done, "end of event", stopped),) if ended and not fatal else ()
    return Entry("adverse_events", course.participant.subject, course.on(onset), cells, updates)


def _mirrored(course: Course, rng: np.random.Generator) -> list[Entry]:
    story, injected = course.participant.story, course.participant.injection
    immune = "Immune system disorders"
    found: list[tuple[Term, str, int, int, int, str, bool]] = []

    def add(term: str, organ_class: str, verbatim: str, grade: int, onset: int, length: int, related: str) -> None:
        serious = grade >= 3 or term == "Cytokine release syndrome"
        found.append(
            (
                Term(term, organ_class, 1.0, (0, 0), (0, 0), (), ()),
                verbatim,
                grade,
                onset,
                length,
                related,
                serious,
            )
        )

    if course.gvhd_peak >= 2 and course.gvhd_onset_day is not None:
        organ = {"skin": "skin", "gut": "gastrointestinal tract", "liver": "liver"}[course.gvhd_organ]
        add(
            f"Acute graft versus host disease in {organ}",
            immune,
            "aGVHD",
            course.gvhd_peak,
            course.gvhd_onset_day,
            999 if course.gvhd_fatal else 55,
            "possible",
        )
    if story.crs_grade and injected is not None:
        onset = course.day_of(injected) + int(rng.integers(1, 4))
        add("Cytokine release syndrome", immune, "CRS", story.crs_grade, onset, 3, "related")
    if story.infusion_reaction_grade and injected is not None:
        grade = story.infusion_reaction_grade
        add(
            "Infusion related reaction",
            "Injury, poisoning and procedural complications",
            "chills during infusion",
            grade,
            course.day_of(injected),
            1,
            "related",
        )
    for r in course.reactivations:
        names = {
            "CMV": "Cytomegalovirus infection reactivation",
            "EBV": "Epstein-Barr virus infection reactivation",
        }
        name = names.get(r.virus, "Adenovirus infection")
        add(name, INFECT, f"{r.virus} reactivation", 2, r.day, r.duration_days, "unlikely")
    if course.death_day is not None and course.relapse_day is None:
        add(
            "Sepsis" if "sepsis" in story.death_cause else "Pneumonia",
            INFECT,
            story.death_cause,
            5,
            course.death_day,
            0,
            "unlikely",
        )
    return [_event(course, *f) for f in found if f[3] <= course.last_day]


def medications(parameters: StudyParameters, course: Course) -> list[Entry]:
    """Drugs that change counts or risks: steroids, letermovir, antivirals, IVIG, DLI, antibodies, T cells."""
    rng = stream(parameters.seed, "medications", course.participant.slot)
    baseline, found = course.participant.baseline, []
    if baseline.cmv_recipient == "positive" and rng.random() < 0.7:
        found.append(("letermovir", "letermovir", int(rng.integers(5, 12)), int(rng.integers(95, 104))))
    if course.steroid_days is not None:
        drug = "methylprednisolone 2 mg/kg" if course.gvhd_peak > 2 else "prednisone 1 mg/kg"
        found.append((drug, "steroid", *course.steroid_days))
    if course.gvhd_peak > 2 and course.steroid_days is not None:
        found.append(("ruxolitinib", "immunosuppressant", course.steroid_days[0] + 9, course.steroid_days[1] + 60))
    for r in course.reactivations:
        drug, category = {
            "CMV": ("foscarnet", "antiviral"),
            "EBV": ("rituximab", "anti-CD20"),
            "ADV": ("cidofovir", "antiviral"),
        }[r.virus]
        found.append((drug, category, r.day + 2, r.day + (3 if drug == "rituximab" else r.duration_days)))
        if r.virus == "ADV" and r.peak_copies > 4000:
            found.append(("adenovirus-specific T cells", "virus-specific T cells", r.day + 14, r.day + 14))
    if course.donor_lymphocytes_day is not None:
        found.append(("donor lymphocytes", "DLI", course.donor_lymphocytes_day, course.donor_lymphocytes_day))
    for start in range(45 + int(rng.integers(0, 20)), 400, 28):
        if rng.random() < 0.4:
            found.append(("immunoglobulin IV 0.4 g/kg", "IVIG", start, start))
    return [_medication(course, *f) for f in found if f[2] <= course.last_day]


def _medication(course: Course, drug: str, category: str, first: int, last: int) -> Entry:
    last = last if course.death_day is None else min(last, course.death_day)
    on, stop = course.on(first), course.on(last)
    cells = {"drug": drug, "category": category, "start_date": on.isoformat()}
    if first == last:
        return Entry(
            "medications",
            course.participant.subject,
            on,
            cells | {"end_date": stop.isoformat(), "ongoing": "N"},
        )
    updates: tuple[Update, ...] = ()
    if last <= course.last_day:
        stopped = {"end_date": stop.isoformat(), "ongoing": "N"}
        updates = (Update(stop + timedelta(days=1), "end of treatment", stopped),)
    return Entry("medications", course.participant.subject, on, cells | {"end_date": "", "ongoing": "Y"}, updates)
