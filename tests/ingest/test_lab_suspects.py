"""Shortcuts through long exports find what the long way finds: suspect samples, the order of time, the order of LB."""

import random
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from immrecon.config.consistency import Checks, RatioRule, ShareRule, SumRule, TotalRule
from immrecon.contracts.harmonised import LB
from immrecon.ingest import lab_same_sample as rules
from immrecon.ingest.lab import lb_of
from immrecon.ingest.lab_neighbours import _in_time
from immrecon.ingest.lab_suspects import suspects

from .lab_cases import checks

SUM = SumRule(parts=["CD4", "CD8"], whole="CD3", tolerance_relative=0.1, tolerance_absolute=5)
SHARE = ShareRule(percent="CD4PCT", part="CD4", whole="ALC", tolerance_relative=0.2, tolerance_absolute=10)
RATIO = RatioRule(ratio="RATIO", numerator="CD4", denominator="CD8", tolerance_relative=0.1)
TOTAL = TotalRule(parts=["CD4PCT", "CD8PCT"], tolerance_absolute=10)
CODES = ["CD3", "CD4", "CD8", "ALC", "CD4PCT", "CD8PCT", "RATIO", "NK"]


def declared(**rules: object) -> Checks:
    return Checks.model_validate(
        checks(**rules) | {"ratios": rules.get("ratios", []), "totals": rules.get("totals", [])}
    )


def used(rng: random.Random, n_samples: int) -> pl.DataFrame:
    """Results of which many lie exactly at a tolerance, some are censored, and some come twice in a sample."""
    rows = []
    for sample in range(n_samples):
        for code in CODES:
            for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 2])):
                number = rng.choice([0.0, 1.0, 50.0, 55.0, 60.0, 100.0, 110.0, 110.00000001, rng.uniform(0, 200)])
                rows.append((sample, code, rng.choice(["=", "=", "=", "=", "<", "<=", ">", ">="]), number))
    rng.shuffle(rows)
    schema = {"SAMPLEID": pl.UInt32, "LBTESTCD": pl.String, "LBCMP": pl.String, "LBSTRESN": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_row_index("ORDER")


@pytest.mark.parametrize("seed", range(20))
def test_no_sample_that_a_rule_applies_to_is_missed(seed: int) -> None:
    frame = used(random.Random(seed), 120)
    n_found = 0
    for name, find, rule in (
        ("sums", rules._sums, SUM),
        ("shares", rules._shares, SHARE),
        ("ratios", rules._ratios, RATIO),
        ("totals", rules._totals, TOTAL),
    ):
        few = suspects(frame, declared(**{name: [rule.model_dump()]}))
        assert few.height < frame.height
        whole, _ = find(frame, rule)
        n_found += whole.height
        assert_frame_equal(find(few, rule)[0].sort("ORDER"), whole.sort("ORDER"))
    assert n_found > 20


def test_without_results_or_rules_nothing_is_suspect() -> None:
    frame = used(random.Random(0), 5)
    assert suspects(frame.clear(), declared(sums=[SUM.model_dump()])).is_empty()
    single = frame.unique(["SAMPLEID", "LBTESTCD"], keep="first")
    assert suspects(single, declared()).is_empty()


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("shuffled", [False, True])
def test_series_come_in_time(seed: int, shuffled: bool) -> None:
    rng = random.Random(seed)
    clocks = [None, 1, 2, 3]
    rows = [(rng.randint(0, 3), float(rng.randint(0, 2)), rng.choice(clocks)) for _ in range(rng.randint(1, 30))]
    if not shuffled:
        rows.sort(key=lambda row: (row[1], row[2] is None, row[2] or 0))
    frame = pl.DataFrame(rows, schema={"SERIES": pl.Int64, "DAY": pl.Float64, "CLOCK": pl.Int64}, orient="row")
    frame = frame.with_row_index("ORDER")
    by_definition = frame.sort("SERIES", "DAY", "CLOCK", "ORDER", nulls_last=True)
    assert_frame_equal(frame.select(pl.all().gather(_in_time(frame))), by_definition)


@pytest.mark.parametrize("seed", range(30))
def test_lb_is_in_its_order_and_numbered_within_participants(seed: int) -> None:
    rng = random.Random(seed)
    n = rng.randint(0, 40)
    columns = [name for name in LB.schema.column_names() if name != "LBSEQ"]
    frame = LB.schema.create_empty().select(columns).clear(n)
    few: dict[str, list[object]] = {
        "USUBJID": ["B", "A", "a", "\u00e9"],
        "LBDT": [date(2026, 1, 2), date(2026, 1, 1), None],
        "LBDY": [1.5, -1.0, None],
        "LBTESTCD": ["CD4", "ALC"],
        "LBNAM": ["paris", "central"],
        "SRCFILE": ["b.csv", "a.csv"],
        "SRCSHEET": [None, "s"],
        "SRCCOL": ["x", "y"],
    }
    some = {name: rng.choice([values, values[:1]]) for name, values in few.items()}
    frame = frame.with_columns(
        *(pl.Series(name, [rng.choice(some[name]) for _ in range(n)], dtype=frame[name].dtype) for name in few),
        pl.Series("SRCROW", [rng.randint(1, 9) for _ in range(n)] if seed % 2 else range(n), dtype=pl.Int64),
        pl.Series("LBORRES", map(str, range(n)), dtype=pl.String),
    )
    order = ["USUBJID", "LBDT", "LBDY", "LBTESTCD", "LBNAM", "SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL"]
    by_definition = frame.sort(order, nulls_last=True, maintain_order=True).with_columns(
        LBSEQ=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("USUBJID")
    )
    assert_frame_equal(lb_of(frame), by_definition.select(LB.schema.column_names()))
