"""Records that contradict each other. Nothing is changed or withheld: whoever can settle it is asked."""

import polars as pl

from immrecon.ingest.clinical_queries import query
from immrecon.ingest.deaths import death_in_words, first_death
from immrecon.vocabulary import Severity

START_STEM = {"CE": "CEST", "CM": "CMST", "AE": "AEST", "DS": "DS", "FA": "FA"}
_END = {"CE": "CEEN", "CM": "CMEN", "AE": "AEEN"}
_ORDER = [
    ("SCRNDT", "ENRLDT", "enrolment_before_screening", "Enrolment ({}) is before screening ({})."),
    ("ENRLDT", "HSCTDT", "transplant_before_enrolment", "The transplant ({}) is before enrolment ({})."),
    ("HSCTDT", "TRTSDT", "injection_before_transplant", "The injection ({}) is before the transplant ({})."),
    ("HSCTDY", "TRTSDY", "injection_before_transplant", "The injection (day {}) is before the transplant (day {})."),
]


def contradictions(
    *, dm: pl.DataFrame, ds: pl.DataFrame, ce: pl.DataFrame, fa: pl.DataFrame, cm: pl.DataFrame, ae: pl.DataFrame
) -> list[pl.DataFrame]:
    """Queries of severity warning on rows of the harmonised domains that cannot all be true."""
    records = {"DS": ds, "CE": ce, "FA": fa, "CM": cm, "AE": ae}
    queries = [*_participants(dm, ds), *_deaths(ce, fa), _disagreeing_results(fa)]
    death = first_death(ce)
    for domain, frame in records.items():
        queries.append(_after_death(domain, frame, death))
        queries.append(_dated_after_entry(domain, frame))
        if domain in _END:
            queries.append(_ended_before_start(domain, frame))
    return queries


def _warn(
    rows: pl.DataFrame, domain: str, kind: str, message: str | pl.Expr, hint: str | None, value: pl.Expr | None = None
) -> pl.DataFrame:
    return query(rows, domain=domain, kind=kind, severity=Severity.WARNING, message=message, hint=hint, value=value)


def _participants(dm: pl.DataFrame, ds: pl.DataFrame) -> list[pl.DataFrame]:
    queries = [
        _warn(
            dm.filter(pl.col(later) < pl.col(earlier)),
            "DM",
            kind,
            pl.format(words, later, earlier),
            "Which of the two dates is right?",
        )
        for earlier, later, kind, words in _ORDER
    ]
    queries.append(_age_against_birth(dm))
    failed = ds.filter(pl.col("DSDECOD") == "SCREEN_FAILURE")
    enrolled = failed.join(dm.filter(pl.col("ENRLDT").is_not_null()), on="USUBJID", how="semi")
    queries.append(
        _warn(
            enrolled,
            "DS",
            "screen_failure_enrolled",
            "A screen failure with an enrolment date.",
            "Which of the two is right?",
        )
    )
    return queries


def _age_against_birth(dm: pl.DataFrame) -> pl.DataFrame:
    """The age must be possible on some day from screening to enrolment, for some birth within its bounds."""
    first = pl.min_horizontal("SCRNDT", "ENRLDT")
    last = pl.max_horizontal("SCRNDT", "ENRLDT")
    rows = dm.with_columns(
        youngest=_completed_years(pl.col("BRTHHI"), first), oldest=_completed_years(pl.col("BRTHLO"), last)
    ).filter(~pl.col("AGE").floor().is_between("youngest", "oldest"))
    return _warn(
        rows,
        "DM",
        "age_disagrees_with_birth",
        pl.format("Recorded age {}, but {} to {} years by the date of birth.", "AGE", "youngest", "oldest"),
        "Which of the two is right? The group stays as enrolled.",
    )


def _completed_years(birth: pl.Expr, on: pl.Expr) -> pl.Expr:
    had_birthday = (on.dt.month() > birth.dt.month()) | (
        (on.dt.month() == birth.dt.month()) & (on.dt.day() >= birth.dt.day())
    )
    return on.dt.year() - birth.dt.year() - (~had_birthday).cast(pl.Int32)


def _later_than_death(prefix: str, columns: list[str]) -> pl.Expr:
    """Certainly later: the earliest day the record allows is after the latest day the death allows."""
    later = (pl.col(f"{prefix}LO") > pl.col("death_hi")).fill_null(False)
    if f"{prefix}DY" in columns:
        later |= (pl.col(f"{prefix}DY") > pl.col("death_dy")).fill_null(False)
    return later


