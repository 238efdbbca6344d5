"""Harmonised layer: one row shape for every source, SDTM-like names, each row with its source cell."""

import dataframely as dy
import polars as pl

from immrecon.contracts.base import Contract, count, day, integer, number, one_of, optional_text, rule, text
from immrecon.vocabulary import USED_FATES, Fate, Privacy, QueryStatus, SaeStatus, Severity


class SourceCell(dy.Schema):
    """Where a row came from."""

    SRCFILE = text("source file, relative to the folder of the cut")
    SRCSHEET = optional_text("sheet of a workbook")
    SRCROW = integer("row in the file as a person counts them, the first line being 1", nullable=False)


class Dm(SourceCell):
    USUBJID = text("study identifier of the participant", primary_key=True)
    STUDYID = text("study")
    SITEID = optional_text("site")
    GROUP = optional_text("group of the enrolment record (never derived from age)")
    DOSELVL = optional_text("dose level assigned")
    PROTVER = optional_text("protocol version at enrolment")
    SEX = optional_text("sex as recorded")
    AGE = number("age at enrolment", "years", min=0)
    BRTHLO = day("earliest day of birth that the record allows")
    BRTHHI = day("latest day of birth that the record allows")
    SCRNDT = day("screening date")
    SCRNHI = day("latest day of screening that a partial date allows; missing where the date is complete")
    ENRLDT = day("enrolment date; missing for screen failures")
    ENRLHI = day("latest day of enrolment that a partial date allows; missing where the date is complete")
    HSCTDT = day("day of the transplant: day 0 of the transplant clock")
    HSCTHI = day("latest day of transplant that a partial date allows; missing where the date is complete")
    TRTSDT = day("day of the injection: day 0 of the injection clock")
    TRTSHI = day("latest day of injection that a partial date allows; missing where the date is complete")
    HSCTDY = number("transplant as a day of the transplant clock (0), for sources without dates", "day")
    TRTSDY = number("injection as a day of the transplant clock, for sources without dates", "day")


class Sc(SourceCell):
    USUBJID = text("participant", primary_key=True)
    SCTESTCD = text("characteristic", primary_key=True)
    SCORRES = text("value as received")
    SCSTRESN = number("numeric value, where the configuration declares the characteristic numeric", "as declared")


class Ds(SourceCell):
    USUBJID = text("participant", primary_key=True)
    DSSEQ = integer("number of the record within participant", nullable=False, primary_key=True)
    DSDECOD = text("event, e.g. SCREEN_FAILURE, NOT_INJECTED, WITHDRAWAL, LOST_TO_FOLLOW_UP, DEVIATION")
    DSTERM = optional_text("reason as received")
    DSDTC = optional_text("date as received")
    DSLO = day("earliest day that the date allows")
    DSHI = day("latest day that the date allows")
    DSENTDT = day("day the record was entered")


ENDINGS = ("BEFORE", "ONGOING", "UNKNOWN")
_ENDING = "end against the extract: BEFORE it, with or without its day; ONGOING; UNKNOWN where the source does not say"


class Ce(SourceCell):
    USUBJID = text("participant", primary_key=True)
    CESEQ = integer("number of the record within participant", nullable=False, primary_key=True)
    CEDECOD = text("event, e.g. DEATH, RELAPSE, GRAFT_FAILURE, CMV_REACTIVATION")
    CETERM = optional_text("detail as received (cause of death, pathogen)")
    CETOXGR = integer("grade", min=0, max=5)
    CEADJUD = optional_text("investigator, adjudicated or pending")
    CESTDTC = optional_text("start as received")
    CESTLO = day("earliest start that the record allows")
    CESTHI = day("latest start that the record allows")
    CESTDY = number("start as days since transplant, for sources without dates", "day")
    CEENLO = day("earliest end")
    CEENHI = day("latest end")
    CEENRTPT = one_of(ENDINGS, _ENDING, nullable=True)
    CEENTDT = day("day the record was entered")


class Fa(SourceCell):
    USUBJID = text("participant", primary_key=True)
    FASEQ = integer("number of the record within participant", nullable=False, primary_key=True)
    FACAT = text("what was assessed: SURVIVAL, DISEASE, ACUTE_GVHD, CHRONIC_GVHD, CHIMERISM, VIROLOGY, ...")
    FATESTCD = text("test within the category, e.g. GRADE, SKIN, DONOR_CD3")
    FAORRES = optional_text("result as received")
    FASTRESN = number("numeric result", "as the test")
    FADTC = optional_text("date as received")
    FALO = day("earliest day that the date allows")
    FAHI = day("latest day that the date allows")
    FADY = number("days since transplant, for sources without dates", "day")
    FAENTDT = day("day the record was entered")


class Cm(SourceCell):
    USUBJID = text("participant", primary_key=True)
    CMSEQ = integer("number of the record within participant", nullable=False, primary_key=True)
    CMTRT = text("medication or infusion as received")
    CMCAT = text("category, e.g. STEROID, LETERMOVIR, DLI")
    CMSTDTC = optional_text("start as received")
    CMSTLO = day("earliest start")
    CMSTHI = day("latest start")
    CMENLO = day("earliest end")
    CMENHI = day("latest end")
    CMENRTPT = one_of(ENDINGS, _ENDING, nullable=True)
    CMENTDT = day("day the record was entered")


