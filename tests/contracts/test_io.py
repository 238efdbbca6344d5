"""Reading and writing: the contract is kept in both directions, and bytes are the same each time."""

import os
from datetime import date

import dataframely as dy
import polars as pl
import pytest

from immrecon.contracts.analysis import ADTTE
from immrecon.contracts.base import Contract, rule
from immrecon.contracts.harmonised import CELLS, CM
from immrecon.contracts.io import atomic_path, part_of, read, write, write_in_order
from immrecon.errors import ContractError, SourceError


def medications(n: int = 6) -> pl.DataFrame:
    rows = [
        {
            "USUBJID": f"S-{i % 3}", "CMSEQ": i, "CMTRT": "prednisone", "CMCAT": "STEROID", "CMSTDTC": "2026-01-02",
            "CMSTLO": date(2026, 1, 2), "CMSTHI": date(2026, 1, 2), "SRCFILE": "a.csv", "SRCROW": i + 2,
        }
        for i in reversed(range(n))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=CM.schema.create_empty().schema)


def test_round_trip_sorts_by_key(tmp_path):
    write(CM, medications(), tmp_path / "cm.parquet")
    back = read(CM, tmp_path / "cm.parquet")
    assert back.select("USUBJID", "CMSEQ").rows() == sorted(medications().select("USUBJID", "CMSEQ").rows())


