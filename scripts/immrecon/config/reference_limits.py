"""`reference_limits.csv`: what is usual at an age, per analyte and age band, each row with its source."""

import csv
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from immrecon.config.base import MOST_PROBLEMS, Code, Label, Strict
from immrecon.errors import ConfigError

AGE_LOWER_LIMIT = "age lower limit"
"""In place of a number, the lower limit of each sample: its laboratory's own, or that of the participant's age."""

_PERCENTILES = re.compile(r"P(\d{1,2}(?:\.\d+)?)-P(\d{1,2}(?:\.\d+)?)")
_NOT_STATED = "not stated"
_ROUNDING_MONTHS = 0.0601
"""Two decimals of a year: 0.17 years are two months."""
_OPTIONAL = ("age_below_years", "median", "upper", "l", "m", "s")


class ReferenceLimit(Strict):
    """One row of the file: the limits of an analyte between two ages."""

    row: int = Field(ge=1, description="row of the file, the header being row 1")
    analyte: Code
    unit: Label = Field(description="that of the analyte in the study")
    age_from_years: float = Field(ge=0, le=130, description="included")
    age_below_years: float | None = Field(gt=0, le=130, description="excluded; empty: no end")
    lower: float = Field(gt=0, description="lower limit")
    median: float | None = Field(gt=0)
    upper: float | None = Field(gt=0, description="upper limit")
    percentiles: str = Field(description='what the limits are, e.g. "P10-P90"; "not stated" where the source is silent')
    z_score: Literal["lms", "log-normal", "none"] = Field(
        description="lms: from l, m and s; log-normal: the limits are percentiles of a logarithmic normal distribution "
        "(with a median: one on either side of it); none: the source allows none"
    )
    l: float | None = Field(description="power of Box and Cox (Cole 1990)")  # noqa: E741 - the name in the literature
    m: float | None = Field(gt=0, description="median of the LMS method")
    s: float | None = Field(gt=0, description="coefficient of variation of the LMS method")
    source: Label = Field(min_length=1)
    status: Literal["draft", "signed"]
    note: Label = Field(description="how far the numbers were checked; may be empty")

    @property
    def months(self) -> tuple[float, float]:
        """First age of the band, and the age at which it ends, in months."""
        end = float("inf") if self.age_below_years is None else in_months(self.age_below_years)
        return in_months(self.age_from_years), end

    @property
    def age_label(self) -> str:
        """The band in words, e.g. "6 to <12 years"."""
        first, end = self.months
        if end == float("inf"):
            return f"{first / 12:g} years and over"
        if end < 24:
            return f"{first:.3g} to <{end:.3g} months"
        return f"{first / 12:.3g} to <{end / 12:.3g} years"

    @property
    def percentile_limits(self) -> tuple[float, float] | None:
        """The shares of people below the lower and the upper limit; None where the source does not state them."""
        found = _PERCENTILES.fullmatch(self.percentiles)
        return None if found is None else (float(found[1]) / 100, float(found[2]) / 100)

    @model_validator(mode="after")
    def _numbers_fit(self) -> "ReferenceLimit":
        if self.age_below_years is not None and self.age_below_years <= self.age_from_years:
            raise ValueError(
                f'column "age_below_years": {self.age_below_years:g} is not above age_from_years, '
                f"{self.age_from_years:g}; expected a later age"
            )
        ordered = [number for number in (self.lower, self.median, self.upper) if number is not None]
        if sorted(set(ordered)) != ordered:
            raise ValueError(
                f'columns "lower", "median", "upper": {", ".join(f"{x:g}" for x in ordered)} do not ascend; '
                "expected lower below median below upper"
            )
        if self.percentiles != _NOT_STATED:
            share = self.percentile_limits
            if share is None or not 0 < share[0] < share[1]:
                raise ValueError(
                    f'column "percentiles": "{self.percentiles}" is not understood; expected two percentiles as in '
                    f'"P10-P90", or "{_NOT_STATED}"'
                )
        return self

    @model_validator(mode="after")
    def _z_score_can_be_computed(self) -> "ReferenceLimit":
        given = [name for name in ("l", "m", "s") if getattr(self, name) is not None]
        if given and len(given) < 3:
            raise ValueError(f'column "{given[0]}": l, m and s belong together; expected all three or none')
        if self.z_score == "lms" and not given:
            raise ValueError('column "z_score": "lms" needs the columns l, m and s')
        if self.z_score == "log-normal" and (self.percentile_limits is None or self.upper is None):
            raise ValueError('column "z_score": "log-normal" needs an upper limit, and percentiles that are stated')
        share = self.percentile_limits
        if self.z_score == "log-normal" and self.median is not None and share and not share[0] < 0.5 < share[1]:
            raise ValueError(f'column "percentiles": {self.percentiles} does not enclose the median')
        return self


_COLUMNS = tuple(name for name in ReferenceLimit.model_fields if name != "row")


def in_months(years: float) -> float:
    """An age in months. One written in decimals of a year is the whole month it is next to: 0.17 is two months."""
    months = years * 12
    nearest = round(months)
    return float(nearest) if abs(months - nearest) <= _ROUNDING_MONTHS else months


