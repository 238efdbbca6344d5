"""How a received file is laid out, for lab exports and clinical extracts alike. Nothing is inferred at run time."""

import re
import unicodedata
import warnings
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from immrecon.config.base import Strict, control_character

Format = Literal["csv", "xlsx", "xls", "ods", "sas7bdat", "xpt", "dataset_json", "hl7v2", "fhir"]
WORKBOOKS = ("xlsx", "xls", "ods")
DATA_SETS = ("sas7bdat", "xpt", "dataset_json")

MAX_PATTERN_LENGTH = 200
"""Longer regular expressions are refused: nobody can review them."""

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:<[=!]|P[=>]|[^<P])|(?:[*+?]|\{\d*,?\d*\})\+|.", re.DOTALL)
_BACKTRACKING = {
    "look-around": re.compile(r"\(\?<?[=!]"),
    "a backreference": re.compile(r"\(\?P=|\\[1-9]"),
    "a condition": re.compile(r"\(\?\("),
    "an atomic group": re.compile(r"\(\?>"),
    "a comment": re.compile(r"\(\?#"),
    "a possessive repetition": re.compile(r"(?:[*+?]|\{.*\})\+"),
    r"\Z": re.compile(r"\\Z"),
}
"""What needs an engine whose time can grow beyond measure, or is written otherwise in one whose time cannot."""