def test_same_rows_in_any_order_give_the_same_bytes(tmp_path):
    write(CM, medications(), tmp_path / "a.parquet")
    write(CM, medications().reverse(), tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_parts_hold_whole_participants_and_read_back_as_one(tmp_path):
    parts = [tmp_path / f"{i:04d}.parquet" for i in range(4)]
    write(CM, medications(), parts)
    for index, path in enumerate(parts):
        assert all(part_of(name, 4) == index for name in pl.read_parquet(path)["USUBJID"])
    write(CM, medications(), tmp_path / "one.parquet")
    assert read(CM, parts).equals(read(CM, tmp_path / "one.parquet"))


def in_pieces(frame: pl.DataFrame, n_parts: int, n_frames: int) -> list[list[pl.DataFrame]]:
    """Frames of participants that follow each other, for each part."""
    found = []
    for part in range(n_parts):
        names = sorted(name for name in frame["USUBJID"].unique() if part_of(name, n_parts) == part)
        groups = [[name] for name in names] if n_frames > 1 else [names]
        found.append([frame.filter(pl.col("USUBJID").is_in(group)) for group in groups])
    return found


@pytest.mark.parametrize("n_parts", [1, 2, 3])
@pytest.mark.parametrize("n_frames", [1, 2])
@pytest.mark.parametrize("row_group", [7, 262_144])
def test_pieces_in_order_make_the_same_files(tmp_path, monkeypatch, n_parts, n_frames, row_group):
    monkeypatch.setattr("immrecon.contracts.io._ROW_GROUP", row_group)
    once, pieces = ([tmp_path / f"{name}{part}.parquet" for part in range(n_parts)] for name in ("once", "pieces"))
    write(CM, medications(50), once)
    write_in_order(CM, in_pieces(medications(50), n_parts, n_frames), pieces)
    for one, other in zip(once, pieces, strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("row_group", [7, 262_144])
def test_coded_texts_make_the_same_file(tmp_path, monkeypatch, row_group):
    monkeypatch.setattr("immrecon.contracts.io._ROW_GROUP", row_group)
    coded = CM.coded(["USUBJID", "CMTRT", "CMCAT", "CMENRTPT", "SRCFILE"])
    frame = medications(50).cast(coded.dtypes)
    assert frame.schema["CMTRT"] == pl.Categorical
    assert frame.columns == medications().columns
    write(CM, medications(50), tmp_path / "texts.parquet")
    write_in_order(coded, [[frame]], tmp_path / "coded.parquet")
    assert (tmp_path / "coded.parquet").read_bytes() == (tmp_path / "texts.parquet").read_bytes()
    assert read(CM, tmp_path / "coded.parquet").equals(read(CM, tmp_path / "texts.parquet"))


def test_only_columns_of_texts_are_coded():
    with pytest.raises(ValueError, match="CM has no column of texts CMSEQ, CMDOSE"):
        CM.coded(["CMTRT", "CMSEQ", "CMDOSE"])


def test_rules_hold_for_coded_texts(tmp_path):
    coded = CM.coded(["CMENRTPT"])
    frame = medications().with_columns(CMENRTPT=pl.lit("WORD")).cast(coded.dtypes)
    with pytest.raises(ContractError, match="CMENRTPT"):
        write_in_order(coded, [[frame]], tmp_path / "cm.parquet")


def test_a_failure_between_pieces_leaves_no_file(tmp_path):
    def frames():
        yield medications()
        raise SourceError("cut short")

    with pytest.raises(SourceError, match="cut short"):
        write_in_order(CM, [frames()], tmp_path / "cm.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_at_its_end_is_heard_of(tmp_path, monkeypatch):
    monkeypatch.setattr("immrecon.contracts.io.validate", lambda _, frame: frame.select(reversed(frame.columns)))
    with pytest.raises(pl.exceptions.PolarsError):
        write_in_order(CM, [[medications()]], tmp_path / "cm.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_piece_that_breaks_the_contract_leaves_no_file(tmp_path):
    with pytest.raises(ContractError, match="unknown columns EXTRA"):
        write_in_order(CM, [[medications().with_columns(EXTRA=pl.lit(1))]], tmp_path / "cm.parquet")
    assert list(tmp_path.iterdir()) == []


def test_part_of_a_participant_never_changes():
    assert [part_of(name, 16) for name in ("S101-01-001", "S101-02-007", "é")] == [10, 8, 3]


def test_missing_unknown_and_mistyped_columns_are_named_at_once(tmp_path):
    frame = medications().drop("CMCAT").with_columns(EXTRA=pl.lit(1), CMSEQ=pl.col("CMSEQ").cast(pl.String))
    with pytest.raises(ContractError, match="missing columns CMCAT; unknown columns EXTRA; CMSEQ is String instead"):
        write(CM, frame, tmp_path / "cm.parquet")


def test_duplicate_key(tmp_path):
    with pytest.raises(ContractError, match=r"CM violates 'primary_key' in 12 of 12 rows \(e.g. S-0 0; S-0 0; S-0 3"):
        write(CM, pl.concat([medications(), medications()]), tmp_path / "cm.parquet")


@pytest.mark.parametrize("coded", [[], ["USUBJID"]], ids=["texts", "coded"])
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([("S-1", 1), ("S-1", 1), ("S-2", 1)], "'primary_key' in 2 of 3 rows"),  # beside each other
        ([("S-1", 1), ("S-2", 1), ("S-1", 1)], "'primary_key' in 2 of 3 rows"),
        ([("S-1", 1), ("S-1", None), ("S-2", 1)], r"'CMSEQ\|nullability' in 1 of 3 rows"),
    ],
)
def test_keys_in_order_or_not(tmp_path, coded, keys, said):
    names, numbers = zip(*keys, strict=True)
    frame = medications(3).with_columns(USUBJID=pl.Series(names), CMSEQ=pl.Series(numbers, dtype=pl.Int64))
    contract = CM.coded(coded)
    with pytest.raises(ContractError, match=said):
        write(contract, frame.cast(contract.dtypes), tmp_path / "cm.parquet")


def test_texts_rise_as_texts_do_not_as_they_came(tmp_path):
    coded = CM.coded(["USUBJID"])
    later = medications(3).with_columns(USUBJID=pl.Series(["S-b", "S-a", "S-c"])).cast(coded.dtypes)
    write(coded, later, tmp_path / "cm.parquet")
    assert read(CM, tmp_path / "cm.parquet")["USUBJID"].to_list() == ["S-a", "S-b", "S-c"]
    write(coded, later.sort(pl.col("USUBJID").cast(pl.String)), tmp_path / "sorted.parquet")
    assert (tmp_path / "sorted.parquet").read_bytes() == (tmp_path / "cm.parquet").read_bytes()


class Undecided(dy.Schema):
    KEY = dy.Int64(primary_key=True)
    VALUE = dy.Int64(nullable=True)

    @rule
    def value_is_positive(cls) -> pl.Expr:
        return pl.col("VALUE") > 0


def test_a_rule_that_evaluates_to_null_is_broken(tmp_path):
    contract = Contract("undecided", "harmonised", "One row per key.", Undecided)
    write(contract, pl.DataFrame({"KEY": [1], "VALUE": [1]}), tmp_path / "u.parquet")
    with pytest.raises(ContractError, match="'value_is_positive' in 1 of 2 rows"):
        write(contract, pl.DataFrame({"KEY": [1, 2], "VALUE": [1, None]}), tmp_path / "u.parquet")


def test_the_account_of_cells_must_add_up(tmp_path):
    counts = {name: 0 for name in CELLS.schema.column_names() if name.startswith("n_")}
    row = {"source_file": "a", "source_sheet": "", "lab": "x"} | counts
    schema = CELLS.schema.create_empty().schema
    write(CELLS, pl.DataFrame([row | {"n_read": 2, "n_value": 2}], schema=schema), tmp_path / "c.parquet")
    with pytest.raises(ContractError, match="every_cell_has_one_fate"):
        write(CELLS, pl.DataFrame([row | {"n_read": 3, "n_value": 2}], schema=schema), tmp_path / "c.parquet")


def test_named_rule_says_how_many_and_which(tmp_path):
    row = {
        "USUBJID": "S-1", "PARAMCD": "OS", "PARAM": "Overall survival", "FIRSTEV": "death", "DISPID": "S-1",
        "GROUP": "adult", "STARTDT": date(2026, 1, 1), "ADT": date(2026, 1, 11), "AENTRY": 0.0, "AVAL": 9.0,
        "CNSR": 1, "EVNTDESC": "censored", "RISKFL": "Y",
    }  # fmt: skip
    frame = pl.DataFrame([row], schema=ADTTE.schema.create_empty().schema)
    with pytest.raises(ContractError, match=r"ADTTE violates 'date_matches_time' in 1 of 1 rows \(e.g. S-1 OS\)"):
        write(ADTTE, frame, tmp_path / "adtte.parquet")


def test_another_table_another_version_no_file(tmp_path):
    write(CM, medications(), tmp_path / "cm.parquet")
    with pytest.raises(ContractError, match="holds the table 'cm', expected 'cells'"):
        read(CELLS, tmp_path / "cm.parquet")
    metadata = {"immrecon.table": "cm", "immrecon.schema_version": "99"}
    medications().write_parquet(tmp_path / "old.parquet", metadata=metadata)
    with pytest.raises(ContractError, match="schema version 99 of cm, this software reads 1"):
        read(CM, tmp_path / "old.parquet")
    with pytest.raises(SourceError, match="no such file"):
        read(CM, tmp_path / "none.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"not parquet")
    with pytest.raises(ContractError, match="not a readable parquet file"):
        read(CM, tmp_path / "bad.parquet")


def test_atomic_write_leaves_the_old_file_when_it_fails(tmp_path):
    target = tmp_path / "x.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]
