"""A large text read block by block has the rows, numbers and refusals of the same text read at once."""

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from immrecon.config.source_format import Layout
from immrecon.errors import SourceError
from immrecon.ingest.readers.grid import ROW, Table, to_table
from immrecon.ingest.readers.large import many_at_a_time, table_parts
from immrecon.ingest.readers.lines import Role
from immrecon.ingest.readers.text import read_text
from immrecon.ingest.readers.text_blocks import Split, TextBlocks

PLAIN = ["", "a", "12,5", "S1-001", "é", " x ", "\u00a0", "Total : 3", "id", "\ufeff", "😀"]
ODD = ['"', 'a"b', "\r", "\x1c", "a;b", "\n", "\r\n", "\u2028", "\x0b", 'say ""no""', "\x85"]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1")


def layout(**changes: object) -> Layout:
    return Layout.model_validate({"format": "csv", "encoding": "utf-8", "delimiter": ";", **changes})


def at_once(folder: Path, declared: Layout) -> Table:
    grid = read_text(
        folder / "t.csv", "t.csv", declared.encoding or "", declared.delimiter or "", declared.quote, declared.limits
    )
    return to_table(grid, declared, ["id"])


def in_blocks(folder: Path, declared: Layout, block_bytes: int) -> Table:
    parts = list(table_parts(folder, "t.csv", declared, ["id"], block_bytes))
    frame, ragged = (pl.concat([getattr(part, name) for part in parts]) for name in ("frame", "ragged"))
    return Table("t.csv", None, frame, ragged, parts[0].repeated)


def outcome(read: object, *args: object) -> Table | str:
    try:
        return read(*args)  # type: ignore[operator]
    except SourceError as error:
        return str(error)


def random_text(rng: random.Random, delimiter: str) -> str:
    """A header and rows, of which some are quoted, ragged, blank, broken over lines or full of odd characters."""
    odd = rng.choice([0, 0, 0.02, 0.2])
    quoting = rng.choice([0, 0, 0.05, 0.5, 1])
    ragged = rng.choice([0, 0, 0.05])
    end = rng.choice(["\n", "\r\n", "\n", "\r"] if odd else ["\n", "\r\n"])
    lines = [delimiter.join(["id", "value", "id", ""])]
    for _ in range(rng.randint(0, 60)):
        n = rng.choice([0, 1, 3, 5, 6]) if rng.random() < ragged else 4
        cells = [rng.choice(ODD if rng.random() < odd else PLAIN) for _ in range(n)]
        if rng.random() < 0.05:
            cells = rng.choice([[""] * 4, [" "] * 4, ["id", "value", "id", ""], ["\x1d", "", "", ""]])
        lines.append(delimiter.join(f'"{cell}"' if rng.random() < quoting else cell for cell in cells))
    return end.join(lines) + rng.choice(["", end])


def assert_what_is_read_is_the_same(folder: Path, declared: Layout, block_bytes: int, whole: Table) -> None:
    """Without a column that nothing is made of."""
    parts = list(table_parts(folder, "t.csv", declared, ["id"], block_bytes, lambda head: head != "value"))
    read = pl.concat([part.frame.select(name for name in part.frame.columns if name != "value") for part in parts])
    assert_frame_equal(read, whole.frame.drop("value"))


def assert_new_lines_say_all(
    folder: Path, declared: Layout, block_bytes: int, whole: Table, roles: dict[str, Role], n_together: int
) -> None:
    """Of rows that say nothing new, all is known from those that did."""
    said, around = ([name for name, own in roles.items() if own & of] for of in (Role.SAID, Role.AROUND))
    frames, known, new = [], None, []
    parts = table_parts(folder, "t.csv", declared, ["id"], block_bytes, role=lambda head: roles[head])
    for part in many_at_a_time(parts, n_together):
        if isinstance(part, Table):
            frames.append(part.frame.select(ROW, *roles))
            continue
        if part.series is not known:
            known, new = part.series, []
        new.append(part.readings.frame)
        readings = pl.concat(new)
        assert readings[ROW].to_list() == list(range(readings.height))
        assert part.reading.max() < readings.height
        own = [
            pl.DataFrame({ROW: np.arange(part.first, part.first + part.n)}),
            part.runs.frame.select(around)[part.run],
            readings.select(name for name in said if name not in around)[part.reading],
        ]
        frames.append(pl.concat(own, how="horizontal").select(ROW, *roles))
    assert_frame_equal(pl.concat(frames), whole.frame.select(ROW, *roles))


