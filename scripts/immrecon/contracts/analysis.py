"""Analysis layer: ADaM-like tables at participant level, upper-case columns, traced to their source."""

import itertools

import dataframely as dy
import polars as pl

from immrecon.contracts.base import (
    Contract,
    count,
    day,
    flag,
    integer,
    number,
    one_of,
    optional_text,
    rule,
    text,
)
from immrecon.vocabulary import RECONSTITUTION_STATUSES, LandmarkStatus


class Adsl(dy.Schema):
    USUBJID = text("participant", primary_key=True)
    STUDYID = text("study")
    DISPID = text("display id: how the participant is named in figures and listings")
    SITEID = optional_text("site")
    GROUP = optional_text("group of the enrolment record; missing or not configured: in pooled results only")
    DOSELVL = optional_text("dose level assigned")
    PROTVER = optional_text("protocol version at enrolment")
    AGE = number("age at enrolment", "years")
    BRTHLO = day("earliest day of birth that the record allows")
    BRTHHI = day("latest day of birth that the record allows")
    SEX = optional_text("sex")
    SCRNDT = day("screening")
    ENRLDT = day("enrolment")
    HSCTDT = day("transplant")
    TRTSDT = day("injection")
    HSCTDY = number("transplant on its own clock: 0; missing when the day of the transplant is not known", "day")
    TRTSDY = number("injection, days since transplant", "day")
    SCRNFL = flag("screened by the cut-off")
    ENRLFL = flag("enrolled by the cut-off; a transplant or an injection implies it")
    HSCTFL = flag("transplanted by the cut-off; an injection implies it")
    SAFFL = flag("injected by the cut-off")
    EVALFL = flag("evaluable for reconstitution, by the rule of the configuration")
    EVALREAS = optional_text("why an injected participant is not evaluable")
    SCRFREAS = optional_text("reason of screen failure")
    NHSCREAS = optional_text("why an enrolled participant was not transplanted")
    NINJREAS = optional_text("why a transplanted participant was not injected")
    DTHFL = flag("died by the cut-off")
    DTHUNFL = flag("recorded as dead without any date, so by the cut-off or not; in no time-to-event analysis")
    DTHDT = day("death, on or before the cut-off")
    DTHDY = number("death, days since transplant; missing when its date is partial", "day")
    DTHHIDY = number("latest day of death that the record allows, days since transplant", "day")
    WDDT = day("withdrawal or loss to follow-up, on or before the cut-off; earliest day of a partial date")
    WDUNFL = flag("recorded as withdrawn or lost to follow-up without any date")
    WDREAS = optional_text("reason of the withdrawal or loss")
    LSTALVDT = day("last date known alive, on or before the cut-off")
    LSTALVDY = number("last known alive, days since transplant", "day")

    @rule
    def populations_are_nested(cls) -> pl.Expr:
        flags = ["SCRNFL", "ENRLFL", "HSCTFL", "SAFFL"]
        nested = [(pl.col(inner) == "N") | (pl.col(outer) == "Y") for outer, inner in itertools.pairwise(flags)]
        return pl.all_horizontal(*nested, (pl.col("EVALFL") == "N") | (pl.col("ENRLFL") == "Y"))


class Adlb(dy.Schema):
    USUBJID = text("participant", primary_key=True)
    ASEQ = integer("number of the record within participant", nullable=False, primary_key=True)
    DISPID = text("display id")
    GROUP = optional_text("group; missing for a participant whose enrolment record has none")
    DOSELVL = optional_text("dose level assigned")
    PARAMCD = text("analyte")
    PARAM = text("analyte and unit, in words")
    AVALU = text("unit")
    AVAL = number("value; for a censored result, its limit", "AVALU", nullable=False)
    ACMP = one_of(["=", "<", "<=", ">", ">="], "comparator")
    AVALC = text("result as a reader sees it, e.g. <5")
    LLOQ = number("limit of quantification", "AVALU")
    AAGELO = number("least age on the day of collection that birth date and age at enrolment allow", "years")
    AAGEHI = number("greatest age, in the same way", "years")
    ANRLO = number("lower reference limit: the laboratory's own, otherwise that of the age", "AVALU")
    ANRHI = number("upper reference limit from where the lower one is", "AVALU")
    ANRORIG = one_of(
        ["laboratory", "age table"], "where the lower limit is from; missing: there is none", nullable=True
    )
    ANRROW = integer("row of the file of reference limits for the age; missing: none, whatever the laboratory sent")
    ANRREAS = optional_text("why there is no row for the age")
    ADT = day("collection")
    ADY = number("collection, days since transplant (transplant = 0)", "day", nullable=False)
    AINJDY = number("collection, days since injection (injection = 0)", "day")
    AVISIT = optional_text("visit window that the sample falls in")
    AVISITN = number("target day of that visit", "day since transplant")
    ANL01FL = flag("the one sample taken for the visit summary")
    ANL02FL = flag("usable: of a living participant, on or before the cut-off")
    ANLREAS = optional_text("why it is not usable")
    SRCFILE = text("source file")
    SRCSHEET = optional_text("source sheet")
    SRCROW = integer("source row", nullable=False)
    SRCCOL = text("source column")
    LBSEQ = integer("record of harmonised LB", nullable=False)

    @rule
    def summarised_samples_are_usable_and_have_a_visit(cls) -> pl.Expr:
        return (pl.col("ANL01FL") == "N") | (pl.col("AVISIT").is_not_null() & (pl.col("ANL02FL") == "Y"))