def _compiles(pattern: str) -> str:
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise ValueError(f"the pattern has {len(pattern)} characters; at most {MAX_PATTERN_LENGTH} are allowed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # a set that engines read differently, as [[a]
            re.compile(pattern)
    except (re.error, FutureWarning) as error:
        raise ValueError(f'"{pattern}" is not a regular expression: {error}') from None
    for token in _TOKEN.findall(pattern):
        for what, form in _BACKTRACKING.items():
            if form.fullmatch(token):
                raise ValueError(
                    f'the pattern "{pattern}" has {what} ("{token}"), which is not supported; expected a pattern that '
                    "can be matched in one pass, without look-around and backreferences. "
                    "Hint: say what may stand there, not what may not"
                )
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression of bounded length. It must match the whole text unless the field says otherwise."""


def _stays_inside(path: str) -> str:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or re.match("[A-Za-z]:", path):
        raise ValueError(
            f'"{path}" names a file outside the folder of the cut; expected a path within it, e.g. "labs/export.csv". '
            "Hint: put or link the file into that folder"
        )
    if "\\" in path or control_character(path) is not None or set(parts) <= {"", "."}:
        raise ValueError(f'{path!r} is no name of a file; expected a path with "/" between folders')
    return path


def _can_be_globbed(path: str) -> str:
    if any("**" in part and part != "**" for part in path.split("/")):
        raise ValueError(f'"{path}": "**" stands for folders and must be alone between slashes, e.g. "**/*.csv"')
    return path


FileName = Annotated[str, AfterValidator(_stays_inside)]
"""A file as received, relative to the folder of the cut."""

FilePattern = Annotated[FileName, AfterValidator(_can_be_globbed)]
"""The name of a file as received, or a glob of several, relative to the folder of the cut."""


def clean_head(text: str) -> str:
    """A column head as compared: one space for any run of white space (line breaks, no-break), composed accents."""
    return " ".join(unicodedata.normalize("NFC", text).split())


Head = Annotated[str, AfterValidator(clean_head), Field(min_length=1)]
"""The head of a column."""


EXCHANGE_FORMATS = frozenset({"hl7v2", "fhir"})
"""Messages and resources, which have no rows and columns until they are read: the reader names the columns."""


class Limits(Strict):
    """What is refused unread. A lab export is small; some files are damaged, or made to exhaust their reader."""

    file_bytes: int = Field(default=200_000_000, gt=0, description="size of the file")
    unpacked_bytes: int = Field(default=200_000_000, gt=0, description="size of a workbook when unpacked")
    unpacked_ratio: int = Field(
        default=200, gt=1, description="unpacked to packed size of a part of a workbook that unpacks to over a megabyte"
    )
    rows: int = Field(default=2_000_000, gt=0, description="last row, of a table or of each sheet")
    columns: int = Field(default=16_384, gt=0, description="last column of the widest row")
    cells: int = Field(default=20_000_000, gt=0, description="cells of a table or of each sheet")
    in_memory_bytes: int = Field(
        default=100_000_000,
        gt=0,
        description="a larger lab export of delimited text (long, wide_by_analyte; without blocks) is read piece by "
        "piece, in memory that does not grow with it; the results are the same",
    )


class Blocks(Strict):
    """One block per participant: a line that names the participant, the heads, and the rows up to the next block."""

    begins: Pattern = Field(
        description="the whole line that begins a block (its non-blank cells, one space between them), with a group "
        "`participant`"
    )
    participant: Head = Field(
        description="the name under which the participant of the block is a column; columns.participant is the same"
    )

    @model_validator(mode="after")
    def _names_the_participant(self) -> "Blocks":
        if "participant" not in re.compile(self.begins).groupindex:
            raise ValueError("the pattern needs a group `participant`")
        return self


class Layout(Strict):
    """The grid of a file, before anything in it is understood."""

    format: Format = Field(
        description="csv: any delimited text; xlsx, xls, ods: a workbook; sas7bdat, xpt (version 5 or 8), dataset_json "
        "(1.1, also as lines): a data set; hl7v2: messages ORU^R01; fhir: R4 Observations, as a Bundle or one resource "
        "per line"
    )
    encoding: str | None = Field(
        default=None,
        description='of delimited text, messages and SAS data sets, e.g. "cp1252", "utf-8", "utf-16"; sas7bdat may '
        "name its own",
    )
    delimiter: str | None = Field(default=None, description="of delimited text: one character", max_length=1)
    quote: str | None = Field(default='"', description="quoting character of delimited text; null: none", max_length=1)
    sheets: list[str] = Field(default=[], description="sheets of a workbook that are read")
    sheets_ignored: list[str] = Field(
        default=[], description="sheets that are known and hold no data (hidden ones too); any other sheet is queried"
    )
    header_rows: list[int] = Field(
        default=[1],
        min_length=1,
        description="rows that hold the column heads, counted from 1; with several, the last is the column and those "
        "above it span several columns. Within a block, its first line is 1. A data set has its column names in row 0, "
        "and observation n in row n",
    )
    header_fill: Literal["merged", "forward"] = Field(
        default="merged",
        description="how a head above several columns is spread: over its merged cells, or until the next head",
    )
    repeated_header: bool = Field(default=False, description="the last header row comes again, e.g. on every page")
    blocks: Blocks | None = Field(default=None, description="one block per participant; null: one table")
    pad_short_rows: bool = Field(
        default=False,
        description="rows with fewer cells than heads lack blank cells at their end; otherwise they are queried",
    )
    ignore_rows: list[Pattern] = Field(
        default=[],
        description="rows whose first non-blank cell matches one of these are no data: page titles, footers, totals",
    )
    limits: Limits = Field(default=Limits(), description="what is refused unread")

    @model_validator(mode="before")
    @classmethod
    def _heads_of_a_data_set(cls, content: object) -> object:
        if isinstance(content, dict) and content.get("format") in DATA_SETS and "header_rows" not in content:
            return {**content, "header_rows": [0]}
        return content

    @model_validator(mode="after")
    def _complete(self) -> "Layout":
        kind = "workbook" if self.format in WORKBOOKS else "data set" if self.format in DATA_SETS else self.format
        if self.format == "csv" and not (self.encoding and self.delimiter):
            raise ValueError("a csv needs its encoding and delimiter")
        if self.format == "xpt" and not self.encoding:
            raise ValueError('an xpt does not say its encoding: declare it ("ascii" where the sender keeps to it)')
        if kind != "workbook" and (self.sheets or self.sheets_ignored):
            raise ValueError(f"a {kind} has no sheets")
        if kind == "workbook" and not self.sheets:
            raise ValueError("a workbook needs the sheets that are read")
        if kind == "workbook" and (self.encoding or self.delimiter):
            raise ValueError("a workbook has no encoding or delimiter")
        if self.format in DATA_SETS and self.delimiter:
            raise ValueError("a data set has no delimiter")
        if self.format == "dataset_json" and self.encoding:
            raise ValueError("Dataset-JSON is always UTF-8: declare no encoding")
        return self

    @model_validator(mode="after")
    def _heads_can_be_found(self) -> "Layout":
        if self.format in DATA_SETS:
            if self.header_rows != [0] or self.repeated_header or self.blocks is not None:
                raise ValueError("the heads of a data set are its column names: declare no header rows and no blocks")
        elif self.header_rows != sorted(set(self.header_rows)) or self.header_rows[0] < 1:
            raise ValueError("header_rows must ascend from 1 or more")
        if self.blocks is not None:
            if self.header_rows[0] < 2:
                raise ValueError("the first line of a block names its participant: header_rows must ascend from 2")
            if self.repeated_header:
                raise ValueError("each block has its own header: repeated_header does not go with blocks")
        return self

    @model_validator(mode="after")
    def _no_table_in_an_exchange_format(self) -> "Layout":
        if self.format not in EXCHANGE_FORMATS:
            return self
        allowed = {"format", "limits", "encoding"} if self.format == "hl7v2" else {"format", "limits"}
        if foreign := sorted(self.model_fields_set - allowed):
            raise ValueError(f"`{foreign[0]}` says nothing about {self.format}, whose columns are fixed")
        if self.format == "hl7v2" and not self.encoding:
            raise ValueError("hl7v2 needs its encoding")
        return self


class DateStyle(Strict):
    """How dates are written in one column. The first format that fits the shape of the text is used."""

    formats: list[str] = Field(
        min_length=1,
        description="of %d %m %Y %y %b %H %M %S %z, e.g. '%d/%m/%Y'; without day or month the date is partial. "
        "Date cells of a workbook read '%Y-%m-%d' ('%Y-%m-%d %H:%M:%S' with a time of day), dates of a SAS data set "
        "'%Y-%m-%d' ('%Y-%m-%dT%H:%M:%S'). 'serial1900' and "
        "'serial1904' are day numbers of a spreadsheet",
    )
    century: int | None = Field(default=None, description="first year that a two-digit year (%y) can mean, e.g. 2000")
    months: dict[str, int] = Field(
        default={}, description="month names for %b, lower case without dot, e.g. {mrt: 3}; empty: English"
    )

    @model_validator(mode="after")
    def _formats_can_be_read(self) -> "DateStyle":
        for written in self.formats:
            if written in {"serial1900", "serial1904"}:
                continue
            codes = re.findall(r"%(.)", written)
            if unknown := sorted(set(codes) - set("dmYybHMSz")):
                raise ValueError(f"format {written!r}: %{unknown[0]} is not known")
            if len(codes) != len(set(codes)) or not {"Y", "y"} & set(codes):
                raise ValueError(f"format {written!r}: needs a year, and each part once")
            if "d" in codes and not {"m", "b"} & set(codes):
                raise ValueError(f"format {written!r}: a day without a month")
            if "y" in codes and self.century is None:
                raise ValueError(f"format {written!r}: a two-digit year needs `century`")
        readings = [re.sub(r"%[db]", "%m", written) for written in self.formats]
        if len(readings) != len(set(readings)):
            raise ValueError("two formats differ only in the order of day and month: such dates are undecidable")
        return self


class IdentityRule(Strict):
    """How a source's participant numbers become study identifiers."""

    pattern: Pattern = Field(description="must match the whole text; its named groups fill the template")
    template: str = Field(description='the study identifier, e.g. "S101-{site}-{number:0>3}"')

    @model_validator(mode="after")
    def _template_uses_groups(self) -> "IdentityRule":
        groups = set(re.compile(self.pattern).groupindex)
        for _, name, spec, conversion in Formatter().parse(self.template):
            if name is not None and (name not in groups or conversion or "{" in (spec or "")):
                raise ValueError(f"the template names {name!r}, which is no group of the pattern")
        return self