@pytest.mark.parametrize("seed", range(400))
def test_blocks_are_the_table_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr("immrecon.ingest.readers.large.HEAD_ROWS", rng.choice([0, 3]))
    monkeypatch.setattr("immrecon.ingest.readers.text_blocks.MOST_READINGS", rng.choice([3, 500_000]))
    declared = layout(
        encoding=rng.choice(ENCODINGS),
        delimiter=rng.choice([";", ",", "\t", "|"]),
        quote=rng.choice(['"', '"', '"', "'", None]),
        repeated_header=rng.random() < 0.5,
        pad_short_rows=rng.random() < 0.3,
        ignore_rows=[r"Total : \d+"] if rng.random() < 0.5 else [],
    )
    text = random_text(rng, declared.delimiter or "").replace('"', declared.quote or '"')
    (tmp_path / "t.csv").write_bytes(text.encode(declared.encoding or "", errors="ignore"))
    whole = outcome(at_once, tmp_path, declared)
    for block_bytes in (rng.randint(4, 40), rng.randint(40, 400), 10_000):
        parts = outcome(in_blocks, tmp_path, declared, block_bytes)
        if isinstance(whole, str) or isinstance(parts, str):
            assert isinstance(whole, str), parts
            assert isinstance(parts, str), whole
            continue
        assert_frame_equal(parts.frame, whole.frame)
        assert_frame_equal(parts.ragged, whole.ragged)
        assert_what_is_read_is_the_same(tmp_path, declared, block_bytes, whole)
        roles = {head: rng.choice([Role.SAID, Role.AROUND, Role.SAID | Role.AROUND]) for head in whole.heads}
        n_together = rng.choice([1, 3, 20, 1000])
        assert_new_lines_say_all(tmp_path, declared, block_bytes, whole, roles, n_together)
        assert parts.repeated == whole.repeated


def frames_of(folder: Path, text: str, declared: Layout) -> list[bool]:
    """Whether each block after the header was split by polars."""
    (folder / "t.csv").write_text(text, encoding="utf-8", newline="")
    blocks = TextBlocks(folder / "t.csv", "t.csv", declared, block_bytes=1000)
    blocks.rows(1)
    return [isinstance(block, Split) for block in blocks.blocks(3)]


def test_plain_and_plainly_quoted_blocks_are_split_by_polars(tmp_path: Path) -> None:
    for row in ("a;b;c\n", '"a";"b;""c""";"d"\n', '"a";b;\r\n'):
        assert all(frames_of(tmp_path, "x;y;z\n" + row * 500, layout()))


def test_a_quoted_line_break_concerns_its_own_block_only(tmp_path: Path) -> None:
    split = frames_of(tmp_path, "x;y;z\n" + "a;b;c\n" * 500 + 'a;"b\nb";c\n' + "a;b;c\n" * 500, layout())
    assert 1 <= split.count(False) <= 2
    assert split[0]
    assert split[-1]


def test_rows_are_numbered_by_the_line_they_begin_on(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id;v\n" + "a;b\n" * 300 + 'c;"d\nd"\n' + "e;f\n" * 300)
    frame = in_blocks(tmp_path, layout(), 64).frame
    assert frame.filter(pl.col("id") == "c")[ROW].to_list() == [302]
    assert frame[ROW].to_list()[-1] == 603


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id;v\n" + b"a;b\n" * 900 + b"\xe9;b\n", "not utf-8 text as declared"),
        (b"id;v\n" + b"a;b\n" * 900 + b"a\x00;b\n", "null characters"),
        (b"id;v\n" + b"a;b\n" * 900 + b'a;"b\n' + b"a;b\n" * 9, "begins on line 902 cannot be split"),
    ],
)
def test_what_cannot_be_read_stops_wherever_it_stands(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(SourceError, match=said):
        in_blocks(tmp_path, layout(), 256)


def test_limits_hold_over_all_blocks(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id;v\n" + "a;b\n" * 900)
    with pytest.raises(SourceError, match=r"layout\.limits\.rows"):
        in_blocks(tmp_path, layout(limits={"rows": 500}), 256)
    with pytest.raises(SourceError, match=r"layout\.limits\.cells"):
        in_blocks(tmp_path, layout(limits={"cells": 1000}), 256)