def read_reference_limits(path: Path) -> list[ReferenceLimit]:
    """The rows of the file, by analyte and age.

    Raises ConfigError naming row, column and value: no such file, not UTF-8, a column missing or unknown, a cell that
    does not fit, two bands of an analyte that overlap, a gap between the bands of one source.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file of reference limits.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text ({error}).") from None
    rows = [(number, cells) for number, cells in enumerate(csv.reader(lines), start=1) if any(map(str.strip, cells))]
    rows = [(number, cells) for number, cells in rows if not cells[0].startswith("#")]
    if not rows:
        raise ConfigError(f"{path}: no header. Expected the columns {', '.join(_COLUMNS)}.")
    heads = [head.strip() for head in rows[0][1]]
    if wrong := [*(set(_COLUMNS) - set(heads)), *(set(heads) - set(_COLUMNS))] or len(heads) != len(_COLUMNS):
        named = f'"{sorted(wrong)[0]}"' if isinstance(wrong, list) else "one twice"
        raise ConfigError(
            f"{path}, row {rows[0][0]}: the header has {named} missing, unknown or repeated. "
            f"Hint: the columns are {', '.join(_COLUMNS)}."
        )
    limits: list[ReferenceLimit] = []
    problems: list[str] = []
    for number, cells in rows[1:]:
        if len(cells) != len(heads):
            problems.append(
                f"row {number}: {len(cells)} cells, expected {len(heads)}. Hint: quote a text that holds a comma."
            )
            continue
        row = {head: cell.strip() for head, cell in zip(heads, cells, strict=True)}
        try:
            limits.append(ReferenceLimit.model_validate({"row": number, **_with_blanks(row)}))
        except ValidationError as error:
            problems += [_sentence(number, item) for item in error.errors(include_url=False)]
    ordered = sorted(limits, key=lambda limit: (limit.analyte, limit.age_from_years, limit.row))
    problems = problems or _bands_that_do_not_join(ordered)
    if problems:
        shown = problems[:MOST_PROBLEMS]
        shown += [f"and {len(problems) - len(shown)} more."] if len(problems) > len(shown) else []
        head = f"{path}, " if len(problems) == 1 else f"{path}: {len(problems)} problems.\n  "
        raise ConfigError(head + "\n  ".join(shown))
    return ordered


def _with_blanks(row: dict[str, str]) -> dict[str, str | None]:
    return {name: None if name in _OPTIONAL and text == "" else text for name, text in row.items()}


def _sentence(row: int, item: object) -> str:
    problem: dict[str, object] = dict(item)  # type: ignore[call-overload]
    if problem["type"] == "value_error":
        return f"row {row}, {str(problem['msg']).removeprefix('Value error, ')}."
    column = ".".join(str(part) for part in problem["loc"])  # type: ignore[attr-defined]
    hint = "empty" if problem["input"] == "" else f'"{problem["input"]}"'
    return f'row {row}, column "{column}": {hint} does not fit. {problem["msg"]}.'


def _bands_that_do_not_join(limits: Sequence[ReferenceLimit]) -> list[str]:
    """Overlaps within an analyte (one band must answer for each age), and gaps within an analyte and source."""
    problems = []
    for analyte, group in itertools.groupby(limits, key=lambda limit: limit.analyte):
        bands = list(group)
        for before, after in itertools.pairwise(bands):
            if after.months[0] < before.months[1]:
                problems.append(
                    f'row {after.row}, column "age_from_years": {after.age_from_years:g} lies within the band '
                    f"{before.age_label} of {analyte} in row {before.row}; expected one band, and one source, for each "
                    "age. Hint: remove or shorten one of the two."
                )
        for source in dict.fromkeys(band.source for band in bands):
            own = [band for band in bands if band.source == source]
            problems += [
                f'row {after.row}, column "age_from_years": {after.age_from_years:g} leaves a gap after the band '
                f"{before.age_label} of {analyte} in row {before.row}, of the same source; expected "
                f"{before.months[1] / 12:g}."
                for before, after in itertools.pairwise(own)
                if after.months[0] > before.months[1]
            ]
    return problems


def check_reference_limits(
    limits: Sequence[ReferenceLimit], units: dict[str, str], groups: Sequence[tuple[str, float | None]]
) -> None:
    """`units`: of the study's analytes; `groups`: code and lowest age in years.

    Raises ValueError: an analyte or unit that the study does not have, or a group too old for the bands of an analyte.
    """
    for limit in limits:
        if limit.analyte not in units:
            raise ValueError(
                f'row {limit.row}, column "analyte": "{limit.analyte}" is not an analyte of the study. '
                f"Declared: {', '.join(units)}"
            )
        if limit.unit != units[limit.analyte]:
            raise ValueError(
                f'row {limit.row}, column "unit": "{limit.unit}" is not the unit of {limit.analyte} in the study, '
                f'"{units[limit.analyte]}". Hint: convert the numbers of the row'
            )
    for analyte, band in itertools.groupby(limits, key=lambda limit: limit.analyte):
        last = list(band)[-1]
        for code, youngest in groups:
            if youngest is not None and in_months(youngest) >= last.months[1]:
                raise ValueError(
                    f'row {last.row}, column "age_below_years": the bands of {analyte} end at '
                    f'{last.age_below_years:g} years, where the group "{code}" begins at {youngest:g}. '
                    "Hint: add a band for those ages, e.g. one of adults without an end"
                )
