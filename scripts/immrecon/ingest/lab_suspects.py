"""Samples whose results may not fit each other, found quickly: the rules of `lab_same_sample` then look at these only.

No sample is missed: a number that is near a tolerance, and a sample with two results of one analyte, is suspect.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from immrecon.config.consistency import Checks

Numbers = npt.NDArray[np.float64]

_IN_FULL = 100.0
_SLACK = 1e-6
"""Of the numbers compared: sums in another order differ by far less."""


def suspects(used: pl.DataFrame, checks: Checks) -> pl.DataFrame:
    """The used results (SAMPLEID, LBTESTCD, LBCMP, LBSTRESN) of samples that a rule may apply to."""
    if used.is_empty() or used["LBSTRESN"].null_count():
        return used
    panel = _Panel(used)
    found = panel.doubled
    with np.errstate(divide="ignore", invalid="ignore"):
        for sums in checks.sums:
            parts, whole = panel.sum_of(sums.parts, least=True), panel.of(sums.whole)
            least = np.maximum(sums.tolerance_relative * whole, sums.tolerance_absolute)
            found |= _beyond(parts - whole, least, parts, whole)
        for share in checks.shares:
            part, whole = panel.of(share.part), panel.of(share.whole)
            expected = panel.of(share.percent) / _IN_FULL * whole
            least = np.maximum(share.tolerance_relative * part, share.tolerance_absolute)
            found |= _beyond(np.abs(expected - part), least, expected, part)
        for rule in checks.ratios:
            ratio, expected = panel.of(rule.ratio), panel.of(rule.numerator) / panel.of(rule.denominator)
            found |= _beyond(np.abs(expected - ratio), rule.tolerance_relative * expected, expected, ratio)
            found |= ~np.isfinite(expected) & ~np.isnan(expected)
        for totals in checks.totals:
            total = panel.sum_of(totals.parts, least=False)
            found |= _beyond(np.abs(total - _IN_FULL), np.full_like(total, totals.tolerance_absolute), total, total)
    return used.filter(pl.Series(found[used["SAMPLEID"].to_numpy()]))


def _beyond(difference: Numbers, tolerance: Numbers, *of: Numbers) -> npt.NDArray[np.bool_]:
    """Whether a difference may exceed its tolerance; not where a number is missing."""
    slack = _SLACK * (1 + sum(np.abs(number) for number in of))
    return np.asarray(difference > tolerance - slack)


class _Panel:
    """The numbers of each sample by analyte; NaN where there is none."""

    def __init__(self, used: pl.DataFrame) -> None:
        code = used["LBTESTCD"]
        if code.dtype != pl.Enum:
            code = code.cast(pl.Enum(code.unique().drop_nulls().sort()))
        codes = code.dtype.categories  # type: ignore[attr-defined]
        self._place = {code: place for place, code in enumerate(codes)}
        sample = used["SAMPLEID"].to_numpy().astype(np.int64)
        self._n = int(sample.max()) + 1
        place = code.to_physical().to_numpy().astype(np.int64)
        at = place * self._n + sample
        self._number = np.full(len(codes) * self._n, np.nan)
        self._number[at] = used["LBSTRESN"].to_numpy()
        below = used["LBCMP"].is_in(["<", "<="]).to_numpy()
        self._least = self._number.copy()
        self._least[at[below]] = 0.0
        n_results = np.bincount(at, minlength=self._number.size)
        self.doubled = np.zeros(self._n, dtype=np.bool_)
        self.doubled[np.flatnonzero(n_results > 1) % self._n] = True

    def of(self, code: str) -> Numbers:
        return self._column(self._number, code)

    def sum_of(self, codes: Sequence[str], *, least: bool) -> Numbers:
        """The sum; the least that it can mean where results are only known to be below a limit."""
        total = np.zeros(self._n)
        for code in codes:
            total = total + self._column(self._least if least else self._number, code)
        return total

    def _column(self, numbers: Numbers, code: str) -> Numbers:
        if code not in self._place:
            return np.full(self._n, np.nan)
        begin = self._place[code] * self._n
        return numbers[begin : begin + self._n]
