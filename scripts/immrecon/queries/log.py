"""The log of queries: an identifier that outlives the cut, the site, and what is new, still open or resolved."""

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from immrecon.config.queries import QueriesSpec
from immrecon.contracts.harmonised import QUERIES_LAB, QUERY_LOG
from immrecon.contracts.io import validate
from immrecon.errors import SourceError
from immrecon.queries.rules import OF_A_COLUMN, rule_of
from immrecon.vocabulary import FILE_NOT_USED, FILES, Privacy, QueryStatus, Severity

SCHEME = "1"
"""Of the identifiers. It changes with what identifies a query, so that lists of two schemes are never compared."""

ID_COLUMNS = ("id", "kind", "severity", "study", "data_cut", "scheme")

_SEPARATOR = "\x1f"
_PLACE = ["SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL", "QUMSG", "QUSEQ"]


def query_log(
    queries: Sequence[pl.DataFrame],
    cells: pl.DataFrame,
    dm: pl.DataFrame,
    previous: Sequence[str],
    spec: QueriesSpec,
    unused_files: Sequence[str],
) -> pl.DataFrame:
    """QUERY_LOG of the queries of this cut. `previous`: the list of identifiers of the cut it is compared with, if any;
    `unused_files`: those in the folder of the cut that the configuration names nowhere, each of which is a query.

    Raises SourceError: that list cannot be read, or is of another study, cut or scheme.
    """
    asked = _with_ids(_described(pl.concat([*queries, _unused(unused_files)]), cells, dm, spec))
    if not previous:
        return _complete(asked.with_columns(QUSTAT=pl.lit(QueryStatus.OPEN.value)))
    before = read_ids(previous[0], spec)
    known = pl.col("QUID").is_in(before["id"].to_list())
    status = pl.when(known).then(pl.lit(QueryStatus.STILL_OPEN.value)).otherwise(pl.lit(QueryStatus.NEW.value))
    gone = before.filter(~pl.col("id").is_in(asked["QUID"].to_list()))
    resolved = gone.select(
        QUID="id",
        QUKIND="kind",
        QUSEV="severity",
        QUSTAT=pl.lit(QueryStatus.RESOLVED.value),
        QUPRIV=pl.lit(Privacy.NO.value),
        QUNCELL=pl.lit(0, dtype=pl.Int64),
    )
    return _complete(pl.concat([asked.with_columns(QUSTAT=status), resolved], how="diagonal"))


def _unused(files: Sequence[str]) -> pl.DataFrame:
    columns = QUERIES_LAB.schema.columns()
    rows = [
        dict.fromkeys(columns)
        | {
            "QUSEQ": number,
            "QUDOM": FILES,
            "SRCFILE": file,
            "QUKIND": FILE_NOT_USED,
            "QUSEV": Severity.WARNING.value,
            "QUMSG": "In the folder of the cut, but named by no dialect and no extract: nothing of it is used.",
            "QUHINT": "Name it in a dialect or an extract, or in unused_files_expected.",
            "QUNCELL": 0,
        }
        for number, file in enumerate(sorted(files), start=1)
    ]
    return pl.DataFrame(rows, schema={name: column.dtype for name, column in columns.items()})


def _complete(log: pl.DataFrame) -> pl.DataFrame:
    columns = QUERY_LOG.schema.columns()
    absent = [pl.lit(None, dtype=column.dtype).alias(name) for name, column in columns.items() if name not in log]
    return validate(QUERY_LOG, log.with_columns(absent).select(list(columns)))


def _described(queries: pl.DataFrame, cells: pl.DataFrame, dm: pl.DataFrame, spec: QueriesSpec) -> pl.DataFrame:
    """LBNAM, SITEID and QUPRIV of every query. An undeclared sheet belongs to the laboratory of its file."""
    of_sheet = cells.select(SRCFILE="source_file", SHEET="source_sheet", OF_SHEET="lab")
    of_file = cells.sort("source_file", "lab").unique("source_file", keep="first", maintain_order=True)
    kinds = queries.select("QUKIND", "QUSEV").unique(maintain_order=True).rows()
    by_kind = pl.DataFrame(
        [(kind, severity, rule_of(kind, severity).private.value) for kind, severity in kinds],
        schema=dict.fromkeys(["QUKIND", "QUSEV", "OF_KIND"], pl.String),
        orient="row",
    )
    private_cells = pl.DataFrame(
        [(item.source, item.column, True) for item in spec.private_columns],
        schema={"SOURCE": pl.String, "SRCCOL": pl.String, "PRIVATE": pl.Boolean},
        orient="row",
    ).unique(maintain_order=True)
    placed = (
        queries.with_columns(SHEET=pl.col("SRCSHEET").fill_null(""))
        .join(of_sheet, on=["SRCFILE", "SHEET"], how="left", maintain_order="left")
        .join(of_file.select(SRCFILE="source_file", OF_FILE="lab"), on="SRCFILE", how="left", maintain_order="left")
        .join(dm.select("USUBJID", "SITEID"), on="USUBJID", how="left", maintain_order="left")
        .with_columns(LBNAM=pl.when(pl.col("QUDOM") == "LB").then(pl.coalesce("OF_SHEET", "OF_FILE")))
        .with_columns(SOURCE=pl.coalesce("LBNAM", "SRCFILE"))
        .join(by_kind, on=["QUKIND", "QUSEV"], how="left", maintain_order="left")
        .join(private_cells, on=["SOURCE", "SRCCOL"], how="left", maintain_order="left")
    )
    return placed.with_columns(QUPRIV=pl.when("PRIVATE").then(pl.lit(Privacy.ALL.value)).otherwise("OF_KIND"))


