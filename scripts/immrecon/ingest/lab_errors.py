"""What makes a result cell unusable. Each rule is one kind of query; the first that applies is the one that is said."""

from datetime import date

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, shown
from immrecon.ingest.patterns import named_groups
from immrecon.ingest.values import UNREADABLE

IN_FULL = 100
"""Percentages above this are impossible by definition."""


def place_of(head: str | None, dialect: Dialect) -> pl.Expr:
    """The column that a text stands in: for what is written in the heads themselves, that of the cell."""
    if dialect.visits is not None and head in dialect.visits.groups:
        return pl.col("SRCCOL")
    return pl.lit(head, dtype=pl.String)


def attribution_errors(dialect: Dialect) -> list[Finding]:
    """Cells of which it is not certain whose they are or what they measure."""
    columns = dialect.columns
    who, text = pl.lit(columns.participant), pl.col("IDTEXT")
    likely = pl.format("Perhaps {}. Correct it at the source or in the export.", "ID_LIKELY")
    problem = pl.col("ID_PROBLEM")
    return [
        Finding(
            "row_length",
            pl.col("N_CELLS").is_not_null(),
            pl.format(
                "The row has {} cells, not as many as there are column heads: its cells may have shifted.", "N_CELLS"
            ),
            pl.lit("Look for an unquoted delimiter in a comment or a decimal comma, or a row cut short."),
            column=pl.lit(None, dtype=pl.String),
            value=pl.lit(None, dtype=pl.String),
        ),
        Finding(
            "analyte_unknown",
            pl.col("LBTESTCD").is_null(),
            pl.format('The analyte "{}" is neither mapped nor declared as not requested.', "NAME"),
            pl.lit("Add it to `analytes` or to `not_requested` of the dialect."),
            column=place_of(columns.test, dialect),
            value=pl.col("NAME"),
            scope="column",
        ),
        Finding(
            "participant_missing",
            problem == "blank",
            pl.lit("The row does not say whose sample it is."),
            column=who,
            value=text,
            scope="sample",
        ),
        Finding(
            "participant_malformed",
            problem == "malformed",
            pl.format('"{}" is not a participant number in the declared form.', text),
            likely,
            column=who,
            value=text,
            scope="sample",
        ),
        Finding(
            "participant_foreign",
            problem == "foreign",
            pl.format("{} is a participant, but not one whose samples this laboratory may hold.", text),
            pl.format("The site may be swapped: perhaps {}.", "ID_LIKELY"),
            column=who,
            value=text,
            scope="sample",
        ),
        Finding(
            "participant_unknown",
            problem == "unknown",
            pl.format('"{}" is in the declared form, but no participant has that number.', text),
            likely,
            column=who,
            value=text,
            scope="sample",
        ),
    ]


def result_errors(dialect: Dialect) -> list[Finding]:
    """Cells whose status, name, unit or text does not give a certain number."""
    columns = dialect.columns
    unit, code = pl.col("UNITTEXT"), pl.col("LBTESTCD")
    unit_column = place_of(columns.unit, dialect)
    problem, value = pl.col("UNIT_PROBLEM"), pl.col("VALUE_PROBLEM")
    number, below = pl.col("LBSTRESN"), pl.col("WORD") == "below limit"
    declared = pl.coalesce("DECLARED_UNIT", "LBSTRESU")
    codes = [rule.loinc for rule in dialect.analytes.values() if rule.loinc is not None]
    return [
        Finding(
            "status_unknown",
            (pl.col("STATUSTEXT") != "") & pl.col("STATUS").is_null(),
            pl.format('The result status "{}" is not declared.', "STATUSTEXT"),
            pl.lit("Add it to `statuses` of the dialect."),
            column=place_of(columns.status, dialect),
            value=pl.col("STATUSTEXT"),
        ),
        Finding(
            "status_missing",
            (pl.col("STATUSTEXT") == "") & pl.col("STATUS").is_null(),
            pl.format("Nothing says whether this result of {} is final.", code),
            pl.lit('Ask the laboratory, or say in `statuses` of the dialect what a blank means, e.g. "": F.'),
            column=place_of(columns.status, dialect),
            value=pl.col("STATUSTEXT"),
        ),
        Finding(
            "code_disagrees",
            (pl.col("LOINC") != "")
            & (pl.col("LOINC") != pl.col("DECLARED_LOINC")).fill_null(pl.col("LOINC").is_in(codes)),
            pl.format(
                "The LOINC code {} does not belong to {}, whose code is {}.",
                "LOINC",
                "NAME",
                pl.col("DECLARED_LOINC").fill_null("another"),
            ),
            pl.lit("Name and code contradict each other: ask the laboratory which one holds."),
            column=place_of(columns.loinc, dialect),
            value=pl.col("LOINC"),
        ),
        Finding(
            "unit_missing",
            (problem == "missing") & value.ne_missing(UNREADABLE),
            pl.format("{} has no unit. A number without a unit is not used.", code),
            pl.lit("Ask the laboratory for the unit."),
            column=unit_column,
            value=unit,
        ),
        Finding(
            "unit_unknown",
            problem == "unknown",
            pl.format('The unit "{}" of {} is not known.', unit, code),
            pl.coalesce(pl.format("Did you mean {}?", "UNIT_LIKELY"), pl.lit("Add it to `units` of the dialect.")),
            column=unit_column,
            value=unit,
        ),
        Finding(
            "unit_disagrees",
            problem == "disagrees",
            pl.format('The unit "{}" of {} is not the declared "{}".', unit, code, declared),
            pl.lit("If the laboratory has changed its unit, declare it; the number is not rescaled."),
            column=unit_column,
            value=unit,
        ),
        Finding(
            "value_unreadable",
            value == "unreadable",
            pl.format('"{}" is neither a number as declared nor a declared word.', "RESULT"),
            pl.lit("Declare the word, the separators or the flag, or ask the laboratory for the number."),
        ),
        Finding(
            "value_impossible",
            (value == "negative")
            | ((pl.col("LBCMP") == "<") & (number == 0))
            | ((pl.col("LBSTRESU") == "%") & (number > IN_FULL))
            | ~number.is_finite(),
            pl.format("{} cannot be {}.", code, "RESULT"),
        ),
        Finding(
            "value_too_high",
            number > pl.col("HIGHEST"),
            pl.format(
                "{} = {} {} is above {}, the highest that is possible.",
                code,
                shown(number),
                "LBSTRESU",
                shown("HIGHEST"),
            ),
            pl.lit("A unit may have slipped; the number is not rescaled."),
        ),
        Finding(
            "lloq_undeclared",
            below & pl.col("LBLLOQ").is_null(),
            pl.format('"{}" says below the limit of quantification, but none is declared for {}.', "RESULT", code),
            pl.lit("Declare `lloq` of the analyte."),
        ),
    ]


