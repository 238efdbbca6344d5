"""The rules of `lab_judge` for coded cells: what can be said of a reading or of a sample is said once.

Most cells are of a sample and a reading about which nothing is asked, and have no second result beside them: what
becomes of them follows from their reading. The others are judged as `lab_judge.judge` does it. It comes out the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.config.study import Analyte
from immrecon.contracts.harmonised import LB_CODED
from immrecon.ingest.dual_platform import has_percentages_of_counts
from immrecon.ingest.duplicates import day_keys, version_keys
from immrecon.ingest.findings import Finding, columns_said
from immrecon.ingest.lab import columns_of_lb, fates, fates_of, lb_columns
from immrecon.ingest.lab_blanks import BLANK
from immrecon.ingest.lab_checks import sample_findings, slips, withhold_slips
from immrecon.ingest.lab_coded import ORDER, Coded, Places, side_by_side
from immrecon.ingest.lab_errors import attribution_errors, date_errors, labelled_day, result_errors
from immrecon.ingest.lab_judge import judge, judge_without_neighbours, with_fate, with_zeros
from immrecon.ingest.lab_neighbours import rises, with_leaps, without
from immrecon.ingest.lab_notes import note_findings
from immrecon.ingest.lab_order import order_of
from immrecon.ingest.lab_parse import parse_around, parse_readings, with_series
from immrecon.ingest.lab_results import (
    ASIDE,
    CODED_NUMBERS,
    EXCLUDED_COLUMNS,
    USED,
    Results,
    first_by_accession,
    with_digest,
)
from immrecon.ingest.readers.grid import ROW
from immrecon.vocabulary import USED_FATES, Fate

Flags = npt.NDArray[np.bool_]
_FATES = [*(fate.value for fate in Fate), BLANK]
_IS_USED = np.array([fate in USED_FATES for fate in _FATES])
_CODED = {name: dtype for name, dtype in LB_CODED.dtypes.items() if dtype == pl.Categorical}
_QUERIED, _BLANK = (_FATES.index(fate) for fate in (Fate.QUERIED.value, BLANK))


@dataclass(frozen=True)
class Judged:
    """Results of one laboratory and its columns of LB (but LBSEQ), and the number of cells by file and fate; `ordered`:
    whether they are in the order of LB, and of the types of LB_CODED.
    """

    results: Results
    lb: pl.DataFrame
    fates: pl.DataFrame
    ordered: bool


def judge_coded(
    found: Coded,
    dialect: Dialect,
    dm: pl.DataFrame,
    analytes: Sequence[Analyte],
    extract_date: date | None,
    cutoff_date: date | None,
) -> Judged:
    """As `lab_judge.judge`, with the columns of LB."""
    around = labelled_day(dialect, parse_around(found.around, dialect, dm))
    readings = parse_readings(found.readings, dialect, analytes)
    parsed = Coded(found.cells, around, readings)
    if has_percentages_of_counts(dialect):
        judged = judge(with_series(parsed.whole(), len(analytes)), dialect, extract_date, cutoff_date)
        return Judged(Results.of(judged), lb_columns(judged, dialect), fates(judged), ordered=False)
    return _Judging(parsed, dialect, len(analytes), extract_date, cutoff_date).judged()


class _Judging:
    """Cells of participants of one laboratory, parsed."""

    def __init__(
        self, parsed: Coded, dialect: Dialect, n_analytes: int, extract: date | None, cutoff: date | None
    ) -> None:
        self._parsed, self._dialect, self._n_analytes = parsed, dialect, n_analytes
        self._extract, self._cutoff = extract, cutoff
        self._run, self._reading = (parsed.cells[name].cast(pl.Int64).to_numpy() for name in ("RUN", "READING"))
        self._readings = _unasked(parsed.readings, dialect)
        self._fate = _codes(self._readings["FATE"])[self._reading]

    def judged(self) -> Judged:
        closely = np.flatnonzero(self._closely())
        asked = judge_without_neighbours(self._whole(self._parsed.readings, closely), self._dialect, self._extract)
        self._fate[closely] = _codes(asked["FATE"])
        used = self._used()
        slipped = slips(used, self._dialect.checks.slip, self._cutoff)
        withheld = withhold_slips(self._of(slipped["ORDER"], None), slipped)
        self._fate[self._at(withheld["ORDER"])] = _QUERIED
        queried = [asked.filter(pl.col("FATE") == Fate.QUERIED.value), withheld]
        results = Results(
            used if withheld.is_empty() else without(used, withheld[ORDER]),
            pl.concat(queried, how="diagonal").sort(ORDER),
            self._notable(),
            self._of,
            self._first_of_accessions,
            self._excluded(),
        )
        reasons = asked.select(REASON=pl.coalesce("EXCLUDED", "SUPERSEDED", "WORD_REASON"))["REASON"]
        return Judged(results, self._lb(closely, reasons), self._fates(), ordered=True)

    def _whole(self, readings: pl.DataFrame, at: Places) -> pl.DataFrame:
        """The whole rows of the cells at these places."""
        some = self._parsed.cells[at]
        return with_series(side_by_side(some, self._parsed.around, readings), self._n_analytes)

    def _at(self, orders: pl.Series) -> Places:
        return np.sort(np.asarray(self._parsed.cells[ORDER].search_sorted(orders).to_numpy(), dtype=np.int64))

    def _of(self, orders: pl.Series, columns: Sequence[str] | None) -> pl.DataFrame:
        """As `Results.whole`."""
        return self._judged(self._at(orders), columns)

    def _excluded(self) -> pl.DataFrame:
        """As `Results.excluded`."""
        left_out = self._readings["EXCLUDED"].is_not_null().to_numpy()
        return self._judged(np.flatnonzero(left_out[self._reading]), EXCLUDED_COLUMNS)

    def _first_of_accessions(self, among: pl.Series | None) -> pl.Series:
        """As `Results.first_of_accessions`."""
        kept = np.flatnonzero(~np.isin(self._fate, [_FATES.index(fate) for fate in ASIDE]))
        around = self._parsed.around
        first = np.full(around.height, -1)
        first[self._run[kept][::-1]] = kept[::-1]
        samples = around.select("USUBJID", "ACCESSION").with_columns(FIRST=pl.Series(first))
        at = first_by_accession(samples.filter(pl.col("FIRST") >= 0), among)
        return self._parsed.cells[ORDER].gather(at)

    def _judged(self, at: Places, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The cells at these places, whole or in some columns."""
        fate = pl.Series("FATE", _FATES).gather(self._fate[at])
        if columns is None:
            return self._whole(self._readings, at).with_columns(fate)
        some = self._parsed.cells[at]
        around, readings = (
            frame.select(name for name in columns if name in frame.columns)
            for frame in (self._parsed.around, self._readings)
        )
        return side_by_side(some, around, readings).with_columns(fate).select(columns)

    def _used(self) -> pl.DataFrame:
        """`Results.numbers`."""
        at = np.flatnonzero(_IS_USED[self._fate])
        around, readings, cells = self._parsed.around, self._readings, self._parsed.cells
        own = around.select("SAMPLEID", "DAY", "CLOCK", "LBDT", "PERSON")
        texts = [readings[name].cast(pl.Enum(readings[name].unique().drop_nulls().sort())) for name in CODED_NUMBERS]
        measured = readings.select("LBSTRESN", "DIGEST", "PLACE").with_columns(texts)
        both = side_by_side(cells[at], own, measured)
        used = with_series(both, self._n_analytes).drop("PERSON", "PLACE")
        return with_leaps(used, in_time=self._drawn_in_order(at))

    def _drawn_in_order(self, at: Places) -> bool:
        """Whether these cells come in order of time, as far as they are of one participant."""
        run = self._run[at]
        if np.any(run[1:] < run[:-1]):
            return False
        runs = self._parsed.around.select("DAY", "CLOCK", SERIES=pl.col("PERSON").fill_null(0)).with_row_index(ORDER)
        has_cell = np.zeros(runs.height, dtype=np.bool_)
        has_cell[run] = True
        runs = runs.filter(pl.Series(has_cell))
        return rises(runs[order_of([runs["SERIES"].to_numpy()])])

    def _closely(self) -> Flags:
        """Cells that are not simply what their reading says."""
        dialect, readings = self._dialect, self._readings
        errors = [*attribution_errors(dialect), *result_errors(dialect), *date_errors(dialect, self._extract)]
        told = readings.select(pl.col("EXCLUDED").is_not_null() | ~USED).to_series().to_numpy()
        of_reading, of_run = self._may_apply(errors, self._parsed.readings, self._parsed.around)
        found = self._in_cells(of_reading | told, of_run)
        found &= ~readings["BLANK"].to_numpy()[self._reading]  # nothing is asked about what is blank alone
        for keys in (version_keys(dialect), day_keys(dialect)):
            if keys is not None:
                found |= self._several(keys)
        return found

    def _notable(self) -> pl.DataFrame:
        """Used results about which something may be said, in the columns that it is said of."""
        findings = [*(finding for finding, _ in note_findings(self._dialect)), *sample_findings(self._dialect)]
        of_reading = np.zeros(self._readings.height, dtype=np.bool_)
        of_run = np.zeros(self._parsed.around.height, dtype=np.bool_)
        for fate in USED_FATES:
            as_if = pl.lit(fate.value).alias("FATE")
            flags = self._may_apply(
                findings, self._readings.with_columns(as_if), self._parsed.around.with_columns(as_if)
            )
            of_reading, of_run = of_reading | flags[0], of_run | flags[1]
        return self._judged(np.flatnonzero(self._in_cells(of_reading, of_run)), sorted(columns_said(findings)))

    def _in_cells(self, of_reading: Flags, of_run: Flags) -> Flags:
        """Whether either is true of a cell."""
        found: Flags = of_reading[self._reading] if of_reading.any() else np.zeros(self._fate.size, dtype=np.bool_)
        return found | of_run[self._run] if of_run.any() else found

    def _may_apply(
        self, findings: Sequence[Finding], readings: pl.DataFrame, around: pl.DataFrame
    ) -> tuple[Flags, Flags]:
        """Readings, and runs, that do not rule out all of the findings."""
        flags = []
        left = list(findings)
        for frame in (readings, around):
            own = [finding.when for finding in left if set(finding.when.meta.root_names()) <= set(frame.columns)]
            left = [finding for finding in left if not set(finding.when.meta.root_names()) <= set(frame.columns)]
            applies = pl.any_horizontal([pl.lit(value=False), *(when.fill_null(value=False) for when in own)])
            flags.append(frame.select(pl.repeat(False, pl.len()) | applies).to_series().to_numpy())
        if left:  # only the whole cell can tell
            flags[0] = np.ones(readings.height, dtype=np.bool_)
        return flags[0], flags[1]

    def _several(self, keys: Sequence[str]) -> Flags:
        """Cells of one analyte that agree in what stands around them, as far as the keys go."""
        # Two different samples may have one digest: then their cells are judged at length for nothing.
        digests = self._parsed.around.select(pl.struct("PERSON", *keys).hash()).to_series()
        again = digests.is_duplicated().to_numpy()
        alike = np.arange(again.size)
        alike[again] = again.size + np.unique(digests.to_numpy()[again], return_inverse=True)[1]
        of_analyte = self._readings["PLACE"].fill_null(self._n_analytes).to_numpy()
        place = (alike * (self._n_analytes + 1))[self._run] + of_analyte[self._reading]
        return np.asarray(np.bincount(place)[place] > 1)

    def _fates(self) -> pl.DataFrame:
        """Result cells by file, sheet and fate, as `lab.fates`."""
        n = np.bincount(self._reading * len(_FATES) + self._fate, minlength=self._readings.height * len(_FATES))
        counts = pl.DataFrame(n.reshape(-1, len(_FATES)), schema=_FATES, orient="row")
        return fates_of(pl.concat([self._readings.select("SRCFILE", "SRCSHEET"), counts], how="horizontal"))

    def _lb(self, closely: Places, reasons: pl.Series) -> pl.DataFrame:
        """The columns of LB_CODED in the order of LB: texts are made where they are few."""
        around, readings = self._parsed.around, self._readings.drop("FATE", "SUPERSEDED")
        identified = around["USUBJID"].is_not_null().to_numpy()[self._run]
        of_study = readings["LBTESTCD"].is_not_null().to_numpy()[self._reading]
        kept = np.flatnonzero((self._fate != _QUERIED) & (self._fate != _BLANK) & identified & of_study)
        kept = kept[self._order(kept)]
        run, reading = self._run[kept], self._reading[kept]
        place = np.full(self._fate.size, -1)
        place[closely] = np.arange(closely.size)
        reason = pl.Series(place[kept])
        own = self._parsed.cells.select(pl.col(ROW).gather(kept)).with_columns(
            FATE=pl.Series(_FATES, dtype=_CODED["LBFATE"]).gather(self._fate[kept]),
            LBREASND=reasons.gather(pl.select(pl.when(reason >= 0).then(reason)).to_series()),
        )
        columns = {column.meta.output_name(): column for column in columns_of_lb(self._dialect)}
        parts, constant = [own.select("LBREASND")], []
        for frame, at in ((around, run), (readings, reading), (own, None)):
            here = [column for column in columns.values() if set(column.meta.root_names()) <= set(frame.columns)]
            made = frame.select(here)
            made = made.cast({name: _CODED[name] for name in made.columns if name in _CODED})
            alike = [column.name for column in made if column.eq_missing(column.first()).all()]
            constant += [pl.lit(made[name].first(), dtype=made.schema[name]).alias(name) for name in alike]
            varying = made.drop(alike)
            parts.append(varying if at is None else varying[at])
            columns = {name: column for name, column in columns.items() if name not in made.columns}
        made = pl.concat(parts, how="horizontal").with_columns(constant)
        return made.select(column.meta.output_name() for column in columns_of_lb(self._dialect))

    def _order(self, kept: Places) -> Places:
        """The places of the kept cells in the order of LB."""
        cells, run, reading = self._parsed.cells, self._run[kept], self._reading[kept]
        keys = [
            _ranks(self._parsed.around.select("PERSON", "LBDT", "LBDY"))[run],
            _ranks(self._readings.select("LBTESTCD", "SRCFILE", "SRCSHEET"))[reading],
        ]
        if self._readings["SRCCOL"].n_unique() > 1 or not cells[ROW].is_sorted():
            keys += [cells[ROW].to_numpy()[kept], _ranks(self._readings.select("SRCCOL"))[reading]]
        return order_of(keys)


def _unasked(readings: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """The readings with what becomes of them where nothing is asked."""
    none = pl.lit(None, dtype=pl.String)
    frame = with_zeros(readings).with_columns(QUKIND=none, SUPERSEDED=none)
    return with_digest(with_fate(frame, dialect)).drop("QUKIND")


def _codes(fate: pl.Series) -> npt.NDArray[np.int64]:
    return fate.cast(pl.Enum(_FATES)).to_physical().cast(pl.Int64).to_numpy().copy()


def _ranks(frame: pl.DataFrame) -> Places:
    """The place of each row among the distinct rows in order, null last."""
    ordered = frame.with_row_index("AT").sort(frame.columns, nulls_last=True)
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in frame.columns)
    rank = ordered.select(differs.cum_sum().cast(pl.Int64)).to_series().to_numpy()
    found = np.empty(frame.height, dtype=np.int64)
    found[ordered["AT"].to_numpy()] = rank
    return found
