"""By buckets of participants comes out what comes out at once: LB byte for byte, queries and the account of cells."""

import random
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from immrecon.config.clinical import clinical_spec
from immrecon.config.load import load_study
from immrecon.config.specs import LabSpec, lab_spec
from immrecon.contracts.harmonised import LB
from immrecon.contracts.io import write
from immrecon.errors import SourceError
from immrecon.ingest.clinical import harmonise_clinical
from immrecon.ingest.lab import harmonise_labs
from immrecon.ingest.lab_chunks import gather_lab, harmonise_lab_chunk
from immrecon.ingest.lab_stream import LabAccount, harmonise_by_bucket, harmonise_lab, is_large
from immrecon.ingest.threads import ahead, at_once

from .lab_cases import ANALYTES, CUTOFF, EXTRACTED, PEOPLE, dialect, export, participants
from .random_exports import laboratories, write_exports

REPOSITORY = Path(__file__).resolve().parents[2]


def parts(folder: Path, n: int) -> list[str]:
    return [str(folder / "lb" / f"{part:04d}.parquet") for part in range(n)]


def assert_the_same(spec: LabSpec, folder: Path, dm: pl.DataFrame, out: Path, n_buckets: int, n_parts: int) -> None:
    once = harmonise_labs(spec.labs, folder, dm, spec.analytes, spec.extract_date, spec.cutoff_date)
    write(LB, once.lb, parts(out / "once", n_parts))
    account = harmonise_by_bucket(spec, folder, dm, parts(out / "buckets", n_parts), n_buckets)
    assert_frame_equal(account.queries, once.queries)
    assert_frame_equal(account.cells, once.cells)
    hows = ["once", "buckets"]
    if n_parts > 1:
        gathered = by_chunks(spec, folder, dm, out / "chunks", n_parts)
        assert_frame_equal(gathered.queries, once.queries)
        assert_frame_equal(gathered.cells, once.cells)
        hows.append("chunks")
    for one, *others in zip(*(parts(out / how, n_parts) for how in hows), strict=True):
        assert {Path(other).read_bytes() for other in others} == {Path(one).read_bytes()}
    assert [path.name for path in (out / "buckets").iterdir()] == ["lb"], "nothing is left of the buckets"


def by_chunks(spec: LabSpec, folder: Path, dm: pl.DataFrame, out: Path, n: int) -> LabAccount:
    """The last chunk first: they do not wait for each other."""
    kept = [out / "kept" / str(chunk) for chunk in range(n)]
    for chunk in reversed(range(n)):
        harmonise_lab_chunk(spec, folder, dm, Path(parts(out, n)[chunk]), chunk, n, kept[chunk])
    return gather_lab(spec, kept)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of some kilobytes is read in many pieces, and put down in several."""
    monkeypatch.setattr("immrecon.ingest.readers.large.HEAD_ROWS", 2)
    monkeypatch.setattr("immrecon.ingest.lab_lines.BLOCK_BYTES", 600)
    monkeypatch.setattr("immrecon.ingest.lab_buckets.CELLS_AT_A_TIME", 50)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(40))
def test_random_exports(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    labs = laboratories(rng, in_memory_bytes=rng.choice([1, 1, 3000]))
    write_exports(tmp_path, rng, rng.randint(4, 60))
    spec = LabSpec(labs=labs, analytes=ANALYTES, extract_date=EXTRACTED, cutoff_date=CUTOFF)
    died = pl.when(pl.col("USUBJID") == PEOPLE[0]).then(date(2026, 2, 1))
    dm = participants().with_columns(DTHHI=died, DTHHIDY=pl.lit(None, dtype=pl.Float64), DEATH=pl.lit("the death"))
    assert_the_same(spec, tmp_path, dm, tmp_path / "out", rng.choice([1, 2, 3, 7]), rng.choice([1, 1, 2, 3]))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("n_buckets", [1, 2, 5, 50])
def test_the_demo(tmp_path: Path, n_buckets: int) -> None:
    study = load_study(REPOSITORY / "config" / "config.yaml")
    dm = harmonise_clinical(clinical_spec(study), study.data_folder).dm
    spec = lab_spec(study)
    labs = {name: small(lab) for name, lab in spec.labs.items()}
    assert_the_same(spec.model_copy(update={"labs": labs}), study.data_folder, dm, tmp_path, n_buckets, 1)


def small(lab):
    limits = lab.layout.limits.model_copy(update={"in_memory_bytes": 1})
    return lab.model_copy(update={"layout": lab.layout.model_copy(update={"limits": limits})})


def test_size_decides_and_only_what_can_be_read_in_blocks_is(tmp_path: Path) -> None:
    (tmp_path / "lab.csv").write_text(export({"result": "5"}))
    assert not is_large(dialect(), tmp_path)
    assert is_large(small(dialect()), tmp_path)


def test_a_large_export_is_written_like_a_small_one(tmp_path: Path) -> None:
    (tmp_path / "lab.csv").write_text(export(*({"result": str(n), "sample": f"A{n}"} for n in range(50, 80))))
    spec = LabSpec(labs={"lab": dialect()}, analytes=ANALYTES, extract_date=EXTRACTED, cutoff_date=CUTOFF)
    large = spec.model_copy(update={"labs": {"lab": small(dialect())}})
    for name, one in (("small", spec), ("large", large)):
        harmonise_lab(one, tmp_path, participants(), parts(tmp_path / name, 1)[0])
    assert Path(parts(tmp_path / "small", 1)[0]).read_bytes() == Path(parts(tmp_path / "large", 1)[0]).read_bytes()


def test_what_a_killed_run_left_is_removed_and_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    left = tmp_path / "out" / ".lab_buckets" / "lab"
    left.mkdir(parents=True)
    (left / "0-0.arrow").write_bytes(b"cut short")
    (tmp_path / "lab.csv").write_bytes(export({"result": "5"}).encode() + b"\xff\n")
    spec = LabSpec(labs={"lab": small(dialect())}, analytes=ANALYTES, extract_date=EXTRACTED, cutoff_date=CUTOFF)
    with pytest.raises(SourceError, match="not utf-8 text"):
        harmonise_lab(spec, tmp_path, participants(), parts(tmp_path / "out", 1))
    assert not list((tmp_path / "out").rglob("*.arrow"))
    assert not list((tmp_path / "out").rglob("*.parquet"))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_several_at_once_come_in_order(n: int) -> None:
    assert list(at_once(lambda number: number * number, range(20), n)) == [number * number for number in range(20)]


def test_what_is_made_ahead_comes_in_order_and_fails_where_it_fails() -> None:
    def numbers():
        yield from range(3)
        raise SourceError("cut short")

    found = []
    with pytest.raises(SourceError, match="cut short"):
        for number in ahead(numbers()):
            found.append(number)
    assert found == [0, 1, 2]


def test_the_benchmark_runs_and_loses_no_row(tmp_path: Path) -> None:
    script = REPOSITORY / "tests" / "benchmarks" / "lab_scale.py"
    done = subprocess.run([sys.executable, script, "3000", tmp_path], capture_output=True, text=True, check=True)
    assert "3,000 rows, " in done.stdout
    assert done.stdout.count("| harmonised |") == 3
