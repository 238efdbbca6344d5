"""A table refuses to be crooked."""

from dataclasses import replace

import pytest

from immrecon.tables.model import Cell, Head, Marks, Row, Table

BASE = Table(
    stem="x",
    title="t",
    population="p",
    cutoff="c",
    session="s",
    draft="",
    header=(
        (Head("Group", rows=2), Head("Samples", columns=2), Head("Last", rows=2)),
        (Head("n"), Head("below")),
    ),
    rows=(Row((Cell("A"), Cell("1"), Cell("2"), Cell("3"))),),
    footnotes=(),
)


def test_columns_are_named_from_top_to_bottom() -> None:
    assert BASE.column_names() == ["Group", "Samples: n", "Samples: below", "Last"]
    assert [[column for column, _ in line] for line in BASE.placed_heads()] == [[0, 1, 3], [1, 2]]


def test_uneven_rows_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rows \[0\]"):
        replace(BASE, rows=(Row((Cell("A"),)),))


@pytest.mark.parametrize(
    "second",
    [(Head("n"),), (Head("n"), Head("below"), Head("more")), (Head("n"), Head("below", columns=2))],
)
def test_spans_that_do_not_fill_the_header_are_refused(second: tuple[Head, ...]) -> None:
    with pytest.raises(ValueError, match="header"):
        replace(BASE, header=(BASE.header[0], second))


def test_an_empty_table_must_say_why() -> None:
    with pytest.raises(ValueError, match="does not say why"):
        replace(BASE, rows=())
    assert replace(BASE, rows=(), note="nobody yet").note == "nobody yet"


def test_footnotes_are_lettered_in_order_and_once() -> None:
    marks = Marks()
    assert [marks.mark(text) for text in ("one", "two", "one", None, "")] == [("a",), ("b",), ("a",), (), ()]
    for index in range(30):
        marks.mark(f"more {index}")
    letters = [letter for letter, _ in marks.notes()]
    assert letters[25:28] == ["z", "aa", "ab"]
    assert len(set(letters)) == len(letters) == 32
