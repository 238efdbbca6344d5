"""`clinical.yaml`: how the columns of clinical extracts become variables of the harmonised domains."""

import re
from collections import Counter
from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Slug, Strict
from immrecon.config.source_format import EXCHANGE_FORMATS, DateStyle, FileName, IdentityRule, Layout

Domain = Literal["DM", "SC", "DS", "CE", "FA", "CM", "AE", "SAE"]


class Kind(StrEnum):
    """How the text of a cell is read; it follows from the target variable, never from the text."""

    TEXT = "text"
    CODE = "code"
    NUMBER = "number"
    INTEGER = "integer"
    DAY = "day"
    BOUNDS = "bounds"
    RELATIVE = "relative"


# SAE is the line listing of a safety database: compared with AE, never counted.
# A code is a text without which the row has no meaning. A target of kind bounds, say CESTDTC, fills the earliest and
# the latest day that the text allows (CESTLO, CESTHI) and, where the contract has it, the text itself.
TARGETS: dict[str, dict[str, Kind]] = {
    "DM": {
        **dict.fromkeys(["SITEID", "GROUP", "DOSELVL", "PROTVER", "SEX"], Kind.TEXT),
        "AGE": Kind.NUMBER,
        "BRTHDTC": Kind.BOUNDS,
        **dict.fromkeys(["SCRNDT", "ENRLDT", "HSCTDT", "TRTSDT"], Kind.DAY),
        **dict.fromkeys(["HSCTDY", "TRTSDY"], Kind.RELATIVE),
    },
    "SC": {},
    "DS": {"DSDECOD": Kind.CODE, "DSTERM": Kind.TEXT, "DSDTC": Kind.BOUNDS, "DSENTDT": Kind.DAY},
    "CE": {
        "CEDECOD": Kind.CODE,
        "CETERM": Kind.TEXT,
        "CETOXGR": Kind.INTEGER,
        "CEADJUD": Kind.TEXT,
        "CESTDTC": Kind.BOUNDS,
        "CEENDTC": Kind.BOUNDS,
        "CESTDY": Kind.RELATIVE,
        "CEENTDT": Kind.DAY,
    },
    "FA": {"FACAT": Kind.CODE, "FADTC": Kind.BOUNDS, "FADY": Kind.RELATIVE, "FAENTDT": Kind.DAY},
    "CM": {
        "CMTRT": Kind.CODE,
        "CMCAT": Kind.CODE,
        "CMSTDTC": Kind.BOUNDS,
        "CMENDTC": Kind.BOUNDS,
        "CMENTDT": Kind.DAY,
    },
    "AE": {
        "AETERM": Kind.CODE,
        **dict.fromkeys(["AEDECOD", "AEBODSYS"], Kind.TEXT),
        "AETOXGR": Kind.INTEGER,
        **dict.fromkeys(["AESER", "AEREL", "AEOUT"], Kind.TEXT),
        "AESTDTC": Kind.BOUNDS,
        "AEENDTC": Kind.BOUNDS,
        "AEENTDT": Kind.DAY,
    },
    "SAE": {
        "SAEDECOD": Kind.CODE,
        "SAETERM": Kind.TEXT,
        "SAETOXGR": Kind.INTEGER,
        "SAEOUT": Kind.TEXT,
        "SAESTDTC": Kind.BOUNDS,
        "SAEENTDT": Kind.DAY,
    },
}

REQUIRED: dict[str, tuple[str, ...]] = {
    "DM": (),
    "SC": (),
    "DS": ("DSDECOD",),
    "CE": ("CEDECOD",),
    "FA": ("FACAT",),
    "CM": ("CMTRT", "CMCAT"),
    "AE": ("AETERM", "AEDECOD", "AEBODSYS"),
    "SAE": ("SAEDECOD",),
}

START: dict[str, tuple[str, ...]] = {
    "DM": (),
    "SC": (),
    "DS": ("DSDTC",),
    "CE": ("CESTDTC", "CESTDY"),
    "FA": ("FADTC", "FADY"),
    "CM": ("CMSTDTC",),
    "AE": ("AESTDTC",),
    "SAE": ("SAESTDTC",),
}
"""The variable that dates a row of the domain: exactly one of them is mapped."""