class Ae(SourceCell):
    USUBJID = text("participant", primary_key=True)
    AESEQ = integer("number of the record within participant", nullable=False, primary_key=True)
    AETERM = text("term as received")
    AEDECOD = text("preferred term")
    AEBODSYS = text("system organ class")
    AETOXGR = integer("CTCAE grade", min=1, max=5)
    AESER = optional_text("serious: Y or N")
    AEREL = optional_text("relationship as received, mapped: Y or N")
    AEOUT = optional_text("outcome as received")
    AESTDTC = optional_text("start as received")
    AESTLO = day("earliest start that the record allows")
    AESTHI = day("latest start that the record allows")
    AEENLO = day("earliest end")
    AEENHI = day("latest end")
    AEENRTPT = one_of(ENDINGS, _ENDING, nullable=True)
    AEENTDT = day("day the record was entered")


class Sae(SourceCell):
    USUBJID = text("participant", primary_key=True)
    SAESEQ = integer("number of the record within participant", nullable=False, primary_key=True)
    SAEDECOD = text("preferred term")
    SAETERM = optional_text("term as received")
    SAETOXGR = integer("CTCAE grade", min=1, max=5)
    SAEOUT = optional_text("outcome, in the words of the clinical database")
    SAESTDTC = optional_text("start as received")
    SAESTLO = day("earliest start that the record allows")
    SAESTHI = day("latest start that the record allows")
    SAEENTDT = day("day the record was entered")
    AESEQ = integer("record of harmonised AE that it was matched with; missing: none")
    SAESTAT = one_of(
        [SaeStatus.AGREES, SaeStatus.DISAGREES, SaeStatus.SAFETY_ONLY], "against the clinical database, which is used"
    )

    @rule
    def matched_or_in_one_database_only(cls) -> pl.Expr:
        return pl.col("SAESTAT").eq(SaeStatus.SAFETY_ONLY.value).eq(pl.col("AESEQ").is_null())


class Lb(SourceCell):
    USUBJID = text("participant", primary_key=True)
    LBSEQ = integer("number of the record within participant", nullable=False, primary_key=True)
    LBTESTCD = text("analyte")
    LBNAM = text("laboratory: the name of its dialect")
    LBREFID = optional_text("accession or sample number")
    LBVISIT = optional_text("visit label as received")
    LBDTC = optional_text("collection date as received")
    LBDT = day("day of collection")
    LBDY = number("collection as days since transplant, for sources without dates", "day")
    LBORRES = text("result as received, character by character")
    LBORRESU = text("unit as received or as the dialect declares")
    LBCMP = one_of(["=", "<", "<=", ">", ">="], "comparator of a result, '=' for a plain number")
    LBSTRESN = number("number of the result in the standard unit; for a censored result, its limit", "LBSTRESU")
    LBSTRESU = text("standard unit")
    LBLLOQ = number("limit of quantification that applies", "LBSTRESU", min=0)
    LBORNRLO = optional_text("lower reference limit as received, of the laboratory for this result")
    LBORNRHI = optional_text("upper reference limit as received")
    LBSTNRLO = number("lower reference limit of the laboratory; missing where not sent or unreadable", "LBSTRESU")
    LBSTNRHI = number("upper reference limit of the laboratory, in the same way", "LBSTRESU")
    LBMETHOD = optional_text("single or dual platform, as the dialect declares; how a count was made from a percentage")
    LBRSTAT = optional_text("status of the result: P preliminary, F final, C corrected")
    LBFATE = one_of(
        [Fate.VALUE, Fate.CENSORED, Fate.NOT_DONE, Fate.SUPERSEDED, Fate.EXCLUDED],
        "what became of the cell; only 'value' and 'censored' are used",
    )
    LBREASND = optional_text("why it is not used, or was not done")
    SRCCOL = text("column of the cell, as headed")

    @rule
    def used_results_have_a_number(cls) -> pl.Expr:
        return ~_is_used() | pl.col("LBSTRESN").is_not_null()

    @rule
    def used_results_are_dated(cls) -> pl.Expr:
        dated = pl.col("LBDT").is_not_null() | pl.col("LBDY").is_not_null()
        return ~_is_used() | dated

    @rule
    def comparator_fits_fate(cls) -> pl.Expr:
        return (pl.col("LBFATE") != Fate.VALUE) | (pl.col("LBCMP") == "=")


def _is_used() -> pl.Expr:
    return pl.col("LBFATE").is_in([fate.value for fate in USED_FATES])


