"""Whatever a cell holds, it is read, queried or counted as blank: nothing crashes, and nothing takes long."""

import csv
import io
import math
import random
import time
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immrecon.config.base import build, read_yaml
from immrecon.config.dialect import Dialect
from immrecon.ingest.values import parse_results, scaled

from .lab_cases import HEAD, PLAIN, account, dialect, harmonise

LABS = Path(__file__).resolve().parents[2] / "config" / "labs"
DIALECTS = {path.stem: build(Dialect, read_yaml(path), path) for path in sorted(LABS.glob("*.yaml"))}
LONGEST = 300
NUMBER_LIKE = "0123456789.,' \u00a0\u202f+-<>=≤≥eE^%HL*/µ()٣²½\t"
CELL = st.one_of(st.text(max_size=LONGEST), st.text(NUMBER_LIKE, max_size=24), st.text(NUMBER_LIKE, max_size=LONGEST))


def numbers_of(parsed: pl.DataFrame) -> list[float | None]:
    return parsed.select(scaled(pl.col("mantissa"), pl.col("exponent"))).to_series().to_list()


@pytest.mark.parametrize("lab", sorted(DIALECTS))
@settings(max_examples=150, deadline=None, derandomize=True)
@given(texts=st.lists(CELL, min_size=1, max_size=20))
def test_every_text_is_a_number_a_word_a_problem_or_blank(lab: str, texts: list[str]) -> None:
    parsed = parse_results(pl.Series(texts), DIALECTS[lab].numbers, DIALECTS[lab].words)
    assert parsed.height == len(texts)
    for text, row, number in zip(texts, parsed.iter_rows(named=True), numbers_of(parsed), strict=True):
        unreadable = row["problem"] == "unreadable"
        readings = [number is not None, row["word"] is not None, unreadable]
        if sum(readings) == 0:
            assert not text.strip()
        else:
            assert sum(readings) == 1
        if number is not None:
            assert row["comparator"] in {"=", "<", "<=", ">", ">="}
            assert (number < 0 or math.copysign(1, number) < 0) == (row["problem"] == "negative")
            assert any(unicodedata.category(sign) == "Nd" for sign in text)
        else:
            assert row["comparator"] is None


def table(cells: list[str]) -> str:
    """An export of one analyte with these results, each of a sample of its own."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(HEAD)
    for number, cell in enumerate(cells):
        row = {**PLAIN, "sample": f"A{number}", "result": cell}
        writer.writerow([row.get(head, "") for head in HEAD])
    return out.getvalue()


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(CELL.filter(lambda text: "\x00" not in text), min_size=1, max_size=10))
def test_every_cell_of_an_export_has_one_fate(tmp_path, texts: list[str]) -> None:
    kept = dialect(duplicates={"same_draw": ["accession"], "same_day": "keep"})
    counts = account(harmonise(tmp_path, table(texts), kept))
    assert counts["rows"] == len(texts)
    fates = ("value", "censored", "not_done", "superseded", "excluded", "queried")
    assert sum(counts.get(fate, 0) for fate in fates) + counts.get("blank", 0) == len(texts)


def any_text(rng: random.Random) -> str:
    """Up to 300 characters of one of four kinds: any code point, Latin, number-like, or one run over and over."""
    n = rng.randint(0, LONGEST)
    match rng.randrange(4):
        case 0:
            points = (rng.randrange(1, 0x110000) for _ in range(n))
            return "".join(chr(point) for point in points if not 0xD800 <= point <= 0xDFFF)
        case 1:
            return "".join(chr(rng.randrange(0x20, 0x250)) for _ in range(n))
        case 2:
            return "".join(rng.choices(NUMBER_LIKE, k=n))
        case _:
            return ("".join(rng.choices(NUMBER_LIKE, k=rng.randint(1, 4))) * LONGEST)[:n]


@pytest.mark.parametrize("lab", sorted(DIALECTS))
@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_cells_take_less_than_a_second(lab: str, seed: int) -> None:
    rng = random.Random(seed)
    cells = pl.Series([any_text(rng) for _ in range(1000)])
    taken = []
    for _ in range(3):  # the machine may be busy with other things; the parser is not
        begun = time.perf_counter()
        parsed = parse_results(cells, DIALECTS[lab].numbers, DIALECTS[lab].words)
        taken.append(time.perf_counter() - begun)
    assert parsed.height == 1000
    assert min(taken) < 1
