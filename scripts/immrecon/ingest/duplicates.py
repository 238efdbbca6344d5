"""Several results of one analyte: versions of one draw, and several draws of one day. Nothing is averaged."""

import polars as pl

from immrecon.config.dialect import NO_RESULT_STATUSES, Dialect
from immrecon.ingest.findings import Finding, first_error
from immrecon.ingest.lab_results import USED
from immrecon.vocabulary import Fate

RANK = {"W": 5, "D": 4, "C": 3, "F": 2, "X": 2, "P": 1}
"""Corrected before final before preliminary (HL7 table 0085). "Cannot be obtained" weighs as a final result; what the
laboratory deleted stays deleted, unless it is reported again later (`result_after_deletion`), and what was of another
patient is of no use here."""

_WORD = {
    "C": "corrected ",
    "F": "final ",
    "P": "preliminary ",
    "X": "unobtainable ",
    "D": "deleted ",
    "W": "withdrawn ",
}
_VERSION_KEY = {"accession": "ACCESSION", "collected": "DAY", "time": "CLOCK", "visit": "VISIT"}


def version_keys(dialect: Dialect) -> list[str]:
    """What versions of one result of a participant and analyte agree in."""
    return [_VERSION_KEY[name] for name in dialect.duplicates.same_draw]


def day_keys(dialect: Dialect) -> list[str] | None:
    """What results of which one is chosen agree in; None where all stay used."""
    return None if dialect.duplicates.same_day == "keep" else ["DAY"]