END: dict[str, str | None] = {**dict.fromkeys(TARGETS), "CE": "CEENDTC", "CM": "CMENDTC", "AE": "AEENDTC"}
"""The variable that ends a row of the domain, where it has one."""

_ROW_TEMPLATE = re.compile(r"[^{}]*\{row(:0\d{1,2}d)?\}[^{}]*")


class Format(Strict):
    """How files are written. Nothing is detected from their content."""

    layout: Layout
    dates: DateStyle
    decimal: Literal[".", ","] = Field(description="decimal mark of numbers")
    blanks: list[str] = Field(description='texts that mean "no value" besides an empty cell, e.g. "NA"')

    @model_validator(mode="after")
    def _is_a_table(self) -> "Format":
        if self.layout.format in EXCHANGE_FORMATS:
            raise ValueError(f"{self.layout.format} is a format of laboratory results; clinical extracts are tables")
        if self.layout.blocks is not None:
            raise ValueError("blocks are read in lab exports only")
        return self


class Participant(Strict):
    """Who a row is about: an identifier in a column, or the number of the row where the file has no identifier."""

    column: str | None = Field(default=None, description="column that holds the identifier")
    identity: IdentityRule | None = Field(default=None, description="how it becomes the identifier of the study")
    row: str | None = Field(
        default=None, description='identifier made from the number of the data row (first: 1), e.g. "BMT-{row:03d}"'
    )

    @model_validator(mode="after")
    def _one_way(self) -> "Participant":
        if (self.column is None) == (self.row is None):
            raise ValueError('give either "column" or "row"')
        if (self.column is None) != (self.identity is None):
            raise ValueError('"identity" goes with "column"')
        if self.row is not None and not _ROW_TEMPLATE.fullmatch(self.row):
            raise ValueError('"row" must hold {row} or {row:03d} once')
        return self


class Source(Strict):
    """Where the value of a variable comes from."""

    column: str | None = Field(default=None, description="source column")
    constant: str | None = Field(default=None, description="the same value for every row")
    map: dict[str, str | None] | None = Field(
        default=None, description="source text to value; null: no value; a text that is not listed is queried"
    )
    unit: Literal["day", "month"] | None = Field(
        default=None, description="of a time since transplant (--DY); a month has 365.25/12 days"
    )

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if (self.column is None) == (self.constant is None):
            raise ValueError('give either "column" or "constant"')
        if self.map is not None and self.column is None:
            raise ValueError('"map" goes with "column"')
        return self


class Result(Strict):
    """One result of a row: a column that becomes a row of FA or SC."""

    test: Code | None = Field(default=None, description="FATESTCD or SCTESTCD of the result")
    test_from: Source | None = Field(default=None, description="or the column that names the test, with its map")
    column: str | None = Field(default=None, description="source column of the result")
    constant: str | None = Field(
        default=None, description="or the same result for every row, e.g. that the visit took place"
    )
    number: Literal["read", "listed", "none"] = Field(
        description="numeric result: read from the text (<137, with a comparator, has none), listed in texts, or none"
    )
    texts: dict[str, float | None] = Field(
        default={}, description="texts with a declared number, or null for none; any other text is read or queried"
    )

    @model_validator(mode="after")
    def _complete(self) -> "Result":
        if (self.test is None) == (self.test_from is None):
            raise ValueError('give either "test" or "test_from"')
        if (self.column is None) == (self.constant is None):
            raise ValueError('give either "column" or "constant"')
        if (self.number == "listed" and not self.texts) or (self.number == "none" and self.texts):
            raise ValueError('"texts" are needed with number: listed, and make no sense with number: none')
        return self


