"""Who lives through what: the events a small study needs in order to exercise every rule, placed by hand.

Numbers of relapses, deaths and severe GvHD are fixed by design (34 transplants are too few to leave them to
chance); minor events and all counts are drawn. Slots are group, dose level, order: "A3-2" is the second adult
of dose level 3. Days count from transplant.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Story:
    relapse_day: int | None = None
    relapse_on: date | None = None
    death_day: int | None = None
    death_on: date | None = None
    death_cause: str = ""
    not_transplanted: str = ""
    not_injected: str = ""
    release_status: str = "released"
    gvhd_peak: int | None = None  # None: drawn among 0, 1, 2
    gvhd_onset_day: int | None = None
    gvhd_organ: str = ""
    chronic: str = ""
    chronic_day: int | None = None
    cmv_day: int | None = None
    ebv_day: int | None = None
    adv_day: int | None = None
    graft_failure_day: int | None = None
    second_transplant_day: int | None = None
    donor_lymphocytes_day: int | None = None
    withdrawal_day: int | None = None
    lost_day: int | None = None
    received_ratio: float | None = None
    crs_grade: int = 0
    infusion_reaction_grade: int = 0
    infections: tuple[tuple[int, int, str], ...] = ()  # further ones: day, severity, detail
    age_years: int | None = None
    diagnosis: str = ""
    protocol_version: int | None = None  # None: the one in force at enrolment
    cd4_first_over_50_before: date | None = None  # the last sample before this cut-off is the first above 50 per uL


_ENTEROCOCCUS = "bacteraemia, Enterococcus faecium"
_RHINOVIRUS = "rhinovirus upper respiratory infection"
_ASPERGILLUS = "pulmonary aspergillosis, probable"

STORIES: dict[str, Story] = {
    "A1-1": Story(relapse_day=212, death_day=391, death_cause="relapse of leukaemia", cmv_day=38),
    "A1-2": Story(
        gvhd_peak=2,
        gvhd_onset_day=33,
        gvhd_organ="skin",
        chronic="moderate",
        chronic_day=196,
        # One episode of two cultures, and another one.
        infections=((61, 2, _ENTEROCOCCUS), (65, 2, _ENTEROCOCCUS), (90, 2, _ENTEROCOCCUS)),
    ),
    "A1-3": Story(death_day=74, death_cause="adenovirus pneumonia", adv_day=45, gvhd_peak=0),
    "A1-4": Story(cmv_day=31, gvhd_peak=1, gvhd_onset_day=26),
    "A2-1": Story(
        not_injected="product out of specification: CD3+ cells above limit",
        release_status="out of specification",
    ),
    "A2-2": Story(relapse_day=133, death_day=133, death_cause="relapse of leukaemia, intracranial haemorrhage"),
    "A2-3": Story(
        gvhd_peak=3,
        gvhd_onset_day=24,
        gvhd_organ="gut",
        death_day=168,
        death_cause="GvHD with invasive aspergillosis",
    ),
    "A2-4": Story(gvhd_peak=1, gvhd_onset_day=41, chronic="mild", chronic_day=170, crs_grade=1),
    "P1-1": Story(age_years=19, ebv_day=63),
    "P1-2": Story(graft_failure_day=28, second_transplant_day=46, gvhd_peak=0),
    "P1-3": Story(gvhd_peak=0, donor_lymphocytes_day=152),
    "A3-1": Story(death_day=6, death_cause="sepsis with multi-organ failure", not_injected="died before injection"),
    "A3-2": Story(relapse_day=96, donor_lymphocytes_day=124, gvhd_peak=0),
    "A3-3": Story(cmv_day=3, gvhd_peak=2, gvhd_onset_day=47, gvhd_organ="gut", crs_grade=2),
    "A3-4": Story(received_ratio=0.42, gvhd_peak=0),
    "A3-5": Story(withdrawal_day=141, gvhd_peak=1, gvhd_onset_day=52, diagnosis="MDS", protocol_version=1),
    "A3-6": Story(relapse_day=52, death_day=127, death_cause="relapse of leukaemia", infusion_reaction_grade=2),
    "P2-1": Story(gvhd_peak=4, gvhd_onset_day=27, gvhd_organ="liver", chronic="severe", chronic_day=181),
    "P2-2": Story(
        cmv_day=27,
        gvhd_peak=0,
        infections=((104, 1, _RHINOVIRUS), (114, 1, _RHINOVIRUS), (127, 1, _RHINOVIRUS), (160, 1, _RHINOVIRUS)),
    ),
    "P2-3": Story(relapse_on=date(2026, 3, 17), gvhd_peak=1, gvhd_onset_day=36),
    "P2-4": Story(not_injected="consent to injection withdrawn", gvhd_peak=2, gvhd_onset_day=30, gvhd_organ="skin"),
    "A4-1": Story(
        relapse_on=date(2026, 3, 31),
        death_on=date(2026, 9, 30),
        death_cause="relapse of leukaemia",
        gvhd_peak=0,
    ),
    "A4-2": Story(cd4_first_over_50_before=date(2026, 3, 31), gvhd_peak=0),
    "A4-3": Story(gvhd_peak=3, gvhd_onset_day=31, gvhd_organ="gut", lost_day=148, crs_grade=1),
    "A4-4": Story(not_transplanted="relapse before transplant", death_cause="relapse of leukaemia", diagnosis="AML"),
    "A4-5": Story(gvhd_peak=2, gvhd_onset_day=44, gvhd_organ="skin", diagnosis="MDS"),
    "A4-6": Story(cmv_day=34, infections=((52, 3, _ASPERGILLUS), (80, 3, _ASPERGILLUS))),
    "P3-1": Story(gvhd_peak=2, gvhd_onset_day=38, gvhd_organ="skin", adv_day=52, infusion_reaction_grade=1),
    "P3-2": Story(crs_grade=1, gvhd_peak=0),
    "P3-4": Story(not_transplanted="donor withdrew"),
    "P4-1": Story(gvhd_peak=1, gvhd_onset_day=29),
    "P4-2": Story(cd4_first_over_50_before=date(2026, 9, 30), gvhd_peak=0),
    "P4-3": Story(cmv_day=36),
}
