"""Cells of clinical extracts become values: by the kind of their variable and the declared map, or a query."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from immrecon.config.extracts import START, TARGETS, Extract, Format, Kind, Source
from immrecon.contracts.harmonised import AE, CE, CM, DM, DS, FA, SAE, SC
from immrecon.ingest.clinical_queries import query
from immrecon.ingest.clinical_source import cell
from immrecon.ingest.dates import parse_dates
from immrecon.vocabulary import DAYS_PER_MONTH, Severity

CONTRACTS = {contract.name.upper(): contract for contract in (DM, SC, DS, CE, FA, CM, AE, SAE)}

_EVENT_FATE = " A death stays, undated; any other event that cannot be dated is withheld."
_MILESTONE_FATE = {
    "ENRLDT": " The date is not used. A month on or before the cut-off, or a transplant, still makes the participant "
    "enrolled, but missing from the accrual.",
    "HSCTDT": " The date is not used. A month on or before the cut-off, or an injection, still makes the participant "
    "transplanted, but no sample and no event can be counted in days since transplant.",
    "TRTSDT": " The date is not used. A month on or before the cut-off still makes the participant injected, but no "
    "event can be counted in days since injection.",
}
"""What a milestone without its date means for the results."""

_DAYS = {"day": 1.0, "month": DAYS_PER_MONTH}


@dataclass(frozen=True)
class Parsed:
    """`frame` has SRCFILE, SRCSHEET, SRCROW, USUBJID, the source cells, and every variable that was filled."""

    frame: pl.DataFrame
    queries: list[pl.DataFrame]


def bounds_of(target: str) -> tuple[str, str]:
    """The variables that a target of kind bounds fills: CESTDTC gives CESTLO and CESTHI."""
    stem = target.removesuffix("DTC")
    return f"{stem}LO", f"{stem}HI"


def latest_of(target: str) -> str:
    """The variable that takes the latest day of a date that should be complete and is not: ENRLDT gives ENRLHI."""
    return f"{target.removesuffix('DT')}HI"


def outputs_of(domain: str, target: str) -> list[str]:
    """Every variable of the contract that a target fills."""
    names = {Kind.BOUNDS: [*bounds_of(target), target], Kind.DAY: [target, latest_of(target)]}.get(
        TARGETS[domain][target], [target]
    )
    return [name for name in names if name in CONTRACTS[domain].schema.column_names()]


def parse(extract: Extract, form: Format, rows: pl.DataFrame, extract_date: date | None) -> Parsed:
    """The variables of one extract. What cannot be read is null and queried."""
    reader = _Reader(extract, form, rows, extract_date)
    columns: list[pl.Series] = []
    for target, source in extract.columns.items():
        columns += reader.read(target, source)
    return Parsed(rows.with_columns(columns), reader.queries)


def received(source: Source) -> pl.Expr:
    """The text as received; null for a constant, which nobody received."""
    return pl.lit(None, dtype=pl.String) if source.column is None else pl.col(cell(source.column))


def mapped(rows: pl.DataFrame, source: Source) -> tuple[pl.Series, pl.Series]:
    """The text after its map, and whether it was missing from the map."""
    nowhere = pl.repeat(False, rows.height, eager=True)
    if source.column is None:
        return pl.repeat(source.constant, rows.height, dtype=pl.String, eager=True), nowhere
    text = rows[cell(source.column)]
    if source.map is None:
        return text, nowhere
    unknown = text.is_not_null() & ~text.is_in(list(source.map))
    return text.replace_strict(source.map, default=None, return_dtype=pl.String), unknown


def read_number(text: pl.Series, decimal: str) -> pl.Series:
    """Numbers with the declared decimal mark, without thousands separators; null for anything else."""
    pattern = rf"^[+-]?\d+(?:\{decimal}\d+)?(?:[eE][+-]?\d{{1,2}})?$"
    plain = text.str.replace(decimal, ".", literal=True).cast(pl.Float64, strict=False)
    return null_where(~text.str.contains(pattern).fill_null(False), plain)


def null_where(condition: pl.Series, values: pl.Series) -> pl.Series:
    """The values, null where the condition holds."""
    return pl.select(pl.when(~condition).then(values).alias(values.name)).to_series()


class _Reader:
    """Reads the targets of one extract, collecting the queries."""

    def __init__(self, extract: Extract, form: Format, rows: pl.DataFrame, extract_date: date | None) -> None:
        self._extract = extract
        self._form = form
        self._rows = rows
        self._extract_date = extract_date
        self.queries: list[pl.DataFrame] = []

    def read(self, target: str, source: Source) -> list[pl.Series]:
        kind = TARGETS[self._extract.domain][target]
        if kind in (Kind.DAY, Kind.BOUNDS):
            return self._dates(target, source, kind)
        text, unknown = mapped(self._rows, source)
        if source.map is not None:
            listed = ", ".join(f'"{name}"' for name in source.map)
            self._ask(
                unknown,
                source,
                "code_unknown",
                f"Not in the map of {target}.{self._row_fate(kind)}",
                f"Listed: {listed}. Correct it at the source, or add it to the map.",
            )
        if kind is Kind.CODE:
            self._ask(text.is_null() & ~unknown, source, "code_missing", f"{target} is blank.{self._row_fate(kind)}")
        if kind in (Kind.TEXT, Kind.CODE):
            return [text.alias(target)]
        return [self._number(target, source, kind, text)]

    def _number(self, target: str, source: Source, kind: Kind, text: pl.Series) -> pl.Series:
        number = read_number(text, self._form.decimal)
        self._ask(
            text.is_not_null() & number.is_null(),
            source,
            "number_unreadable",
            f"Not a number, so {target} is missing.",
            f'Expected digits with "{self._form.decimal}".',
        )
        if kind is Kind.RELATIVE:
            assert source.unit is not None
            if target in START[self._extract.domain]:
                self._ask(text.is_null(), source, "date_missing", f"The day is blank.{self._date_fate(target)}")
            return (number * _DAYS[source.unit]).alias(target)
        column = CONTRACTS[self._extract.domain].schema.columns()[target]
        low, high = getattr(column, "min", None), getattr(column, "max", None)
        outside = _outside(number, low, high)
        expected = f"at least {low}" if high is None else f"{low} to {high}"
        self._ask(outside, source, "number_out_of_range", f"{target} must be {expected}; it is missing.")
        number = null_where(outside, number)
        if kind is Kind.NUMBER:
            return number.alias(target)
        broken = (number != number.floor()).fill_null(False)
        self._ask(broken, source, "number_unreadable", f"{target} must be a whole number; it is missing.")
        return null_where(broken, number).cast(pl.Int64).alias(target)

    def _dates(self, target: str, source: Source, kind: Kind) -> list[pl.Series]:
        text, _ = mapped(self._rows, source)
        parsed = parse_dates(text, self._form.dates)
        lo, hi, problem = parsed["lo"], parsed["hi"], parsed["problem"]
        fate = self._date_fate(target)
        written = ", ".join(self._form.dates.formats)
        self._ask(
            problem.eq("unreadable").fill_null(False),
            source,
            "date_unreadable",
            f"Not a date in a declared format.{fate}",
            f"Declared: {written}.",
        )
        self._ask(problem.eq("impossible").fill_null(False), source, "date_impossible", f"There is no such day.{fate}")
        bad = pl.repeat(False, text.len(), eager=True)
        if self._extract_date is not None:
            bad = (lo > self._extract_date).fill_null(False)
            self._ask(
                bad,
                source,
                "date_after_extract",
                f"Later than {self._extract_date}, the day the data were extracted.{fate}",
            )
        if kind is Kind.DAY:
            partial = (lo != hi).fill_null(False) & ~bad
            self._ask(partial, source, "date_incomplete", f"{target} must be a complete date.{fate}")
            exact, latest = (
                null_where(bad | partial, lo).alias(target),
                null_where(~partial, hi).alias(latest_of(target)),
            )
            return [series for series in (exact, latest) if series.name in outputs_of(self._extract.domain, target)]
        if target in START[self._extract.domain]:
            self._ask(text.is_null(), source, "date_missing", f"The date is blank.{fate}")
        first, last = bounds_of(target)
        return [text.alias(target), null_where(bad, lo).alias(first), null_where(bad, hi).alias(last)]

    def _row_fate(self, kind: Kind) -> str:
        return " The row is withheld." if kind is Kind.CODE else " The value is missing."

    def _date_fate(self, target: str) -> str:
        if self._extract.domain == "DM":
            return _MILESTONE_FATE.get(target, " The date is not used.")
        if target not in START[self._extract.domain]:
            return " The date is not used."
        if self._extract.domain == "CE":
            return _EVENT_FATE
        return " The record stays, undated."

    def _ask(self, where: pl.Series, source: Source, kind: str, message: str, hint: str | None = None) -> None:
        if where.any():
            self.queries.append(
                query(
                    self._rows.filter(where),
                    domain=self._extract.domain,
                    kind=kind,
                    severity=Severity.ERROR,
                    column=source.column,
                    value=received(source),
                    message=message,
                    hint=hint,
                )
            )


def _outside(number: pl.Series, low: float | None, high: float | None) -> pl.Series:
    below = pl.repeat(False, number.len(), eager=True) if low is None else (number < low)
    above = pl.repeat(False, number.len(), eager=True) if high is None else (number > high)
    return (below | above).fill_null(False)


def not_before_birth(extract: Extract, parsed: Parsed, births: pl.DataFrame) -> Parsed:
    """Dates that end before the earliest possible birth are not used. `births` has USUBJID and BRTHLO."""
    frame = parsed.frame.join(births.select("USUBJID", born="BRTHLO"), on="USUBJID", how="left", maintain_order="left")
    queries = list(parsed.queries)
    for target, source in extract.columns.items():
        kind = TARGETS[extract.domain][target]
        if target == "BRTHDTC" or kind not in (Kind.DAY, Kind.BOUNDS):
            continue
        first, last = bounds_of(target) if kind is Kind.BOUNDS else (target, latest_of(target))
        names = [name for name in (last, first) if name in frame.columns]
        early = frame.select((pl.coalesce(names) < pl.col("born")).fill_null(value=False)).to_series()
        if not early.any():
            continue
        fate = _EVENT_FATE if (extract.domain, target) == ("CE", "CESTDTC") else ""
        queries.append(
            query(
                frame.filter(early),
                domain=extract.domain,
                kind="date_before_birth",
                severity=Severity.ERROR,
                column=source.column,
                value=received(source),
                message=pl.format("Before the birth ({} or later). The date is not used.{}", "born", pl.lit(fate)),
                hint="Compare with the date of birth.",
            )
        )
        frame = frame.with_columns(null_where(early, frame[name]) for name in names)
    return Parsed(frame.drop("born"), queries)