def date_errors(dialect: Dialect, extract_date: date | None) -> list[Finding]:
    """Cells of which it is not certain when the sample was drawn, or that cannot have been drawn then."""
    text, day, received = pl.col("DATETEXT"), pl.col("LBDT"), pl.col("RECEIVED")
    problem = pl.col("DATE_PROBLEM")
    is_date = dialect.columns.collected.kind == "date"
    style = dialect.columns.collected.dates
    wanted = pl.lit(", ".join(style.formats) if style else "a number")
    both_clocks = pl.col("CLOCK").is_not_null() & pl.col("RECEIVED_CLOCK").is_not_null()
    later = (day > received) | ((day == received) & both_clocks & (pl.col("CLOCK") > pl.col("RECEIVED_CLOCK")))

    def of_date(kind: str, when: pl.Expr, message: pl.Expr, hint: str | None = None) -> Finding:
        return Finding(
            kind, when, message, pl.lit(hint, dtype=pl.String), column=pl.col("DATECOL"), value=text, scope="sample"
        )

    found = [
        of_date("date_missing", text == "", pl.lit("The sample has no collection date.")),
        of_date(
            "date_unreadable",
            problem == "unreadable",
            pl.format('"{}" is not a {} as declared ({}).', text, pl.lit("date" if is_date else "day"), wanted),
        ),
        of_date("date_impossible", problem == "impossible", pl.format('There is no day or time "{}".', text)),
        of_date("date_partial", problem == "partial", pl.format('"{}" does not name a day.', text)),
    ]
    if extract_date is not None:
        message = pl.format("Drawn on {}, after the extract of {}.", day, pl.lit(extract_date))
        found.append(of_date("date_after_extract", day > extract_date, message, "Day and month may be swapped."))
    return [
        *found,
        of_date(
            "date_before_birth",
            day < pl.col("BRTHLO"),
            pl.format("Drawn on {}, before the participant was born.", day),
            "A two-digit year may have been read in the wrong century.",
        ),
        of_date(
            "date_after_receipt",
            later,
            pl.format("Drawn on {}, but received on {}.", day, received),
            "The two may be swapped, or day and month.",
        ),
        of_date(
            "date_contradicts_visit",
            (pl.col("VISITDAY") > 0) & (day_since_transplant() < 0),
            pl.format("Drawn before the transplant of {}, but labelled {}.", "HSCTDT", "VISIT"),
            "The date or the label is wrong.",
        ),
    ]


def labelled_day(dialect: Dialect, frame: pl.DataFrame) -> pl.DataFrame:
    """VISITDAY: the day since transplant that the visit label names (null: none, or no rule)."""
    rule = dialect.checks.visit
    if rule is None:
        return frame.with_columns(VISITDAY=pl.lit(None, dtype=pl.Float64))
    labels = frame["VISIT"].drop_nulls().unique(maintain_order=True)
    written = pl.Series(
        [groups["day"] for groups in named_groups(labels, rule.pattern, ignore_case=True)], dtype=pl.String
    )
    days = written.cast(pl.Float64, strict=False)
    known = days.is_finite().fill_null(value=False)
    named = pl.col("VISIT").replace_strict(
        labels.filter(known), days.filter(known), default=None, return_dtype=pl.Float64
    )
    return frame.with_columns(VISITDAY=named)


def day_since_transplant() -> pl.Expr:
    """Day of collection since transplant; null before the transplant date is known."""
    return pl.coalesce("LBDY", (pl.col("LBDT") - pl.col("HSCTDT")).dt.total_days().cast(pl.Float64))
