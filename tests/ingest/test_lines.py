"""Lines are numbered as a plain reading of them, cell by cell, numbers them."""

import random
import re
import subprocess
import sys

import numpy as np
import pytest

from immrecon.ingest import compiled
from immrecon.ingest.readers.lines import Lines, Readings, Role

CELLS = ["", "a", "ab", "b", "é", " ", '""', '"a"', '"a,b"', '"a""b"', "12", "1"]
ODD = ['a"', '"a"b', '"a', '"', "a\r", "\r", '"a\n"', "a,b", '"\r"']
ROLES = [Role.NONE, Role.AROUND, Role.SAID, Role.AROUND | Role.SAID]
CELL = r'(?:"(?:[^"\r\n]|"")*"|[^",\r\n]*)'


def plainly(text: str, roles: list[Role]) -> tuple[list[int], list[int]] | None:
    """The run and the reading of each line."""
    rows = []
    for line in text.split("\n")[:-1]:
        bare = line.removesuffix("\r")
        if not re.fullmatch(f"{CELL}(?:,{CELL})*", bare):
            return None
        rows.append(split(bare))
        if len(rows[-1]) != len(roles):
            return None
    runs, readings = [], []
    known: dict[tuple[str, ...], int] = {}
    before: tuple[str, ...] | None = None
    for row in rows:
        around, said = (
            tuple(cell for cell, role in zip(row, roles, strict=True) if role & of) for of in (Role.AROUND, Role.SAID)
        )
        runs.append(runs[-1] if around == before else (runs[-1] + 1 if runs else 0))
        readings.append(known.setdefault(said, len(known)))
        before = around
    return runs, readings


def split(line: str) -> list[str]:
    """A line that is as it should be, at the delimiters outside quotes."""
    cells, quoted = [""], False
    for sign in line:
        quoted ^= sign == '"'
        if sign == "," and not quoted:
            cells.append("")
        else:
            cells[-1] += sign
    return cells


def random_text(rng: random.Random, width: int) -> str:
    odd, ragged = rng.choice([0, 0, 0, 0.02]), rng.choice([0, 0, 0, 0.02])
    few = rng.sample(CELLS, rng.randint(1, 5))
    lines, cells = [], [rng.choice(few) for _ in range(width)]
    for _ in range(rng.randint(1, 40)):
        cells = [rng.choice(few) if rng.random() < rng.choice([0, 0.1, 0.5]) else cell for cell in cells]
        own = [rng.choice(ODD) if rng.random() < odd else cell for cell in cells]
        if rng.random() < ragged:
            own = own[: rng.randint(0, width)] + rng.choice([[], ["x", "y"]])
        lines.append(",".join(own) + rng.choice(["", "", "\r"]))
    return "".join(f"{line}\n" for line in lines)


def of(text: str, roles: list[Role], delimiter: str = ",", quote: str | None = '"') -> Lines | None:
    return Lines.of(text.encode(), Readings(delimiter, quote, roles))


@pytest.mark.parametrize("seed", range(300))
def test_lines_are_numbered_as_a_plain_reading_does_it(seed: int) -> None:
    rng = random.Random(seed)
    width = rng.randint(1, 5)
    roles = [rng.choice(ROLES) for _ in range(width)]
    text = random_text(rng, width)
    found, expected = of(text, roles), plainly(text, roles)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert (found.run.tolist(), found.reading.tolist()) == expected
    assert found.first_of_run.tolist() == np.unique(found.run, return_index=True)[1].tolist()
    lines = text.encode().splitlines(keepends=True) if "\r" not in text else re.findall(rb"[^\n]*\n", text.encode())
    assert found.some(np.arange(found.n, dtype=np.uint32)) == text.encode()
    assert found.some(found.first_of_run) == b"".join(lines[place] for place in found.first_of_run)


