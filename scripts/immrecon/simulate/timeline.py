"""The dated course of a transplanted participant: major events, from which counts and assessments follow."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.participants import Participant
from immrecon.simulate.streams import stream


@dataclass(frozen=True)
class Reactivation:
    virus: str
    day: int
    duration_days: int
    peak_copies: int


@dataclass(frozen=True)
class Course:
    """Days from transplant; None: did not happen before `last_day` (death, withdrawal, loss or horizon)."""

    participant: Participant
    last_day: int
    death_day: int | None
    relapse_day: int | None
    graft_failure_day: int | None
    second_transplant_day: int | None
    donor_lymphocytes_day: int | None
    withdrawal_day: int | None
    lost_day: int | None
    neutrophil_day: int | None
    platelet_day: int | None
    gvhd_peak: int
    gvhd_onset_day: int | None
    gvhd_organ: str
    reactivations: tuple[Reactivation, ...]
    other_reactivations: tuple[Reactivation, ...]
    pcr_offset_day: int

    @property
    def origin(self) -> date:
        assert self.participant.transplant is not None
        return self.participant.transplant

    def on(self, day: int) -> date:
        """Calendar date of a day from transplant."""
        return self.origin + timedelta(days=day)

    def day_of(self, when: date) -> int:
        """Days from transplant of a calendar date."""
        return (when - self.origin).days

    @property
    def steroid_days(self) -> tuple[int, int] | None:
        """First and last day of systemic steroids: from the first grade II on, longer for III-IV."""
        if self.gvhd_peak < 2 or self.gvhd_onset_day is None:
            return None
        length = 365 if self.gvhd_fatal else 70 if self.gvhd_peak > 2 else 35
        return self.gvhd_onset_day + 7, self.gvhd_onset_day + 7 + length

    @property
    def gvhd_fatal(self) -> bool:
        """Whether GvHD lasts until the participant dies of it."""
        return "GvHD" in self.participant.story.death_cause


def draw_course(parameters: StudyParameters, participant: Participant) -> Course:
    """The course of a transplanted participant, ended at death, withdrawal, loss or the horizon."""
    story, origin = participant.story, participant.transplant
    assert origin is not None
    rng = stream(parameters.seed, "course", participant.slot)
    death = _day(story.death_day, story.death_on, origin)
    relapse = _day(story.relapse_day, story.relapse_on, origin)
    ends = [(parameters.horizon - origin).days]
    ends += [d for d in (death, story.withdrawal_day, story.lost_day) if d is not None]
    last = min(ends)

    def reached(day: int | None) -> int | None:
        return day if day is not None and day <= last else None

    peak, onset, organ = _gvhd(participant, rng)
    reactivations, offset = _reactivations(participant, rng)
    neutrophil, platelet = (
        int(np.clip(rng.normal(13.0, 2.0), 10, 21)),
        int(np.clip(rng.normal(20, 5), 13, 45)),
    )
    if story.graft_failure_day is not None and story.second_transplant_day is not None:
        neutrophil, platelet = (
            story.second_transplant_day + neutrophil,
            story.second_transplant_day + platelet,
        )
    return Course(
        participant=participant,
        last_day=last,
        death_day=reached(death),
        relapse_day=reached(relapse),
        graft_failure_day=reached(story.graft_failure_day),
        second_transplant_day=reached(story.second_transplant_day),
        donor_lymphocytes_day=reached(story.donor_lymphocytes_day),
        withdrawal_day=reached(story.withdrawal_day),
        lost_day=reached(story.lost_day),
        neutrophil_day=reached(neutrophil),
        platelet_day=reached(platelet),
        gvhd_peak=peak if onset is not None and onset <= last else 0,
        gvhd_onset_day=reached(onset),
        gvhd_organ=organ,
        reactivations=tuple(r for r in reactivations if r.day <= last),
        other_reactivations=tuple(r for r in _other_reactivations(parameters, participant, offset) if r.day <= last),
        pcr_offset_day=offset,
    )


def _day(day: int | None, on: date | None, origin: date) -> int | None:
    return (on - origin).days if on is not None else day


def _gvhd(participant: Participant, rng: np.random.Generator) -> tuple[int, int | None, str]:
    story = participant.story
    drawn = int(rng.choice([0, 1, 2], p=[0.58, 0.25, 0.17]))
    onset = int(rng.integers(21, 62))
    organ = str(rng.choice(["skin", "gut", "liver"], p=[0.65, 0.27, 0.08]))
    peak = story.gvhd_peak if story.gvhd_peak is not None else drawn
    if peak == 0:
        return 0, None, ""
    return peak, story.gvhd_onset_day or onset, story.gvhd_organ or organ


def _reactivations(participant: Participant, rng: np.random.Generator) -> tuple[list[Reactivation], int]:
    """Reactivations start on a PCR day (weekly from `offset`): the first positive test is the event."""
    story, baseline = participant.story, participant.baseline
    offset = int(rng.integers(0, 7))
    chance = {"CMV": 0.5 if baseline.cmv_recipient == "positive" else 0.12, "EBV": 0.15, "ADV": 0.1}
    if "positive" not in (baseline.cmv_recipient, baseline.cmv_donor):
        chance["CMV"] = 0.0
    told = {"CMV": story.cmv_day, "EBV": story.ebv_day, "ADV": story.adv_day}
    if story.cmv_day is not None and story.cmv_day < 7:
        offset = story.cmv_day
    found = []
    for virus, low, high in (("CMV", 20, 65), ("EBV", 45, 95), ("ADV", 25, 80)):
        happens, week = rng.random() < chance[virus], int(rng.integers(low, high))
        duration, peak = 7 * int(rng.integers(2, 7)), round(float(np.exp(rng.normal(np.log(4200), 1.0))))
        wanted = told[virus] if told[virus] is not None else (week if happens else None)
        if wanted is not None:
            day = offset + 7 * max(0, round((wanted - offset) / 7))
            found.append(Reactivation(virus, day, duration, max(1200, peak)))
    return found, offset


def _other_reactivations(parameters: StudyParameters, participant: Participant, offset: int) -> list[Reactivation]:
    """HHV-6 soon after engraftment, BK virus later; neither is treated, nor moves the lymphocyte counts."""
    rng = stream(parameters.seed, "other viruses", participant.slot)
    found = []
    for virus, chance, low, high in (("HHV-6", 0.35, 14, 36), ("BK", 0.25, 20, 90)):
        happens, wanted = rng.random() < chance, int(rng.integers(low, high))
        duration, peak = 7 * int(rng.integers(2, 5)), round(float(np.exp(rng.normal(np.log(2600), 0.7))))
        if happens:
            day = offset + 7 * max(0, round((wanted - offset) / 7))
            found.append(Reactivation(virus, day, duration, max(1200, peak)))
    return found