def supersede_versions(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Of the versions of one result, the best ranked and then latest reported stays; SUPERSEDED says what replaced each
    other. Equally ranked versions that differ are withheld (`versions_conflict`), and so is a number below a version
    that ranks higher and is blank (`version_blank`), one reported after its deletion (`result_after_deletion`), and one
    of another day than what would replace it, unless that is a correction (`version_other_day`).
    Needs DAY, ORDER, STATUS, REPORTED, REPORTED_CLOCK, BLANK.

    A result whose key is not complete has no other versions. One that is left out by rule replaces what is ranked
    below it all the same: the laboratory has said better, if of no use here.
    """
    keys = ["SERIES", *version_keys(dialect)]
    complete = pl.all_horizontal(pl.col(key).is_not_null() & (pl.col(key).cast(pl.String) != "") for key in keys)
    eligible = complete & pl.col("QUKIND").is_null()
    left_out = pl.col("EXCLUDED").is_not_null()
    rank = pl.col("STATUS").replace_strict(RANK, default=0, return_dtype=pl.Int64)
    issued = pl.col("REPORTED").dt.combine(pl.col("REPORTED_CLOCK").fill_null(pl.time(0, 0)))
    alike = _alike(frame, eligible, keys).with_columns(
        rank.alias("RANK"), issued.alias("ISSUED"), left_out.alias("LEFTOUT")
    )
    versions = _beside_blanks(alike, keys).sort(
        "RANK", "ISSUED", "LEFTOUT", "ORDER", descending=[True, True, False, False], nulls_last=True
    )

    def top(name: str) -> pl.Expr:
        return pl.col(name).first().over(keys)

    # A status that is blank or not declared may outrank any other: then nothing says which version holds.
    unclear = pl.col("STATUS").is_null() & pl.col("STATUSTEXT").is_not_null() & ~left_out
    undecided = unclear.any().over(keys)
    tied = (pl.col("RANK") == top("RANK")) & pl.col("ISSUED").eq_missing(top("ISSUED")) & ~left_out
    # Of two days, or a day and a text that is none, nothing says which is that of the draw.
    same = (
        (pl.col("RESULT").str.strip_chars() == top("RESULT").str.strip_chars())
        & pl.col("UNITTEXT").eq_missing(top("UNITTEXT"))
        & pl.col("DAY").eq_missing(top("DAY"))
    )
    deleted = top("STATUS").is_in(_DELETIONS) & ~pl.col("STATUS").is_in(NO_RESULT_STATUSES)
    again = deleted & _later(top("REPORTED"), top("REPORTED_CLOCK")) & ~left_out & _IS_NUMBER
    versions = versions.with_columns(
        DELETEDROW=pl.when(again.fill_null(value=False)).then(top("SRCROW")),
        DELETION=pl.when(top("STATUS") == "W").then(pl.lit("withdrawn")).otherwise(pl.lit("deleted")),
        DELETED=top("REPORTED"),
        DAYROW=pl.when((pl.col("DAY") != top("DAY")) & ~top("STATUS").is_in(_OF_ANY_DAY).fill_null(value=False)).then(
            top("SRCROW")
        ),
        CONFLICT=undecided | (tied & (tied & ~same).any().over(keys)),
        UNCLEAR=unclear,
        OTHERS=_rows().over(keys),
        SUPERSEDED=pl.when((pl.col("ORDER") != top("ORDER")) & ~left_out).then(
            pl.when(tied & same)
            .then(pl.format("the same result again, as in row {}", top("SRCROW")))
            .otherwise(pl.format("replaced by the {}result in row {}", _status_word(top("STATUS")), top("SRCROW")))
        ),
    )
    added = ["CONFLICT", "UNCLEAR", "OTHERS", "SUPERSEDED", "DAYROW", *_OF_BLANKS, *_OF_DELETIONS]
    frame = frame.join(
        versions.select("ORDER", *added),
        on="ORDER",
        how="left",
        maintain_order="left",
    )
    conflict = pl.col("CONFLICT").fill_null(value=False) & ~left_out
    finding = Finding(
        "versions_conflict",
        conflict & ~pl.col("UNCLEAR"),
        pl.format("Several results of {} for one sample, in {}: nothing says which holds.", "LBTESTCD", "OTHERS"),
        pl.lit("Ask the laboratory which result is valid."),
    )
    other_day = pl.col("DAYROW").is_not_null() & ~left_out & _IS_NUMBER
    asked = conflict | other_day | pl.col("DELETEDROW").is_not_null()
    superseded = pl.when(~asked).then("SUPERSEDED").alias("SUPERSEDED")
    blank = _blank_versions(pl.col("SUPERSEDED").is_null() & ~left_out)
    found = [finding, _reported_again(), _of_another_day(other_day), *blank]
    return first_error(frame.with_columns(superseded), found).drop(name for name in added if name != "SUPERSEDED")


_DELETIONS = ["D", "W"]
_OF_ANY_DAY = ["C", *_DELETIONS]
"""What is corrected may be the day, and what is deleted may have had a wrong one."""
_OF_DELETIONS = ["DELETEDROW", "DELETION", "DELETED"]
_IS_NUMBER = (pl.col("WORD") != "not done").fill_null(value=True)


def _later(day: pl.Expr, clock: pl.Expr) -> pl.Expr:
    """Reported after that day and time; of one day, where both times are known."""
    return (pl.col("REPORTED") > day) | ((pl.col("REPORTED") == day) & (pl.col("REPORTED_CLOCK") > clock))


def _reported_again() -> Finding:
    return Finding(
        "result_after_deletion",
        pl.col("DELETEDROW").is_not_null(),
        pl.format(
            "{} was {} in row {}, reported on {}, but row {} holds a {}result of it that was reported later, on {}.",
            "LBTESTCD",
            "DELETION",
            "DELETEDROW",
            "DELETED",
            "SRCROW",
            _status_word(pl.col("STATUS")),
            "REPORTED",
        ),
        pl.lit("Ask the laboratory whether the result was reported anew or stays deleted."),
    )


def _of_another_day(when: pl.Expr) -> Finding:
    return Finding(
        "version_other_day",
        when,
        pl.format(
            "{} of this sample is in row {} too, drawn on another day: it may be another sample of the same number.",
            "LBTESTCD",
            "DAYROW",
        ),
        pl.lit(
            "Ask the laboratory whether the day was corrected. Where numbers begin anew, name `collected` among "
            "`duplicates.same_draw`."
        ),
    )


_OF_BLANKS = ["BLANKSTATUS", "BLANKROW", "BLANKTEXT", "OPENROW"]


def _beside_blanks(versions: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """The versions that are not blank, with the status and row of a blank one that ranks higher, and with the text and
    row of one that may do so, its status not being declared.
    """
    blank = versions.filter("BLANK").sort("RANK", "ORDER", descending=[True, False])
    is_open = pl.col("STATUS").is_null() & (pl.col("STATUSTEXT") != "").fill_null(value=False)
    of_key = blank.group_by(keys).agg(
        BLANKRANK=pl.col("RANK").first(),
        BLANKSTATUS=pl.col("STATUS").first(),
        BLANKROW=pl.col("SRCROW").first(),
        BLANKTEXT=pl.col("STATUSTEXT").filter(is_open).first(),
        OPENROW=pl.col("SRCROW").filter(is_open).first(),
    )
    higher = pl.col("BLANKRANK") > pl.col("RANK")
    return (
        versions.filter(~pl.col("BLANK"))
        .join(of_key, on=keys, how="left")
        .with_columns(pl.when(higher).then(name).alias(name) for name in ("BLANKSTATUS", "BLANKROW"))
        .drop("BLANKRANK")
    )


def _blank_versions(holds: pl.Expr) -> list[Finding]:
    """A number of a version that holds, but for a blank one."""
    gone = pl.col("STATUS").is_in(NO_RESULT_STATUSES).fill_null(value=False)
    number = holds & ~gone & _IS_NUMBER
    return [
        Finding(
            "version_blank",
            number & pl.col("BLANKROW").is_not_null(),
            pl.format(
                "The {}result of {} in row {} is blank and ranks above this {}one: whether there is one is not said.",
                _status_word(pl.col("BLANKSTATUS")),
                "LBTESTCD",
                "BLANKROW",
                _status_word(pl.col("STATUS")),
            ),
            pl.lit("Ask the laboratory for the number, or for the status of a result that cannot be obtained."),
        ),
        Finding(
            "version_blank",
            number & pl.col("OPENROW").is_not_null(),
            pl.format(
                'Row {} has no result of {} for this sample, and the status "{}", which is not declared: it may rank '
                "above this one.",
                "OPENROW",
                "LBTESTCD",
                "BLANKTEXT",
            ),
            pl.lit("Say in `statuses` of the dialect what it means."),
        ),
    ]


def _alike(frame: pl.DataFrame, among: pl.Expr, keys: list[str]) -> pl.DataFrame:
    """The rows among those named that agree in the keys with another of them."""
    narrow = frame.select("ORDER", among.alias("AMONG"), *keys).filter("AMONG")
    # Few rows agree with others: their digests are compared first, and the keys of the few that are left.
    candidates = narrow.filter(narrow.select(pl.struct(keys).hash()).to_series().is_duplicated())
    found = candidates.filter(pl.len().over(keys) > 1)["ORDER"]
    return frame.filter(pl.col("ORDER").is_in(found.implode()))


def _rows() -> pl.Expr:
    """The rows of results that are asked about together."""
    numbers = pl.col("SRCROW").unique().sort()
    word = pl.when(numbers.len() > 1).then(pl.lit("rows ")).otherwise(pl.lit("row "))
    return word + numbers.cast(pl.String).str.join(", ")


def _status_word(status: pl.Expr) -> pl.Expr:
    return status.replace_strict(_WORD, default="", return_dtype=pl.String)


def choose_of_day(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Of two used results of one day and analyte from different draws, the declared one stays used.

    Where the times of the draws do not decide, or the policy is `query`, all of the day are withheld.
    """
    policy, keys = dialect.duplicates.same_day, day_keys(dialect)
    if keys is None:
        return frame
    day = ["SERIES", *keys]
    several = _alike(frame, USED, day)
    if several.is_empty():
        return frame
    extreme = pl.col("CLOCK").max() if policy == "last" else pl.col("CLOCK").min()
    is_chosen = (pl.col("CLOCK") == extreme.over(day)).fill_null(value=False)
    decided = pl.col("CLOCK").is_not_null().all().over(day) & (is_chosen.sum().over(day) == 1)
    if policy == "query":
        decided = pl.lit(value=False)
    several = several.with_columns(is_chosen.alias("CHOSEN"), decided.alias("DECIDED")).with_columns(
        DAYROWS=_rows().over(day),
        WINNER=pl.col("SRCROW").filter(pl.col("CHOSEN")).first().over(day),
    )
    frame = frame.join(
        several.select("ORDER", "CHOSEN", "DECIDED", "DAYROWS", "WINNER"), on="ORDER", how="left", maintain_order="left"
    )
    when = "later" if policy == "last" else "earlier"
    replaced = (pl.col("DECIDED") & ~pl.col("CHOSEN")).fill_null(value=False)
    finding = Finding(
        "same_day_undecided",
        ~pl.col("DECIDED"),
        pl.format("{} was measured more than once on this day, in {}.", "LBTESTCD", "DAYROWS"),
        pl.lit("Which sample counts?" if policy == "query" else "The times of the draws do not decide which is used."),
    )
    frame = first_error(frame, [finding]).with_columns(
        SUPERSEDED=pl.when(replaced)
        .then(pl.format("another sample of the same day was drawn {}, row {}", pl.lit(when), "WINNER"))
        .otherwise("SUPERSEDED"),
        FATE=pl.when(replaced)
        .then(pl.lit(Fate.SUPERSEDED.value))
        .when(~pl.col("DECIDED").fill_null(value=True))
        .then(pl.lit(Fate.QUERIED.value))
        .otherwise("FATE"),
    )
    return frame.drop("CHOSEN", "DECIDED", "DAYROWS", "WINNER")