@pytest.mark.parametrize("seed", range(300))
def test_readings_are_known_from_one_text_to_the_next(seed: int) -> None:
    rng = random.Random(seed)
    width = rng.randint(1, 5)
    roles = [rng.choice(ROLES) for _ in range(width)]
    readings, taken, numbers = Readings(",", '"', roles), [], []
    for _ in range(rng.randint(2, 5)):
        text = random_text(rng, width)
        found = Lines.of(text.encode(), readings)
        assert (found is None) == (plainly(text, roles) is None)
        if found is not None:
            taken += text.split("\n")[:-1]
            numbers += found.reading.tolist()
            assert found.n_readings == readings.n
    said = [
        "".join(
            f"{cell}," for cell, role in zip(split(line.removesuffix("\r")), roles, strict=True) if role & Role.SAID
        )
        for line in taken
    ]
    known = readings.text(0, readings.n).decode().split("\n")[:-1]
    assert len(set(known)) == len(known) == readings.n
    assert [known[number] for number in numbers] == said
    begin = rng.randint(0, readings.n)
    assert readings.text(begin, readings.n).decode().split("\n")[:-1] == known[begin:]


def test_without_a_quote_declared_a_quote_is_a_letter() -> None:
    found = of('"a,b\n"a,b"\n', [Role.SAID, Role.NONE], quote=None)
    assert found is not None
    assert found.reading.tolist() == [0, 0]
    assert of('"a,b\n', [Role.SAID, Role.NONE]) is None


def test_cells_do_not_run_into_each_other() -> None:
    found = of("ab,c\na,bc\n,abc\nabc,\nab,c\n", [Role.SAID, Role.SAID], quote=None)
    assert found is not None
    assert found.reading.tolist() == [0, 1, 2, 3, 0]


@pytest.mark.parametrize("length", range(40))
def test_cells_that_differ_in_one_place_or_in_length_are_told_apart(length: int) -> None:
    """Whole words of eight bytes, and what is left, are looked at apart."""
    cell = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ"[:length]
    cells = [cell, *(f"{cell[:i]}#{cell[i + 1 :]}" for i in range(length)), *(cell[:i] for i in range(length))]
    for prefix in ("", "x" * 11):
        found = of("".join(f"{prefix},{own},y\n" for own in cells * 2), [Role.AROUND, Role.SAID, Role.NONE])
        assert found is not None
        assert found.reading.tolist() == [*range(len(cells))] * 2
        assert found.run.tolist() == [0] * (2 * len(cells))


def test_many_readings() -> None:
    """More than the table of them begins with."""
    rng = np.random.default_rng(1)
    values = rng.integers(0, 30_000, 50_000)
    found = of("".join(f"{value};x\n" for value in values), [Role.SAID, Role.NONE], delimiter=";")
    assert found is not None
    first, numbers = np.unique(values, return_index=True, return_inverse=True)[1:]
    assert found.reading.tolist() == np.argsort(np.argsort(first))[numbers].tolist()


@pytest.mark.parametrize(("one", "other"), [("fmvqrncbep", "zivacodpdi"), ("pyfmugvjzj", "xgfwgpbqyp")])
def test_readings_of_which_the_digests_agree_are_told_apart(one: str, other: str) -> None:
    """The upper half of the digests and their last ten bits, by which readings are looked for, are the same for both."""
    digests = []
    for text in (one, other):
        digest = factor = 0x9E3779B97F4A7C15
        for word in (int.from_bytes(text[:8].encode(), "little"), int.from_bytes(b"\2" + text[8:].encode(), "big")):
            digest = (digest ^ word) * factor % 2**64
            digest ^= digest >> 32
        digests.append((digest >> 32, digest % 1024))
    assert digests[0] == digests[1]
    found = of(f"{one}\n{other}\n{one}\n{other}\n", [Role.SAID])
    assert found is not None
    assert found.reading.tolist() == [0, 1, 0, 1]


def test_where_nothing_compiled_can_be_kept_it_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def njit(**options: bool) -> object:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: ("compiled", function, options)

    monkeypatch.setattr(compiled, "njit", njit)
    assert compiled.kept(split) == ("compiled", split, {"nogil": True})


def test_the_compiler_is_loaded_where_lines_are_numbered_only() -> None:
    code = (
        "import sys; import immrecon.ingest.lab_stream; from immrecon.ingest.readers.lines import Lines, Readings, Role\n"
        "before = 'numba' in sys.modules; Lines.of(b'a\\n', Readings(',', None, [Role.SAID])); print(before, 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