def _after_death(domain: str, frame: pl.DataFrame, death: pl.DataFrame) -> pl.DataFrame:
    joined = frame.join(death, on="USUBJID", how="inner", maintain_order="left")
    rows = joined.filter(_later_than_death(START_STEM[domain], joined.columns))
    if domain == "CE":
        rows = rows.filter(pl.col("CEDECOD") != "DEATH")
    if domain == "FA":
        dead = (pl.col("FACAT") == "SURVIVAL") & (pl.col("FASTRESN") == 0).fill_null(False)
        alive = (pl.col("FACAT") == "SURVIVAL") & (pl.col("FASTRESN") == 1).fill_null(False)
        rows = rows.filter(~dead)
        kind = pl.when(alive).then(pl.lit("alive_after_death")).otherwise(pl.lit("record_after_death"))
    else:
        kind = pl.lit("record_after_death")
    asked = _warn(
        rows,
        domain,
        "record_after_death",
        pl.format("Dated after {}.", death_in_words()),
        "Which of the two dates is right?",
    )
    return asked.with_columns(QUKIND=rows.select(kind.alias("QUKIND")).to_series()) if rows.height else asked


def _deaths(ce: pl.DataFrame, fa: pl.DataFrame) -> list[pl.DataFrame]:
    death = first_death(ce)
    deaths = ce.filter(pl.col("CEDECOD") == "DEATH")
    repeated = deaths.filter(pl.col("CESTLO").is_not_null() | pl.col("CESTDY").is_not_null()).join(
        death, on="USUBJID", maintain_order="left"
    )
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(other))
        for name, other in (("CESTLO", "death_lo"), ("CESTHI", "death_hi"), ("CESTDY", "death_dy"))
    )
    disagree = _warn(
        repeated.filter(differs),
        "CE",
        "deaths_disagree",
        pl.format("Another date than {}.", death_in_words()),
        "Which of the two is right?",
    )
    survival = fa.filter((pl.col("FACAT") == "SURVIVAL") & (pl.col("FATESTCD") == "STATUS"))
    last_alive = (
        survival.filter(pl.col("FASTRESN") == 1)
        .group_by("USUBJID")
        .agg(alive=pl.col("FALO").max(), alive_dy=pl.col("FADY").max())
    )
    dead = survival.filter(pl.col("FASTRESN") == 0).join(last_alive, on="USUBJID", how="left", maintain_order="left")
    later = ((pl.col("alive") > pl.col("FAHI")) | (pl.col("alive_dy") > pl.col("FADY"))).fill_null(False)
    unreported = dead.filter(~later).join(deaths, on="USUBJID", how="anti", maintain_order="left")
    followed = pl.coalesce(pl.col("alive").cast(pl.String), pl.format("day {}", pl.col("alive_dy").round(1)))
    return [
        disagree,
        _warn(
            dead.filter(later),
            "FA",
            "alive_after_dead_contact",
            pl.format("Recorded as dead, but alive until {}. No death is counted from this record.", followed),
            "Correct the status, or the date.",
            pl.col("FAORRES"),
        ),
        _warn(
            unreported,
            "FA",
            "death_not_reported",
            "Recorded as dead, but no death is among the events.",
            "Is the record of the death missing?",
            pl.col("FAORRES"),
        ),
    ]


def _disagreeing_results(fa: pl.DataFrame) -> pl.DataFrame:
    """One test on one day with two results. A partial date is no day."""
    day = ["USUBJID", "FACAT", "FATESTCD", "FALO", "FADY"]
    dated = fa.filter((pl.col("FALO") == pl.col("FAHI")).fill_null(False) | pl.col("FADY").is_not_null())
    first = dated.with_columns(kept=pl.col("FAORRES").first().over(day), kept_row=pl.col("SRCROW").first().over(day))
    rows = first.filter(pl.col("FAORRES") != pl.col("kept"))
    return _warn(
        rows,
        "FA",
        "results_disagree",
        pl.format('{} {} of the same day is "{}" in row {}. Both are kept.', "FACAT", "FATESTCD", "kept", "kept_row"),
        "Which of them is right?",
        pl.col("FAORRES"),
    )


def _dated_after_entry(domain: str, frame: pl.DataFrame) -> pl.DataFrame:
    start, entered = f"{START_STEM[domain]}LO", f"{domain}ENTDT"
    return _warn(
        frame.filter(pl.col(start) > pl.col(entered)),
        domain,
        "date_after_entry",
        pl.format("Dated {}, but entered on {}.", start, entered),
        "Which of the two dates is right?",
    )


def _ended_before_start(domain: str, frame: pl.DataFrame) -> pl.DataFrame:
    start, end = f"{START_STEM[domain]}LO", f"{_END[domain]}HI"
    return _warn(
        frame.filter(pl.col(end) < pl.col(start)),
        domain,
        "end_before_start",
        pl.format("Ends on {}, before its start on {}.", end, start),
        "Which of the two dates is right?",
    )