class Adae(dy.Schema):
    USUBJID = text("participant", primary_key=True)
    AESEQ = integer("record of harmonised AE", nullable=False, primary_key=True)
    GROUP = optional_text("group; missing for a participant whose enrolment record has none")
    DOSELVL = optional_text("dose level assigned")
    AEDECOD = text("preferred term")
    AEBODSYS = text("system organ class")
    AETOXGR = integer("CTCAE grade")
    AESER = optional_text("serious")
    AEREL = optional_text("related")
    ASTLO = day("earliest start that the record allows")
    ASTHI = day("latest start that the record allows")
    AENLO = day("earliest end")
    AENHI = day("latest end; missing when not surely over by the cut-off")
    AONGOFL = flag("ongoing at the cut-off, as far as is known; N where recorded as over, even without its day")
    AONGOUN = flag("ongoing at the cut-off or not is undecided: the end is partial, without its day, or not recorded")
    TRTEMFL = flag("emergent: may have started on or after day 0 of the declared clock")
    TRTEMUN = flag("emergent or not is undecided, because the start is a partial date; counted as emergent")
    ANL01FL = flag("counted: in the safety population, emergent, started on or before the cut-off")


class Adtte(dy.Schema):
    USUBJID = text("participant", primary_key=True)
    PARAMCD = text("endpoint", primary_key=True)
    PARAM = text("endpoint, in words")
    FIRSTEV = text("first-event variable that the endpoint belongs to")
    DISPID = text("display id")
    GROUP = optional_text("group; missing for a participant whose enrolment record has none")
    DOSELVL = optional_text("dose level assigned")
    STARTDT = day("day 0 of the clock")
    ADT = day("date of the event or of censoring")
    ADTF = optional_text("D when the event date was partial and a bound was taken, as configured")
    AENTRY = number("start of follow-up on this clock: 0, or the landmark", "day", nullable=False)
    AVAL = number("time from day 0 of the clock to the event or to censoring", "day", nullable=False)
    CNSR = integer("0 event, 1 censored, 2 competing event", nullable=False, min=0, max=2)
    CAUSE = optional_text("occurrence that ended follow-up; missing when censored")
    EVNTDESC = text("what ended follow-up, in words")
    CNSDTDSC = optional_text("what the censoring date is")
    RISKFL = flag("at risk: followed for this endpoint")
    NRISKREA = optional_text("why not at risk: prevalent at the origin, injected or followed too late for the landmark")
    SRCDOM = optional_text("harmonised domain of the record that gave the date")
    SRCVAR = optional_text("its variable")
    SRCSEQ = integer("its number within participant")

    @rule
    def date_matches_time(cls) -> pl.Expr:
        days = (pl.col("ADT") - pl.col("STARTDT")).dt.total_days().cast(pl.Float64)
        return days.is_null() | (days == pl.col("AVAL"))

    @rule
    def followed_time_is_positive(cls) -> pl.Expr:
        return (pl.col("RISKFL") == "N") | (pl.col("AVAL") >= pl.col("AENTRY"))

    @rule
    def cause_fits_censoring(cls) -> pl.Expr:
        return (pl.col("CNSR") == 1) == pl.col("CAUSE").is_null()


class Adoc(dy.Schema):
    USUBJID = text("participant", primary_key=True)
    OCCUR = text("occurrence of the configuration", primary_key=True)
    OCCSEQ = integer("number of the occurrence within participant, in order of time", nullable=False, primary_key=True)
    DY = number("its day, days since transplant", "day", nullable=False)
    ADT = day("its day")
    ADTF = optional_text("D when the date was partial and a bound was taken, as configured")
    SRCDOM = text("harmonised domain of the record")
    SRCVAR = text("its variable")
    SRCSEQ = integer("its number within participant", nullable=False)


class Adrec(dy.Schema):
    """Reconstitution status: one category per participant and threshold rule."""

    USUBJID = text("participant", primary_key=True)
    RULE = text("occurrence of the configuration", primary_key=True)
    DISPID = text("display id")
    GROUP = optional_text("group; missing for a participant whose enrolment record has none")
    DOSELVL = optional_text("dose level assigned")
    STATUS = one_of(RECONSTITUTION_STATUSES, "where the participant stands at the cut-off")
    REACHDY = number("first sample of the pair, days since transplant", "day")
    CONFDY = number("confirming sample, days since transplant", "day")
    RISKFL = flag("at risk at the origin of the first-event variable that the rule belongs to")
    STARTDY = number("day 0 of that variable's clock, days since transplant", "day")
    LEFTDY = number(
        "last sample decided as not above, days since transplant; of a confirmed crossing, the last before it", "day"
    )
    COMPETES = optional_text("first occurrence that competes with the crossing")
    COMPDY = number("its day, days since transplant", "day")
    FOLLDY = number("last day on which follow-up is documented, days since transplant", "day")
    LASTDY = number("last usable sample in the window, days since transplant", "day")
    NSAMPLES = count("usable samples")
    NUNKNOWN = count("samples censored above the threshold, which decide nothing")
    WINCLFL = flag("the window is closed at the cut-off: nothing later can change 'not reached'")


