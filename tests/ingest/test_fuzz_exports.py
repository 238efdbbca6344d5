"""Mutated exports, in short: the long run is `python tests/ingest/fuzz_exports.py`. And no cell of any shape is lost."""

import random
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from immrecon.vocabulary import USED_FATES

from .exports.truth import HIGHEST_PER_UL, LLOQ_PER_UL, NAMES, Result, results
from .exports.writers import WRITERS
from .fuzz.cases import FATES, GOOD, MAY_FAIL, harmonise, judge, originals, run_case, truth
from .fuzz.cell_changes import HOSTILE, is_result
from .fuzz.mutations import MUTATIONS
from .fuzz.sheet import Sheet, UnreadableError, text
from .fuzz.sheets import read, write
from .fuzz.strict import Cell, cells

SEED, N = 20261122, 144
"""Four of every mutation."""


def test_mutated_exports_end_in_values_queries_or_a_clear_error(tmp_path) -> None:
    outcomes = [run_case(SEED, number, tmp_path) for number in range(N)]
    bad = [(number, o.kind, o.mutation, o.writer, o.detail) for number, o in enumerate(outcomes) if o.kind not in GOOD]
    assert not bad
    untouched = sum(o.untouched for o in outcomes)
    assert untouched > 50 * N
    assert sum(o.survived for o in outcomes) >= 0.95 * untouched
    kinds = Counter(o.kind for o in outcomes)
    assert kinds["refused"] < N / 2
    assert {o.mutation for o in outcomes} == set(MUTATIONS)
    assert MAY_FAIL.keys() <= set(MUTATIONS)


@pytest.mark.parametrize("original", originals(), ids=lambda original: original[0])
def test_an_export_that_is_written_anew_stays_equal(original, tmp_path) -> None:
    """The fuzz run changes what it says it changes: reading and writing a sheet changes nothing."""
    name, export, sheet, known = original
    assert {cell.reading for cell in known} == truth()
    outcome = judge("none", name, export, known, write(export, sheet), tmp_path)
    assert (outcome.kind, outcome.untouched, outcome.survived) == ("equal", len(truth()), len(truth()))


def test_the_comparison_notices_a_wrong_number_and_a_lost_cell(tmp_path, monkeypatch) -> None:
    name, export, _, known = next(original for original in originals() if original[0] == "central_csv")
    from .fuzz import cases

    def wrong(*given):
        tables = harmonise(*given)
        return type(tables)(
            tables.lb.with_columns(pl.col("LBSTRESN") + (pl.col("LBSEQ") == 3)), tables.queries, tables.cells
        )

    def lost(*given):
        tables = harmonise(*given)
        return type(tables)(tables.lb, tables.queries, tables.cells.with_columns(pl.col("n_read", "n_value") - 1))

    def stopped(*given):
        raise ZeroDivisionError

    for fault, kind in ((wrong, "WRONG NUMBER"), (lost, "LOST CELL"), (stopped, "TRACEBACK")):
        monkeypatch.setattr(cases, "harmonise", fault)
        assert judge("rows: lost", name, export, known, export.content, tmp_path).kind == kind


def _drawn(dice: random.Random) -> tuple[Result, ...]:
    """Results nobody measured: any number of participants, samples and values, some without a number."""
    found = []
    names = sorted({result.subject for result in results(3)})
    for subject in dice.sample(names, dice.randint(1, 3)):
        first = datetime(2025, 1, 1, 9, 30) + timedelta(days=dice.randrange(300))
        for day in sorted(dice.sample(range(-20, 400), dice.randint(1, 6))):
            for analyte in NAMES:
                step = 10 if analyte == "ALC" else 1
                value = Decimal(dice.randrange(int(LLOQ_PER_UL), int(HIGHEST_PER_UL), 5) // step * step)
                comparator, value = dice.choice(
                    [("=", max(value, Decimal(10)))] * 4 + [("<", LLOQ_PER_UL), (">", HIGHEST_PER_UL)]
                )
                sample = f"A{len(found) // len(NAMES):05d}"
                kept = None if dice.random() < 0.05 else value
                found.append(
                    Result(subject, f"Day {day}", first + timedelta(days=day), sample, analyte, comparator, kept)
                )
    return tuple(found)


@pytest.mark.parametrize("write_export", WRITERS, ids=lambda writer: writer.__name__)
def test_every_cell_of_a_generated_export_is_accounted_for(write_export, tmp_path) -> None:
    """Cells that a plain reader counts = values + censored + not done + superseded + excluded + queried + not requested,
    where results are drawn at random, repeated, blanked and replaced by anything."""
    for seed in range(4):
        dice = random.Random(f"{write_export.__name__}/{seed}")
        given = _drawn(dice)
        export = write_export(given)
        sheet = read(export, export.content)
        content = write(export, _disturbed(dice, export, sheet))
        known = cells(export, read(export, content))
        tables = harmonise(tmp_path, export, content)
        n = tables.cells.select(pl.col(pl.Int64).sum()).row(0, named=True)
        assert n["n_read"] == sum(n[name] for name in FATES) == len(known), (seed, n, len(known))
        used = tables.lb.filter(pl.col("LBFATE").is_in([fate.value for fate in USED_FATES]))
        assert used.height == n["n_value"] + n["n_censored"]
        assert not _without_reading(used, known)
        withheld = tables.queries.filter(pl.col("QUSEV") == "error")["QUNCELL"].sum()
        assert withheld == n["n_queried"]


def _disturbed(dice: random.Random, export, sheet: Sheet) -> Sheet:
    rows = [list(row) for row in sheet.rows]
    signs = [sign for sign in HOSTILE if sign.isascii()] if export.file == "lb.xpt" else HOSTILE  # declared as ASCII
    at = [(r, c) for r in range(len(rows)) for c in range(len(rows[r])) if is_result(export, sheet, r, c)]
    for r, c in dice.sample(at, len(at) // 5):
        rows[r][c] = dice.choice(["", " ", text(rows[r][c]), dice.choice(signs)[:40].replace("\x00", "")])
    for _ in range(dice.randint(0, 3)):  # a result again, as it stands
        r, _c = dice.choice(at)
        rows.append(list(rows[r]))
    return sheet.with_rows(rows)


def _without_reading(used: pl.DataFrame, known: list[Cell]) -> list[tuple[object, ...]]:
    plain = {(cell.row, cell.column, cell.reading) for cell in known}
    values = used.select("SRCROW", "SRCCOL", "USUBJID", "LBTESTCD", "LBDT", "LBCMP", "LBSTRESN").rows()
    return [row for row in values if (row[0], row[1], row[2:]) not in plain]


def test_the_plain_reader_refuses_what_is_not_declared() -> None:
    export = next(original[1] for original in originals() if original[0] == "central_csv")
    with pytest.raises(UnreadableError, match="RESULT: 0 times"):
        cells(export, read(export, export.content.replace(b"RESULT", b"VALUE")))