class Queries(dy.Schema):
    QUSEQ = integer("number of the query", nullable=False, primary_key=True)
    QUDOM = text("domain the cell was meant for", primary_key=True)
    SRCFILE = text("source file, relative to the folder of the cut")
    SRCSHEET = optional_text("sheet of a workbook")
    SRCROW = integer("row in the file, on a whole column its first; missing for a query on a whole file")
    SRCCOL = optional_text("column; missing for a query on a whole row")
    USUBJID = optional_text("participant, where known")
    QUVAL = optional_text("value as received")
    QUABOUT = optional_text("record or sample asked about, apart from its place: analyte, day, accession, visit, term")
    QUKIND = text("kind of query, one word per rule, e.g. unit_unknown")
    QUSEV = one_of(Severity, "error: withheld, or whose it is in doubt; warning: used, but look; note: for information")
    QUMSG = text("what is wrong, and what was expected")
    QUHINT = optional_text("what to do, or the likely answer")
    QUNCELL = count("lab result cells that this query withholds from use")


class QueryLog(dy.Schema):
    """Queries of this cut, and those of the earlier cut that are not asked any more (only QUID, kind and severity)."""

    QUID = text("identifier of the query: the same question has the same one at every cut", primary_key=True)
    QUSTAT = one_of(QueryStatus, "against the cut that this one is compared with; open: compared with none")
    QUKIND = text("kind of query")
    QUSEV = one_of(Severity, "error: withheld, or whose it is in doubt; warning: used, but look; note: for information")
    QUDOM = optional_text("domain the cell was meant for; missing for a resolved query, like all that follows")
    LBNAM = optional_text("laboratory, for a query on a lab export")
    SITEID = optional_text("site of the participant; missing where the participant is not known")
    USUBJID = optional_text("participant, where known")
    SRCFILE = optional_text("source file, relative to the folder of the cut")
    SRCSHEET = optional_text("sheet of a workbook")
    SRCROW = integer("row in the file, on a whole column its first; missing for a query on a whole file")
    SRCCOL = optional_text("column; missing for a query on a whole row")
    QUVAL = optional_text("value as received")
    QUPRIV = one_of(Privacy, "what may identify a person, and is not repeated outside this table")
    QUMSG = optional_text("what is wrong, and what was expected")
    QUHINT = optional_text("what to do, or the likely answer")
    QUNCELL = count("lab result cells that this query withholds from use")


class Cells(dy.Schema):
    source_file = text("lab export, relative to the folder of the cut", primary_key=True)
    source_sheet = text("sheet, empty for a text file", primary_key=True)
    lab = text("name of the dialect")
    n_rows = count("data rows")
    n_blank = count("blank result cells")
    n_read = count("result cells that were not blank")
    n_value = count("used as a number")
    n_censored = count("used as a censored number")
    n_not_done = count("not done, with its reason")
    n_superseded = count("replaced by a later or better-ranked result")
    n_excluded = count("left out by a declared rule")
    n_queried = count("withheld by a query")
    n_not_requested = count("of analytes that the study declares it does not use")

    @rule
    def every_cell_has_one_fate(cls) -> pl.Expr:
        fates = ["value", "censored", "not_done", "superseded", "excluded", "queried", "not_requested"]
        return pl.col("n_read") == pl.sum_horizontal([pl.col(f"n_{fate}") for fate in fates])


def _participants(name: str, grain: str, schema: type[dy.Schema]) -> Contract:
    return Contract(name, "harmonised", grain, schema, participant_level=True)


DM = _participants("dm", "One row per screened participant.", Dm)
SC = _participants("sc", "One row per participant and baseline characteristic.", Sc)
DS = _participants("ds", "One row per disposition event.", Ds)
CE = _participants("ce", "One row per clinical event.", Ce)
FA = _participants("fa", "One row per assessment and test.", Fa)
CM = _participants("cm", "One row per medication or cellular intervention.", Cm)
AE = _participants("ae", "One row per adverse event.", Ae)
SAE = _participants("sae", "One row per event of the safety database; none of them is counted.", Sae)
LB = _participants("lb", "One row per identified result cell of a lab export, whatever became of it.", Lb)
_CODED = [
    "USUBJID", "LBTESTCD", "LBNAM", "LBVISIT", "LBORRES", "LBORRESU", "LBCMP", "LBSTRESU", "LBORNRLO", "LBORNRHI",
    "LBMETHOD", "LBRSTAT", "LBFATE", "SRCFILE", "SRCSHEET", "SRCCOL",
]  # fmt: skip
LB_CODED = LB.coded(_CODED)
QUERIES_LAB = Contract("queries_lab", "harmonised", "One row per query on a lab export.", Queries, 2)
QUERIES_CLINICAL = Contract("queries_clinical", "harmonised", "One row per query on a clinical extract.", Queries, 2)
QUERY_LOG = Contract(
    "query_log", "harmonised", "One row per query of this cut, and per query of the earlier cut now resolved.", QueryLog
)
CELLS = Contract("cells", "harmonised", "One row per lab export and sheet: every cell, by what became of it.", Cells)

HARMONISED = [DM, SC, DS, CE, FA, CM, AE, SAE, LB, QUERIES_LAB, QUERIES_CLINICAL, QUERY_LOG, CELLS]