class Adms(dy.Schema):
    USUBJID = text("participant", primary_key=True)
    COURSE = text("course through states of the configuration", primary_key=True)
    INTSEQ = integer("number of the interval, in order of time", nullable=False, primary_key=True)
    DISPID = text("display id")
    GROUP = optional_text("group; missing for a participant whose enrolment record has none")
    DOSELVL = optional_text("dose level assigned")
    STARTDT = day("day 0 of the clock")
    TSTART = number("in the state from then on, days since day 0", "day", nullable=False)
    TSTOP = number("to the move or the end of follow-up; as TSTART when passed on one day", "day", nullable=False)
    FROMST = text("the state")
    TOST = optional_text("the state moved to; missing when follow-up ended")
    CAUSE = optional_text("occurrence that led there")
    ADT = day("date of the move, or of the end of follow-up")
    ADTF = optional_text("D when the date was partial and a bound was taken, as configured")
    RISKFL = flag("at risk: followed for this course")
    NRISKREA = optional_text("why not at risk: a state entered before the origin, followed too late for the landmark")
    SRCDOM = optional_text("harmonised domain of the record that gave the date")
    SRCVAR = optional_text("its variable")
    SRCSEQ = integer("its number within participant")

    @rule
    def intervals_end_after_they_start(cls) -> pl.Expr:
        return pl.col("TSTOP") >= pl.col("TSTART")

    @rule
    def moves_have_a_cause_and_a_record(cls) -> pl.Expr:
        moved = pl.col("TOST").is_not_null()
        return (moved == pl.col("CAUSE").is_not_null()) & (moved == pl.col("SRCSEQ").is_not_null())

    @rule
    def only_those_at_risk_move(cls) -> pl.Expr:
        return (pl.col("RISKFL") == "Y") | (pl.col("TOST").is_null() & (pl.col("TSTOP") == pl.col("TSTART")))


class Adlm(dy.Schema):
    """Reconstitution status at a landmark, by what was known on it."""

    USUBJID = text("participant", primary_key=True)
    OUTCOME = text("analysis of outcome of the configuration", primary_key=True)
    LMDY = number("landmark, days since transplant", "day", nullable=False, primary_key=True)
    RULE = text("occurrence of the configuration")
    DISPID = text("display id")
    GROUP = optional_text("group; missing for a participant whose enrolment record has none")
    DOSELVL = optional_text("dose level assigned")
    STATUS = one_of(LandmarkStatus, "where the participant stands on the landmark day")
    REACHDY = number("first sample of the pair, days since transplant", "day")
    CONFDY = number("confirming sample, days since transplant", "day")
    COMPDY = number("first occurrence that competes with the crossing, days since transplant", "day")
    LASTDY = number("last usable sample in the window of the rule, days since transplant", "day")
    NSAMPLES = count("usable samples in the window")
    NUNKNOWN = count("samples censored above the threshold, which decide nothing")

    @rule
    def nothing_lies_after_the_landmark(cls) -> pl.Expr:
        days = [pl.col(name).is_null() | (pl.col(name) <= pl.col("LMDY")) for name in _DAYS_OF_ADLM]
        return pl.all_horizontal(*days)

    @rule
    def reconstituted_by_both_samples(cls) -> pl.Expr:
        both = pl.col("REACHDY").is_not_null() & pl.col("CONFDY").is_not_null()
        return (pl.col("STATUS") != LandmarkStatus.RECONSTITUTED) | both


_DAYS_OF_ADLM = ("REACHDY", "CONFDY", "COMPDY", "LASTDY")


def _participants(name: str, grain: str, schema: type[dy.Schema]) -> Contract:
    return Contract(name, "analysis", grain, schema, participant_level=True)


ADSL = _participants("adsl", "One row per screened participant.", Adsl)
ADLB = _participants("adlb", "One row per lab result of an enrolled participant that has a number.", Adlb)
ADAE = _participants("adae", "One row per adverse event of an enrolled participant, up to the cut-off.", Adae)
ADTTE = _participants("adtte", "One row per participant of the population and endpoint.", Adtte)
ADOC = _participants("adoc", "One row per declared occurrence of a participant, up to the cut-off.", Adoc)
ADREC = _participants("adrec", "One row per participant of the population and reconstitution rule.", Adrec)
ADMS = _participants("adms", "One row per participant of the population, course and state in which they were.", Adms)

ADLM = _participants("adlm", "One row per transplanted participant, analysis of outcome and landmark.", Adlm)

ANALYSIS = [ADSL, ADLB, ADAE, ADTTE, ADOC, ADREC, ADMS, ADLM]