class Extract(Strict):
    """One use of one file: which rows feed which domain, and how. A file may be used several times."""

    file: FileName = Field(description="relative to the folder of the cut")
    sheet: str | None = Field(default=None, description="sheet of a workbook; null for a text file")
    format: str = Field(description='one of "formats"')
    domain: Domain
    roster: bool = Field(
        default=False, description="DM only: the rows of this extract decide who is a participant of the study"
    )
    where: dict[str, list[str]] = Field(
        default={}, description="column to source texts: rows with another text are not used here"
    )
    present: list[str] = Field(default=[], description="rows in which one of these columns is blank are not used here")
    participant: Participant
    distinct: bool = Field(
        default=False, description="DM only: several rows per participant are expected, and must not contradict"
    )
    record_id: str | None = Field(
        default=None, description="column that numbers the records of a participant: a number used twice is queried"
    )
    ended: dict[str, list[str]] = Field(
        default={}, description="column to source texts that say it is over: a missing end date is then queried"
    )
    columns: dict[str, Source] = Field(default={}, description="variable of the domain to its source")
    results: list[Result] = Field(default=[], description="FA and SC: one row of the domain for each result")
    unused: list[str] = Field(
        default=[], description="columns known and not used; a column that no extract of the file names is reported"
    )

    @model_validator(mode="after")
    def _fits_domain(self) -> "Extract":
        targets = TARGETS[self.domain]
        if unknown := sorted(set(self.columns) - set(targets)):
            known = ", ".join(targets) or 'none, only "results"'
            raise ValueError(f"{', '.join(unknown)} cannot be filled in {self.domain}; known: {known}")
        if missing := [name for name in REQUIRED[self.domain] if name not in self.columns]:
            raise ValueError(f"{self.domain} needs {', '.join(missing)}")
        if START[self.domain] and len(set(START[self.domain]) & set(self.columns)) != 1:
            raise ValueError(f"{self.domain} needs {' or '.join(START[self.domain])}, and one only, to date its rows")
        for name, source in self.columns.items():
            if (targets[name] is Kind.RELATIVE) != (source.unit is not None):
                raise ValueError(f'{name}: "unit" is needed for a time since transplant, and only there')
            if source.map is not None and targets[name] in (Kind.DAY, Kind.BOUNDS):
                raise ValueError(f"{name}: a date has no map")
            if source.map is not None and targets[name] is Kind.CODE and None in source.map.values():
                raise ValueError(f'{name}: a row without it has no meaning; leave rows out with "where"')
        return self

    @model_validator(mode="after")
    def _options_fit_domain(self) -> "Extract":
        if (self.roster or self.distinct) and self.domain != "DM":
            raise ValueError('"roster" and "distinct" go with domain DM')
        if self.distinct and self.participant.row is not None:
            raise ValueError('"distinct" needs an identifier in a column')
        if self.ended and END[self.domain] not in self.columns:
            raise ValueError(f'"ended" needs {END[self.domain] or "an end date, which this domain has not"}')
        if bool(self.results) != (self.domain in ("FA", "SC")):
            raise ValueError('"results" are needed in FA and SC, and only there')
        tests = Counter(result.test for result in self.results if result.test is not None)
        if twice := [test for test, n in tests.items() if n > 1]:
            raise ValueError(f"results give {', '.join(twice)} twice")
        return self

    @property
    def tests(self) -> list[str]:
        """Tests that the results of this extract can be of; texts of an unmapped column of tests are not among them."""
        fixed = [result.test for result in self.results]
        read = [name for result in self.results if result.test_from for name in (result.test_from.map or {}).values()]
        constant = [result.test_from.constant for result in self.results if result.test_from]
        return [name for name in (*fixed, *read, *constant) if name is not None]

    @property
    def source_columns(self) -> list[str]:
        """Every column of the file that this extract reads, each once, in order of declaration."""
        named = [self.participant.column, self.record_id, *self.where, *self.present, *self.ended]
        named += [source.column for source in self.columns.values()]
        named += [result.column for result in self.results]
        named += [result.test_from.column for result in self.results if result.test_from is not None]
        return list(dict.fromkeys(name for name in named if name is not None))


class ExtractsFile(Strict):
    """`clinical.yaml`."""

    formats: dict[Slug, Format]
    extracts: list[Extract] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "ExtractsFile":
        formats: dict[tuple[str, str | None], str] = {}
        for number, extract in enumerate(self.extracts):
            where = f"extracts.{number} ({extract.file})"
            if extract.format not in self.formats:
                raise ValueError(f'{where}: the format "{extract.format}" is not declared')
            sheets = self.formats[extract.format].layout.sheets
            if (extract.sheet is None) != (not sheets) or (sheets and extract.sheet not in sheets):
                raise ValueError(f'{where}: "sheet" must be one of the sheets of the format, and null for a text file')
            if formats.setdefault((extract.file, extract.sheet), extract.format) != extract.format:
                raise ValueError(f"{where}: the same file is given two formats")
        if not any(extract.roster for extract in self.extracts):
            raise ValueError("no extract of domain DM has roster: true, so nobody is known to be a participant")
        return self