def _with_ids(queries: pl.DataFrame) -> pl.DataFrame:
    """QUID: a digest of what is asked about what, whatever the row, the file name or the other queries of the cut.

    Equal questions are numbered in the order of their places. Two questions with one digest both get a longer one.
    """
    whole_file = pl.col("SRCROW").is_null() | pl.col("QUKIND").is_in(OF_A_COLUMN)
    source = pl.coalesce("LBNAM", pl.when(whole_file).then("SRCFILE"))
    # The digest goes into a list without participants: of what may identify one it holds too little to tell it.
    private, nobody = pl.col("QUPRIV") == Privacy.ALL.value, pl.col("USUBJID").is_null()
    text = pl.col("QUVAL").str.strip_chars()
    hint = text.map_elements(lambda value: _digest(value, 3), return_dtype=pl.String)
    value = pl.when(~private).then(text).when(nobody).then(hint)
    sheet = pl.when(whole_file).then("SRCSHEET")
    parts = [pl.col("QUDOM"), source, sheet, pl.col("QUKIND"), pl.col("USUBJID"), pl.col("SRCCOL"), pl.col("QUABOUT")]
    key = pl.concat_str([part.fill_null("") for part in [*parts, value]], separator=_SEPARATOR)
    keyed = queries.with_columns(KEY=key).sort("QUDOM", *_PLACE, maintain_order=True)
    keyed = keyed.with_columns(KEY=pl.concat_str("KEY", pl.int_range(pl.len()).over("KEY"), separator=_SEPARATOR))

    def identifier(length: int) -> pl.Expr:
        return pl.col("KEY").map_elements(lambda key: _digest(key, length), return_dtype=pl.String)

    short = keyed.with_columns(QUID=identifier(10))
    return short.with_columns(QUID=pl.when(pl.col("QUID").is_duplicated()).then(identifier(40)).otherwise("QUID"))


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def ids_csv(log: pl.DataFrame, spec: QueriesSpec) -> str:
    """The identifiers of this cut as a later one is compared with them: no participant, no place, no value."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(ID_COLUMNS)
    asked = log.filter(pl.col("QUSTAT") != QueryStatus.RESOLVED.value).sort("QUID")
    writer.writerows(
        (*row, spec.study, spec.data_cut, SCHEME) for row in asked.select("QUID", "QUKIND", "QUSEV").iter_rows()
    )
    return stream.getvalue()


def read_ids(path: str, spec: QueriesSpec) -> pl.DataFrame:
    """The list that `ids_csv` wrote at the cut that this one is compared with.

    Raises SourceError: not such a list, or one of another study, cut or scheme of identifiers.
    """
    hint = f"Hint: run the cut {spec.compared_with} with this version and take its queries/ids.csv."
    try:
        rows = list(csv.reader(io.StringIO(Path(path).read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path}: the list of earlier queries cannot be read ({error}). {hint}") from None
    if not rows or tuple(rows[0]) != ID_COLUMNS or any(len(row) != len(ID_COLUMNS) for row in rows[1:]):
        raise SourceError(f"{path}: not a list of queries with the columns {', '.join(ID_COLUMNS)}. {hint}")
    before = pl.DataFrame(rows[1:], schema=dict.fromkeys(ID_COLUMNS, pl.String), orient="row")
    wanted = {"study": spec.study, "data_cut": spec.compared_with, "scheme": SCHEME}
    for column, value in wanted.items():
        if other := sorted(set(before[column]) - {value}):
            raise SourceError(f'{path}: its {column} is "{other[0]}", expected "{value}". {hint}')
    if before["id"].is_duplicated().any() or not set(before["severity"]) <= set(Severity):
        raise SourceError(f"{path}: an identifier twice, or a severity that there is not. {hint}")
    return before
